"""The best weights of a training, which are what later commands use."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from ..runs.weights import keep_weights


class Best(keras.callbacks.Callback):
    """Keeps the weights of the epoch whose monitored figure is best.

    Args:
        file: Where to.
        network: The whole network, of which the model that is trained may be a part.
        monitor: Logged value that decides; None: the last weights are best.
        mode: `min` or `max`.
    """

    def __init__(self, file: Path, network: keras.Model, monitor: str | None, mode: str):
        super().__init__()
        self._file, self._network, self._monitor = file, network, monitor
        self._sign = 1 if mode == "max" else -1
        self.best = -np.inf

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Save the weights if they are better than all before."""
        if self._monitor is not None:
            value = self._sign * (logs or {})[self._monitor]
            if value <= self.best:
                return
            self.best = value
        keep_weights(self._network, self._file)
