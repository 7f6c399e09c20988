"""GRU (Cho et al., EMNLP 2014, arXiv 1406.1078) arranged for speed.

As `keras.layers.GRU`, weights included: the reset gate acts after the recurrent product (`reset_after`), as cuDNN has
it, where the paper's acts before. See `recurrence.py` for what is arranged otherwise.
"""

from __future__ import annotations

import keras
from keras import ops

from .recurrence import FastRecurrence


class _Step:
    """The GRU's equations; gates in Keras' order z (update), r (reset), candidate (here g)."""

    tape_blocks = 4
    num_derivatives = 2

    def forward(self, x, recurrent, before):
        (h,) = before
        (x_z, x_r, x_g), (h_z, h_r, h_g) = ops.split(x, 3), ops.split(recurrent, 3)
        z, r = ops.sigmoid(x_z + h_z), ops.sigmoid(x_r + h_r)
        g = ops.tanh(x_g + r * h_g)
        return [z * h + (1 - z) * g], ops.concatenate([z, r, g, h_g])

    def saved(self, before, after, tape):
        return before[0], tape

    def backward(self, upstream, saved):
        (by_h,), (h_before, tape) = upstream, saved
        z, r, g, h_g = ops.split(tape, 4)
        by_z = by_h * (h_before - g) * z * (1 - z)
        by_g = by_h * (1 - z) * (1 - g * g)
        by_r = by_g * h_g * r * (1 - r)
        return [ops.concatenate([by_z, by_r, by_g]), ops.concatenate([by_z, by_r, by_g * r])], [by_h * z]


@keras.saving.register_keras_serializable("lstm_zoo")
class GRU(FastRecurrence, keras.layers.GRU):
    """`keras.layers.GRU` with a faster inner loop; see `FastRecurrence`."""

    step_of_cell = _Step()
