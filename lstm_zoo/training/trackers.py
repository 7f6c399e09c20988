"""Experiment trackers, each through the Keras callback that it brings itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import keras

from ..config.recipe import Config
from ..console.text import first_line
from ..contracts import InputError
from ..runs.differences import flat
from ..runs.directory import Run

_PROJECT = "lstm_zoo"


@contextmanager
def tracked(run: Run) -> Iterator[list[keras.callbacks.Callback]]:
    """Yield the callbacks of the trackers that a run's recipe names; a run that goes on does so there, too.

    Raises:
        InputError: A tracker does not start: nobody is logged in, say.
    """
    with ExitStack() as stack:
        yield [stack.enter_context(_started(name, run)) for name in run.config.train.trackers]


@contextmanager
def _started(name: str, run: Run) -> Iterator[keras.callbacks.Callback]:
    tracker = _TRACKERS[name](run)
    try:
        callback = tracker.__enter__()
    except Exception as error:  # each tracker has errors of its own
        raise InputError(
            "train.trackers", f"{name} does not start ({first_line(error)}); mend that, or leave {name} out"
        ) from error
    with ExitStack() as stack:
        stack.push(tracker)
        yield callback


@contextmanager
def _wandb(run: Run) -> Iterator[keras.callbacks.Callback]:
    """Track on Weights & Biases; WANDB_PROJECT, WANDB_DIR, WANDB_MODE and their like count."""
    import wandb
    from wandb.integration.keras import WandbMetricsLogger

    project = wandb.setup().settings.project or _PROJECT
    begun = wandb.init(project=project, id=_id(run), name=run.path.name, resume="allow", config=_settings(run.config))
    status = 1
    try:
        yield WandbMetricsLogger()
        status = 0
    finally:  # `with begun` would print a traceback of whatever ends a training, a stop included
        begun.finish(status)


@contextmanager
def _mlflow(run: Run) -> Iterator[keras.callbacks.Callback]:
    """Track with MLflow; MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME and their like count."""
    import mlflow
    from mlflow.keras import MlflowCallback

    tag = f"{_PROJECT}.run"
    begun = mlflow.search_runs(filter_string=f"tags.`{tag}` = '{_id(run)}'", output_format="list")
    known = {"run_id": begun[0].info.run_id} if begun else {"run_name": run.path.name, "tags": {tag: _id(run)}}
    with mlflow.start_run(**known):
        if not begun:
            mlflow.log_params(_settings(run.config))
        yield MlflowCallback()


_TRACKERS: dict[str, Callable[[Run], AbstractContextManager[keras.callbacks.Callback]]] = {
    "wandb": _wandb,
    "mlflow": _mlflow,
}


def _id(run: Run) -> str:
    """Return what no other run is known by, and this one still when it goes on."""
    begun = f"{run.path.name} {run.environment['created']} {run.environment['data']}"
    return hashlib.sha256(begun.encode()).hexdigest()[:16]


def _settings(config: Config) -> dict[str, Any]:
    return flat(config.model_dump(mode="json"))
