"""Checkpoints from which an interrupted training goes on exactly where it stopped.

Keras' own `BackupAndRestore` keeps weights, epoch and batch only. Here the optimizer's variables and the counters of
the callbacks and the states of dropout's generators are kept too; the order of the data and its augmentation follow
from (seed, epoch).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ..runs.directory import WEIGHTS


class DivergedError(RuntimeError):
    """A training whose loss is no number any more."""


class Checkpoint(keras.callbacks.Callback):
    """Keeps the best weights, and after every epoch all that is needed to go on.

    Args:
        run_path: The run directory.
        monitor: Logged value that decides which weights are best; None: the last ones are.
        mode: `min` or `max`.
        stateful: Callbacks whose counters are kept as well.
        network: The whole network, of which the model that is trained may be a part.
    """

    def __init__(
        self,
        run_path: Path,
        monitor: str | None,
        mode: str,
        stateful: Sequence[keras.callbacks.Callback],
        network: keras.Model,
    ):
        super().__init__()
        self._network = network
        self._best_file = run_path / WEIGHTS
        self._folder = run_path / "checkpoints"
        self._monitor = monitor
        self._sign = 1 if mode == "max" else -1
        self._stateful = stateful
        self.best = -np.inf
        self._newest = np.nan

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Save the best weights if these are, then the state."""
        if not np.isfinite((logs or {})["loss"]):
            raise DivergedError(
                f"the loss is {logs['loss']} after epoch {epoch + 1}; lower train.optimizer.learning_rate, or set "
                "train.optimizer.clip_norm"
            )
        value = 0.0 if self._monitor is None else self._sign * (logs or {})[self._monitor]
        self._newest = value
        if self._monitor is None or (np.isfinite(value) and value > self.best):
            self.best = value
            draft = self._best_file.with_name("draft.weights.h5")
            # A bare one, without the optimizer.
            keras.Model(self._network.input, self._network.output).save_weights(draft)
            draft.replace(self._best_file)
        self._save(epoch + 1)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Refuse to end without weights."""
        if self._monitor is not None and not np.isfinite(self.best):
            raise DivergedError(
                f"{self._monitor} was no finite number in any epoch ({self._newest} in the last), so that no "
                "weights could be chosen; look at history.csv, lower train.optimizer.learning_rate, or mend the "
                "validation examples"
            )

    def _save(self, epochs_done: int) -> None:
        draft, final = self._folder / "draft", self._folder / f"epoch-{epochs_done:05d}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        self.model.save_weights(draft / "model.weights.h5")  # of a compiled model: the optimizer's variables too
        state = {
            "epochs_done": epochs_done,
            "best": float(self.best),
            "stopped": bool(self.model.stop_training),
            "callbacks": [_counters(callback) for callback in self._stateful],
            "seeds": [keras.ops.convert_to_numpy(seed).tolist() for seed in _seeds(self.model)],
        }
        (draft / "state.json").write_text(json.dumps(state), encoding="utf-8")
        shutil.rmtree(final, ignore_errors=True)
        draft.rename(final)
        for old in self._folder.glob("epoch-*"):
            if old != final:
                shutil.rmtree(old)

    def restore(self) -> int:
        """Load the newest checkpoint into the compiled model; to be called after `set_model`.

        Returns:
            The number of epochs that are done; 0 where there is no checkpoint.
        """
        found = sorted(self._folder.glob("epoch-*"))
        if not found:
            return 0
        state = json.loads((found[-1] / "state.json").read_text(encoding="utf-8"))
        self.model.load_weights(found[-1] / "model.weights.h5")
        for seed, value in zip(_seeds(self.model), state["seeds"], strict=True):
            seed.assign(value)
        self.best = state["best"]
        self.model.stop_training = state["stopped"]
        for callback, counters in zip(self._stateful, state["callbacks"], strict=True):
            callback.set_model(self.model)
            callback.on_train_begin()  # sets the counters to their start, as `fit` will try to do again
            vars(callback).update(counters)
            callback.on_train_begin = _keep_counters
        return state["epochs_done"]


def has_checkpoint(run_path: Path) -> bool:
    """Say whether an epoch of a run was finished."""
    return any((run_path / "checkpoints").glob("epoch-*"))


def _seeds(model: keras.Model) -> list[keras.Variable]:
    """Return the states of the random generators of dropout, which Keras does not save with the weights."""
    kept = {id(variable) for variable in [*model.weights, *model.metrics_variables]}
    return [variable for variable in model.variables if id(variable) not in kept]


def _counters(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """Return the plain numbers that a callback holds."""
    numbers = {name: value for name, value in vars(callback).items() if isinstance(value, (int, float, np.number))}
    return {name: value if isinstance(value, (bool, int)) else float(value) for name, value in numbers.items()}


def _keep_counters(logs: dict[str, float] | None = None) -> None:
    """Stand in for `on_train_begin` of a callback that goes on."""
