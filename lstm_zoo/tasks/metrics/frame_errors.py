"""Errors of foretold frames while a network trains: losses, and Keras metrics.

Targets are (B, horizon, H, W, C) uint8, logits of the same shape.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from .losses import Loss


def frame_loss(name: str) -> Loss:
    """Return `cross_entropy` or `squared`, as the mean over all pixels of an example, (B,)."""

    def loss(later: Any, logits: Any) -> Any:
        truth = _brightness(later, logits.dtype)
        if name == "cross_entropy":
            of_pixels = ops.relu(logits) - logits * truth + ops.softplus(-ops.abs(logits))
        else:
            of_pixels = ops.square(ops.sigmoid(logits) - truth)
        return ops.mean(of_pixels, axis=(1, 2, 3, 4))

    return loss


class FrameError(keras.metrics.Mean):
    """Mean over frames of the error that is summed over the pixels of a frame, values from 0 to 1.

    Args:
        power: 2: squared errors; 1: absolute ones.
        name: Name in the logs.
        **kwargs: `dtype`.
    """

    def __init__(self, power: int, name: str, **kwargs):
        super().__init__(name=name, **kwargs)
        self.power = power

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add true frames, uint8, and logits."""
        apart = ops.abs(ops.sigmoid(ops.cast(y_pred, "float32")) - _brightness(y_true, "float32"))
        return super().update_state(ops.sum(apart**self.power, axis=(2, 3, 4)))

    def get_config(self) -> dict[str, Any]:
        """Return what makes the same metric."""
        return {**super().get_config(), "power": self.power}


def _brightness(frames: Any, dtype: Any) -> Any:
    """Return frames of uint8 from 0 to 1."""
    return ops.cast(frames, dtype) / 255
