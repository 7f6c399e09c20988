"""ConvLSTM (Shi et al., NIPS 2015, arXiv 1506.04214) arranged for speed.

As `keras.layers.ConvLSTM2D`, weights included, and so without the paper's peepholes. What is arranged otherwise:

- the input convolution of all steps is one, outside the loop, and time stands first, so that a step is a contiguous
  block of it;
- a step makes one convolution for all gates, where Keras makes eight;
- the first step makes none where it starts from nothing;
- the steps are written out: a loop copies what a step leaves behind.

The gradient is the backend's.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from .xla import xla_convolves


@keras.saving.register_keras_serializable("lstm_zoo")
class ConvLSTM2D(keras.layers.ConvLSTM2D):
    """`keras.layers.ConvLSTM2D` with a faster loop; arguments, weights and states are the same.

    With a mask, or where `slow_because` says so, Keras' own loop runs.

    Input shape:
        (B, T, H, W, D).

    Output shape:
        (B, H, W, U), or (B, T, H, W, U) with `return_sequences`; with `return_state` followed by h and c, (B, H, W, U)
        each.
    """

    num_steps: int | None = None
    """T, where it is known when the layer is built."""

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        self.supports_jit = xla_convolves()
        self.cell.trainable = self.trainable  # which Keras' layer does not tell its cell

    def build(self, sequences_shape, initial_state_shape=None):
        self.num_steps = sequences_shape[1]
        super().build(sequences_shape, initial_state_shape)

    def call(self, sequences, initial_state=None, mask=None, training=False):
        if mask is not None or self.slow_because():
            return super().call(sequences, initial_state=initial_state, mask=mask, training=training)
        projected = self._projected(ops.cast(sequences, self.compute_dtype))
        states, outputs = initial_state, []
        for now in reversed(projected) if self.go_backwards else projected:
            states = self._step(now, states)
            outputs.append(states[0])
        shown = ops.stack(outputs, axis=1) if self.return_sequences else outputs[-1]
        return (shown, *states) if self.return_state else shown

    def slow_because(self) -> str:
        """Say what keeps this layer from the fast loop; empty if nothing does."""
        reasons = {
            f"not written for the backend {keras.backend.backend()}": keras.backend.backend() == "torch",
            "its number of steps is not known before": self.num_steps is None,
            "it is stateful": self.stateful,
            "it has dropout": self.dropout or self.recurrent_dropout,
            "its channels stand first": self.data_format == "channels_first",
        }
        return next((reason for reason, holds in reasons.items() if holds), "")

    def _projected(self, sequences: Any) -> list[Any]:
        """Return the projections of the inputs of each step, T times (B, H, W, 4U)."""
        by_time = ops.swapaxes(sequences, 0, 1)  # (T, B, H, W, D)
        frames = ops.reshape(by_time, (-1, *by_time.shape[2:]))
        projected = self.cell.input_conv(frames, self._cast(self.cell.kernel), padding=self.cell.padding)
        if self.use_bias:
            projected = projected + self._cast(self.cell.bias)
        projected = ops.reshape(projected, (self.num_steps, -1, *projected.shape[1:]))
        return ops.unstack(projected, self.num_steps, axis=0)

    def _step(self, projected: Any, states: Any) -> tuple[Any, Any]:
        """Return h and c after a step; states None: nothing came before it."""
        if states is not None:
            h, c = (self._cast(state) for state in states)
            projected = projected + self.cell.recurrent_conv(h, self._cast(self.cell.recurrent_kernel))
        i, f, g, o = ops.split(projected, 4, axis=-1)  # in Keras' order; g is its c~
        gate = self.recurrent_activation
        added = gate(i) * self.activation(g)
        c = added if states is None else gate(f) * c + added
        return gate(o) * self.activation(c), c

    def _cast(self, values: Any) -> Any:
        return ops.cast(values, self.compute_dtype)
