"""The simple recurrent network (Elman, Cognitive Science 1990) arranged for speed.

As `keras.layers.SimpleRNN`, weights included; see `recurrence.py` for what is arranged otherwise.
"""

from __future__ import annotations

import keras
from keras import ops

from .recurrence import FastRecurrence


class _Step:
    """h = tanh(x + recurrent)."""

    tape_blocks = 0
    num_derivatives = 1

    def forward(self, x, recurrent, before):
        return ([ops.tanh(x + recurrent)],)

    def saved(self, before, after):
        return (after[0],)

    def backward(self, upstream, saved):
        (by_h,), (h,) = upstream, saved
        return [by_h * (1 - h * h)], [ops.zeros_like(by_h)]


@keras.saving.register_keras_serializable("lstm_zoo")
class SimpleRNN(FastRecurrence, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN` with a faster inner loop; see `FastRecurrence`."""

    step_of_cell = _Step()
