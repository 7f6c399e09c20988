"""What a person sees while a network trains."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import keras

from ..console.progress import ProgressBar
from ..console.visible import console


class TrainingProgress(keras.callbacks.Callback):
    """One bar an epoch with rate and time left, and one line with the figures when it is over.

    Args:
        epochs: Epochs in all.
        steps: Steps an epoch.
        examples: Examples an epoch.
        remark: Says in words what an epoch's figures mean.
        passed_over: Steps of the first epoch that were taken before.
    """

    def __init__(
        self,
        epochs: int,
        steps: int,
        examples: int,
        remark: Callable[[Mapping[str, float]], str] = lambda figures: "",
        passed_over: int = 0,
    ):
        super().__init__()
        self._remark = remark
        self._epochs, self._steps, self._examples = epochs, steps, examples
        self._console = console(stderr=True)
        self._bar: ProgressBar | None = None
        self._done = 0
        self._passed_over = passed_over
        self._started = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the bar."""
        self._started = time.perf_counter()
        self._done = 0
        self._bar = ProgressBar(f"epoch {epoch + 1}/{self._epochs}", self._steps, "steps", transient=True)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Move the bar; several steps may have been taken at once."""
        if self._bar:
            self._bar.advance(batch + 1 - self._done)
            self._done = batch + 1

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Print the epoch's line."""
        self.close()
        seconds = time.perf_counter() - self._started
        examples = self._examples * (1 - self._passed_over / self._steps)
        self._passed_over = 0
        shown = {name: value for name, value in (logs or {}).items() if name != "learning_rate"}
        figures = "  ".join(f"{name} {value:.4f}" for name, value in shown.items())
        left = seconds * (self._epochs - epoch - 1)
        time_left = f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
        line = f"epoch {epoch + 1}/{self._epochs}  {figures}  {examples / seconds:.3g} examples/s  {time_left} left"
        remark = self._remark(logs or {})
        self._console.print(f"{line}  ({remark})" if remark else line, soft_wrap=True)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Leave no bar behind."""
        self.close()

    def close(self) -> None:
        """Stop drawing."""
        if self._bar:
            self._bar.close()
            self._bar = None
