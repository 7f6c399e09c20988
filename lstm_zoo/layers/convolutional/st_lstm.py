"""Spatiotemporal LSTM cell (PredRNN: Wang, Long, Wang, Gao & Yu, NIPS 2017), with a memory that is not its own.

Beside its cell C, which goes from step to step, it reads and writes a memory M, which goes from layer to layer within a
step, and from the top layer to the bottom one of the next step: a zigzag. As in the paper, * a convolution:

    g  = tanh(W_xg * X + W_hg * H + b_g)     i  = sigma(W_xi * X + W_hi * H + b_i)     f  alike
    C  = f C_{t-1} + i g                                                                                (1)
    g' = tanh(W'_xg * X + W_mg * M + b'_g)   i' = sigma(W'_xi * X + W_mi * M + b'_i)   f' alike
    M  = f' M^{l-1} + i' g'                                                                             (2)
    o  = sigma(W_xo * X + W_ho * H + W_co * C + W_mo * M + b_o)                                         (3)
    H  = o tanh(W_1x1 * [C, M])                                                                         (4)

The paper leaves the first biases open; those of f and f' are 1 here.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from .xla import xla_convolves


@keras.saving.register_keras_serializable("lstm_zoo")
class STLSTM(keras.layers.Layer):
    """One step of a spatiotemporal LSTM.

    Args:
        filters: Channels U of C, M and H.
        kernel_size: Side k of the convolutions, odd.

    Call arguments:
        inputs: X, (B, H, W, D).
        h: H of the step before, (B, H, W, U).
        c: C of the step before.
        m: M of the layer below, or for the bottom layer of the top layer one step before.

    Returns:
        H, C and M, (B, H, W, U) each.

    Raises:
        ValueError: A side is even.
    """

    def __init__(self, filters: int, kernel_size: int = 5, **options: Any):
        super().__init__(**options)
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size: got {kernel_size}, expected an odd number such as 5")
        self.filters = filters
        self.kernel_size = kernel_size
        self.supports_jit = xla_convolves()

    def build(self, inputs_shape, *_, **__):
        units, window = self.filters, (self.kernel_size, self.kernel_size)
        shapes = {
            "kernel": (*window, inputs_shape[-1], 7 * units),  # g, i, f, g', i', f', o
            "recurrent_kernel": (*window, units, 4 * units),  # g, i, f, o
            "memory_kernel": (*window, units, 3 * units),  # g', i', f'
            "output_kernel": (*window, 2 * units, units),  # of C and M
            "mixing_kernel": (1, 1, 2 * units, units),
        }
        for name, shape in shapes.items():
            setattr(self, name, self.add_weight(shape=shape, name=name))
        self.bias = self.add_weight(shape=(7 * units,), initializer=_open_forget_gates, name="bias")
        self.built = True

    def call(self, inputs, h, c, m):
        by_x = ops.split(self._conv(inputs, self.kernel) + ops.cast(self.bias, self.compute_dtype), 7, axis=-1)
        by_h = ops.split(self._conv(h, self.recurrent_kernel), 4, axis=-1)
        by_m = ops.split(self._conv(m, self.memory_kernel), 3, axis=-1)
        c = _written(c, *(x + other for x, other in zip(by_x[:3], by_h[:3], strict=True)))  # (1)
        m = _written(m, *(x + other for x, other in zip(by_x[3:6], by_m, strict=True)))  # (2)
        both = ops.concatenate([c, m], axis=-1)
        o = ops.sigmoid(by_x[6] + by_h[3] + self._conv(both, self.output_kernel))  # (3)
        return o * ops.tanh(self._conv(both, self.mixing_kernel)), c, m  # (4)

    def compute_output_spec(self, inputs, h, c, m):
        return (keras.KerasTensor((*inputs.shape[:-1], self.filters), self.compute_dtype),) * 3

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "kernel_size": self.kernel_size}

    def _conv(self, picture: Any, kernel: Any) -> Any:
        return ops.conv(picture, ops.cast(kernel, self.compute_dtype), padding="same", data_format="channels_last")


def _written(memory: Any, g: Any, i: Any, f: Any) -> Any:
    """Return a memory after a step."""
    return ops.sigmoid(f) * memory + ops.sigmoid(i) * ops.tanh(g)


def _open_forget_gates(shape, dtype=None):
    """Return first biases: 1 of f and f', 0 of the others."""
    of_gates = ops.array([0, 0, 1, 0, 0, 1, 0], dtype or "float32")
    return ops.repeat(of_gates, shape[0] // 7)
