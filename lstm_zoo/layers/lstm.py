"""An LSTM arranged for speed (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000), with Keras' own weights.

Where cuDNN serves, it is taken, as Keras does. Everywhere else the same mathematics is arranged otherwise:

- the input projection of all steps is one matrix product, outside the loop over time;
- the gradient is written by hand: the loop backwards only finds the derivatives of the gates, and the gradient of the
  recurrent kernel is then ONE product over all steps, where automatic differentiation adds up T of them;
- the loop is a scan, unrolled where it takes no more than `_UNROLLED_STEPS` steps.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from .cudnn import cudnn_verdict

_UNROLLED_STEPS = 4


@keras.saving.register_keras_serializable("lstm_zoo")
class LSTM(keras.layers.LSTM):
    """`keras.layers.LSTM` with another inner loop; arguments, weights, masks and states are the same.

    With recurrent dropout, with activations other than tanh and sigmoid, or on a backend other than TensorFlow and JAX,
    Keras' own loop runs.

    Input shape:
        (B, T, D).

    Output shape:
        (B, U), or (B, T, U) with `return_sequences`; with `return_state` followed by h and c, (B, U) each.
    """

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if not self._is_plain() or self._cudnn_serves():
            return super().inner_loop(sequences, initial_state, mask, training)
        if isinstance(mask, (list, tuple)):
            mask = mask[0]
        cell = self.cell
        if training and cell.dropout:
            sequences = sequences * ops.expand_dims(cell.get_dropout_mask(sequences[:, 0, :]), 1)
        projected = ops.matmul(sequences, cell.kernel)  # (B, T, 4U), all steps at once
        if cell.bias is not None:
            projected = projected + cell.bias
        steps = ops.transpose(projected, (1, 0, 2))  # (T, B, 4U)
        keep = None if mask is None else ops.cast(ops.transpose(mask, (1, 0)), steps.dtype)[..., None]  # (T, B, 1)
        if self.go_backwards:
            steps = ops.flip(steps, axis=0)
            keep = None if keep is None else ops.flip(keep, axis=0)
        states = [ops.cast(state, steps.dtype) for state in initial_state]
        h, c = _recurrence(steps, ops.cast(cell.recurrent_kernel, steps.dtype), *states, keep)
        outputs = h
        if keep is not None and self.zero_output_for_mask:
            outputs = h * keep
        elif keep is not None and keras.backend.backend() == "tensorflow":
            # Until the first step that counts, Keras gives zeros on TensorFlow and the initial state on JAX.
            outputs = h * ops.cast(ops.cumsum(keep, axis=0) > 0, h.dtype)
        if self.return_sequences:
            return outputs[-1], ops.transpose(outputs, (1, 0, 2)), [h[-1], c[-1]]
        return outputs[-1], ops.expand_dims(outputs[-1], 1), [h[-1], c[-1]]

    def _is_plain(self) -> bool:
        cell = self.cell
        return (
            keras.backend.backend() in ("tensorflow", "jax")
            and cell.activation is keras.activations.tanh
            and cell.recurrent_activation is keras.activations.sigmoid
            and not cell.recurrent_dropout
        )

    def _cudnn_serves(self) -> bool:
        """Say whether to leave the work to Keras, which takes cuDNN if the mask allows it."""
        return cudnn_verdict(self) == "cuDNN"


def _recurrence(steps: Any, kernel: Any, h0: Any, c0: Any, keep: Any) -> tuple[Any, Any]:
    """Run the cell over projected inputs.

    Args:
        steps: Input projections with bias, (T, B, 4U), gates in Keras' order i, f, c~, o.
        kernel: Recurrent kernel, (U, 4U).
        h0: Hidden state before the first step, (B, U).
        c0: Cell state before the first step, (B, U).
        keep: 1 where a step counts and 0 where the state is carried over, (T, B, 1); None where all count.

    Returns:
        Hidden and cell states after each step, (T, B, U) each.
    """

    def forward(steps, kernel, h0, c0):
        def step(state, inputs):
            h, c, *_ = state
            z, k = inputs if keep is not None else (inputs, None)
            i, f, g, o = _gates(z + ops.matmul(h, kernel))
            c_new = f * c + i * g
            h_new = o * ops.tanh(c_new)
            if k is not None:
                h_new, c_new = k * h_new + (1 - k) * h, k * c_new + (1 - k) * c
            return h_new, c_new, i, f, g, o

        gates = [ops.zeros_like(h0)] * 4
        return _over_time(step, (h0, c0, *gates), steps if keep is None else (steps, keep), steps.shape[0])

    def backward(kernel, h0, c0, tape, dh_all, dc_all):
        h_all, c_all, i_all, f_all, g_all, o_all = tape
        h_before = ops.concatenate([h0[None], h_all[:-1]])  # (T, B, U)
        c_before = ops.concatenate([c0[None], c_all[:-1]])
        tanh_c = ops.tanh(f_all * c_before + i_all * g_all)  # of the cell before any carrying over
        # What multiplies the derivatives of h and c, for all steps at once.
        by_o = tanh_c * o_all * (1 - o_all)
        by_c = o_all * (1 - tanh_c * tanh_c)
        by_i, by_f, by_g = g_all * i_all * (1 - i_all), c_before * f_all * (1 - f_all), i_all * (1 - g_all * g_all)
        transposed = ops.transpose(kernel)

        def step(state, inputs):
            dh, dc, _ = state
            dh_out, dc_out, at_i, at_f, at_g, at_o, at_c, f, *k = inputs
            dh, dc = dh + dh_out, dc + dc_out
            dh_cell, dc_cell = (k[0] * dh, k[0] * dc) if k else (dh, dc)
            dc_cell = dc_cell + dh_cell * at_c
            dz = ops.concatenate([dc_cell * at_i, dc_cell * at_f, dc_cell * at_g, dh_cell * at_o], axis=-1)  # (B, 4U)
            dh_before, dc_before = ops.matmul(dz, transposed), dc_cell * f
            if k:
                dh_before, dc_before = dh_before + (1 - k[0]) * dh, dc_before + (1 - k[0]) * dc
            return dh_before, dc_before, dz

        inputs = (dh_all, dc_all, by_i, by_f, by_g, by_o, by_c, f_all, *([] if keep is None else [keep]))
        zeros = ops.zeros_like(h0)
        start = (zeros, zeros, ops.concatenate([zeros] * 4, axis=-1))
        dh, dc, dz_all = _over_time(step, start, inputs, dh_all.shape[0], backwards=True)
        units = kernel.shape[0]
        # The one product over all steps: (U, T * B) x (T * B, 4U).
        dkernel = ops.matmul(ops.transpose(ops.reshape(h_before, (-1, units))), ops.reshape(dz_all, (-1, 4 * units)))
        return dz_all, dkernel, dh[0], dc[0]

    @ops.custom_gradient
    def run(steps, kernel, h0, c0):
        tape = forward(steps, kernel, h0, c0)

        def gradient(*upstream, **_):
            dh_all, dc_all = upstream[0] if len(upstream) == 1 else upstream
            return backward(kernel, h0, c0, tape, dh_all, dc_all)

        return (tape[0], tape[1]), gradient

    return run(steps, kernel, h0, c0)


def _gates(z: Any) -> tuple[Any, Any, Any, Any]:
    i, f, g, o = ops.split(z, 4, axis=-1)
    return ops.sigmoid(i), ops.sigmoid(f), ops.tanh(g), ops.sigmoid(o)


def _over_time(step: Any, state: Any, inputs: Any, num_steps: int | None, backwards: bool = False) -> tuple[Any, ...]:
    """Run `state = step(state, inputs_t)` over the first axis, and return all states after their steps, by time.

    All that a step computes is part of the state, since `keras.ops.scan` on TensorFlow stacks nothing else.
    """
    if num_steps is None or num_steps > _UNROLLED_STEPS:
        return ops.scan(lambda *now: (step(*now),) * 2, state, inputs, reverse=backwards)[1]
    several = isinstance(inputs, tuple)
    states = []
    for t in reversed(range(num_steps)) if backwards else range(num_steps):
        state = step(state, tuple(one[t] for one in inputs) if several else inputs[t])
        states.append(state)
    if backwards:
        states.reverse()
    return tuple(ops.stack(column) for column in zip(*states, strict=True))
