"""Trainings whose figures are no numbers any more."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import numpy as np

from ..contracts import WorkError

_NAMED = 16  # examples in a message


class DivergedError(WorkError):
    """A training whose loss, or what is monitored, is no number any more."""


class Divergence(keras.callbacks.Callback):
    """Ends training as soon as a figure, or at an epoch's end a weight, is no finite number.

    It comes before what keeps weights and history, so that no such state is ever saved.

    Args:
        monitor: Logged value that decides which weights are best; None: none does.
        names: Gives the names of the examples of some steps of an epoch.
    """

    def __init__(self, monitor: str | None, names: Callable[[int, range], list[str]]):
        super().__init__()
        self._monitor, self._names = monitor, names
        self._epoch, self._looked = 0, 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Remember which epoch this is."""
        self._epoch, self._looked = epoch, 0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Look at the mean loss of the epoch so far, which stays what it is once it is no number.

        Raises:
            DivergedError: It is no finite number.
        """
        steps, self._looked = range(self._looked, batch + 1), batch + 1
        if not math.isfinite((logs or {})["loss"]):
            names = self._names(self._epoch, steps)
            more = f" and {len(names) - _NAMED} more" * (len(names) > _NAMED)
            where = f"step {batch + 1}" if len(steps) == 1 else f"steps {steps.start + 1} to {steps.stop}"
            raise DivergedError(
                f"the loss is {logs['loss']} after {where} of epoch {self._epoch + 1} (examples: "
                f"{', '.join(names[:_NAMED])}{more})"
            )

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Look at what is monitored, and at the weights: a last update may spoil them after a sound loss.

        Raises:
            DivergedError: It is no finite number.
        """
        if self._monitor is not None and not math.isfinite(value := (logs or {})[self._monitor]):
            raise DivergedError(f"{self._monitor} is {value} after epoch {epoch + 1}, by the validation examples")
        check_weights(self.model, f"the end of epoch {epoch + 1}")


def check_weights(model: keras.Model, where: str) -> None:
    """Raise a DivergedError if a weight of a model is no finite number; so it is after gradients that are none."""
    for weight in model.weights:
        if keras.backend.is_float_dtype(weight.dtype) and not np.isfinite(keras.ops.convert_to_numpy(weight)).all():
            raise DivergedError(f"{weight.path} is no number any more at {where}")
