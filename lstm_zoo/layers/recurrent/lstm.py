"""LSTM (Hochreiter & Schmidhuber, Neural Computation 1997; forget gate: Gers et al. 2000) arranged for speed.

As `keras.layers.LSTM`, weights included; see `recurrence.py` for what is arranged otherwise. `TextbookLSTMCell` is the
same cell as it is taught.
"""

from __future__ import annotations

import keras
from keras import ops

from .recurrence import FastRecurrence


class _Step:
    """The LSTM's equations; gates in Keras' order i, f, c~ (here g), o."""

    tape_blocks = 4
    num_derivatives = 1

    def forward(self, x, recurrent, before):
        _, c = before
        i, f, g, o = ops.split(x + recurrent, 4)
        i, f, g, o = ops.sigmoid(i), ops.sigmoid(f), ops.tanh(g), ops.sigmoid(o)
        c = f * c + i * g
        return [o * ops.tanh(c), c], ops.concatenate([i, f, g, o])

    def saved(self, before, after, tape):
        return before[1], after[1], tape

    def backward(self, upstream, saved):
        (by_h, by_c), (c_before, c, tape) = upstream, saved
        i, f, g, o = ops.split(tape, 4)
        tanh_c = ops.tanh(c)
        by_c = by_c + by_h * o * (1 - tanh_c * tanh_c)
        by_i, by_f = by_c * g * i * (1 - i), by_c * c_before * f * (1 - f)
        by_g, by_o = by_c * i * (1 - g * g), by_h * tanh_c * o * (1 - o)
        return [ops.concatenate([by_i, by_f, by_g, by_o])], [ops.zeros_like(by_h), by_c * f]


@keras.saving.register_keras_serializable("lstm_zoo")
class LSTM(FastRecurrence, keras.layers.LSTM):
    """`keras.layers.LSTM` with a faster inner loop; see `FastRecurrence`."""

    step_of_cell = _Step()
