"""The state of a training: gathered, and put back so that it goes on as if nothing had happened."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ..contracts import InputError
from .history import History

COUNTERS = ("best", "best_epoch", "wait", "stopped_epoch", "cooldown_counter", "_ema_weights_in_model")
"""What callbacks of Keras and `Best` call what they have counted."""


class TrainingState:
    """What the variables of a training hold.

    Args:
        model: The compiled model that is trained.
        network: The whole network, of which it may be a part.
    """

    def __init__(self, model: keras.Model, network: keras.Model):
        self._model, self._network = model, network

    def gathered(self) -> dict[str, np.ndarray]:
        """Return weights, what the optimizer knows, and the states of dropout's generators, ready for a file."""
        return _values("model", self._variables())

    def metrics(self) -> dict[str, np.ndarray]:
        """Return what the metrics have gathered in this epoch, ready for a file."""
        return _values("metrics", self._model.metrics_variables)

    def put_back(self, arrays: Mapping[str, np.ndarray], *, metrics: bool = False) -> None:
        """Assign what was gathered; what metrics have gathered as well, once the model has built them.

        Raises:
            InputError: It is that of another network.
        """
        _assign("model", self._variables(), arrays)
        if metrics:
            _assign("metrics", self._model.metrics_variables, arrays)

    def _variables(self) -> list[keras.Variable]:
        """Return all variables but the metrics', each once."""
        metrics = {id(variable) for variable in self._model.metrics_variables}
        found = [*self._network.variables, *self._model.variables, *self._model.optimizer.variables]
        return [one for key, one in {id(one): one for one in found}.items() if key not in metrics]


def kept_of(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """Return what a callback has counted, not what it was set to, and the rows of a history; ready for JSON."""
    counted = {name: value for name, value in vars(callback).items() if name in COUNTERS and value is not None}
    kept = {name: value if isinstance(value, (bool, int)) else float(value) for name, value in counted.items()}
    return {**kept, "rows": callback.rows} if isinstance(callback, History) else kept


def put_back(callback: keras.callbacks.Callback, model: keras.Model, kept: Mapping[str, Any]) -> None:
    """Give a callback what it had counted; it keeps that when training begins."""
    callback.set_model(model)
    callback.on_train_begin()  # sets the counters to their start, as `fit` will try to do again
    vars(callback).update(kept)
    callback.on_train_begin = lambda logs=None: None


def pass_over(model: keras.Model, executions: int) -> None:
    """Have the next calls of a model's training function do nothing: their steps were taken before.

    To be called when an epoch begins and the metrics have their values.
    """
    compiled, left, figures = model.train_function, iter(range(executions)), model.get_metrics_result()

    def train_function(*arguments: Any) -> Any:
        if next(left, None) is None:
            return compiled(*arguments)
        return figures if keras.backend.backend() == "tensorflow" else (figures, arguments[0])

    model.train_function = train_function


def _values(kind: str, variables: Iterable[keras.Variable]) -> dict[str, np.ndarray]:
    return dict(zip(_names(kind, variables), map(keras.ops.convert_to_numpy, variables), strict=True))


def _assign(kind: str, variables: Sequence[keras.Variable], arrays: Mapping[str, np.ndarray]) -> None:
    names = _names(kind, variables)
    there = [name for name in arrays if name.startswith(f"{kind}:")]
    wrong = [
        name
        for name, variable in zip(names, variables, strict=True)
        if name not in arrays or arrays[name].shape != tuple(variable.shape)
    ]
    if wrong or len(there) != len(names):
        what = wrong[0] if wrong else sorted({*there} - {*names})[0]
        raise InputError(
            "",
            f"the checkpoint is that of another network ({what} differs); go on with the recipe that the run was "
            "started with, or start a new run",
        )
    for name, variable in zip(names, variables, strict=True):
        variable.assign(arrays[name])


def _names(kind: str, variables: Iterable[keras.Variable]) -> list[str]:
    """Return names for a file; a process that has made other networks before counts layers otherwise."""
    names = (re.sub(r"_\d+", "", variable.name) for variable in variables)
    return [f"{kind}:{number:05d}:{name}" for number, name in enumerate(names)]
