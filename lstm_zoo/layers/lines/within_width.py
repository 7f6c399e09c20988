"""Lines of different widths in one batch: what lies beyond each one's width has no say."""

from __future__ import annotations

import keras
from keras import ops

_CERTAIN = 30.0
"""Logit of the blank beyond a line's end, where all others are 0: e^-30 is what is left for a letter."""


class _OfWidths(keras.layers.Layer):
    """What layers share that know how wide each line is.

    Args:
        pixels: Width of a column of the inputs, in pixels of the line.
    """

    def __init__(self, pixels: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.pixels = pixels
        self.supports_masking = True

    def compute_mask(self, inputs, previous_mask=None):
        """End the mask that a recurrent layer hands on: widths tell the same."""

    def _inside(self, columns, width):
        """Return which columns belong to the lines, (B, columns) bool."""
        return ops.arange(columns)[None] * self.pixels < ops.cast(width, "int32")[:, None]

    def get_config(self):
        return {**super().get_config(), "pixels": self.pixels}


@keras.saving.register_keras_serializable("lstm_zoo")
class WithinWidth(_OfWidths):
    """Sets what lies beyond each line's width to 0.

    Input shape:
        (B, H, W / pixels, C), and widths in pixels, (B,) int.

    Output shape:
        (B, H, W / pixels, C).
    """

    def call(self, inputs, width):
        inside = self._inside(ops.shape(inputs)[2], width)
        return inputs * ops.cast(inside, inputs.dtype)[:, None, :, None]

    def compute_output_spec(self, inputs, width):
        return keras.KerasTensor(inputs.shape, dtype=inputs.dtype)


@keras.saving.register_keras_serializable("lstm_zoo")
class StepMask(_OfWidths):
    """Tells which steps belong to each line.

    Input shape:
        (B, S, D), and widths in pixels, (B,) int.

    Output shape:
        (B, S) bool.
    """

    def call(self, inputs, width):
        return self._inside(ops.shape(inputs)[1], width)

    def compute_output_spec(self, inputs, width):
        return keras.KerasTensor(inputs.shape[:2], dtype="bool")


@keras.saving.register_keras_serializable("lstm_zoo")
class TurnWithin(_OfWidths):
    """Turns the steps of each line round: the last one first; those beyond its width stay where they are.

    A recurrent layer between two of these runs backwards from each line's own end, and needs no mask.

    Input shape:
        (B, S, D), and widths in pixels, (B,) int.

    Output shape:
        (B, S, D).
    """

    def call(self, inputs, width):
        batch, steps = ops.shape(inputs)[:2]
        last = (ops.cast(width, "int32")[:, None] + self.pixels - 1) // self.pixels - 1  # (B, 1)
        places = ops.arange(steps)[None]
        turned = ops.where(places <= last, last - places, places)  # (B, S)
        rows = ops.reshape(inputs, (-1, inputs.shape[-1]))  # (B * S, D)
        return ops.reshape(ops.take(rows, turned + ops.arange(batch)[:, None] * steps, axis=0), ops.shape(inputs))

    def compute_output_spec(self, inputs, width):
        return keras.KerasTensor(inputs.shape, dtype=inputs.dtype)


@keras.saving.register_keras_serializable("lstm_zoo")
class ColumnMask(_OfWidths):
    """Tells which columns of maps belong to each line.

    Input shape:
        (B, H, W / pixels, C), and widths in pixels, (B,) int.

    Output shape:
        (B, H, W / pixels) bool.
    """

    def call(self, inputs, width):
        rows, columns = ops.shape(inputs)[1:3]
        return ops.repeat(self._inside(columns, width)[:, None], rows, axis=1)

    def compute_output_spec(self, inputs, width):
        return keras.KerasTensor(inputs.shape[:3], dtype="bool")


@keras.saving.register_keras_serializable("lstm_zoo")
class BlankBeyond(keras.layers.Layer):
    """Has the steps beyond each line's end answer with the blank, the last class.

    A path through them is then certain to be blank, so that CTC's loss, its gradient and any decoding are those of the
    line alone.

    Input shape:
        Logits (B, S, K + 1), and which steps belong to the lines, (B, S) bool.

    Output shape:
        (B, S, K + 1).
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs, previous_mask=None):
        """End the mask of recurrent layers, which Keras would multiply into the loss of whole lines."""

    def call(self, logits, mask):
        blank = ops.cast(ops.arange(logits.shape[-1]) == logits.shape[-1] - 1, logits.dtype) * _CERTAIN
        return ops.where(mask[..., None], logits, blank)

    def compute_output_spec(self, logits, mask):
        return keras.KerasTensor(logits.shape, dtype=logits.dtype)
