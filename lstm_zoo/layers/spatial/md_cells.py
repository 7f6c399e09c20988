"""Cells of the 2-D LSTM: one step from the neighbours above and to the left, and its derivatives by hand.

A plain 2-D cell adds two remembered states, so with forget gates near 1 its state grows with the number of paths
through the image: hence the stable cell, and low forget biases for the plain one.

All arrays are (directions, rows, lanes): units of one direction below each other, the pixels of one diagonal side by
side.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from keras import ops

GATES = 5
"""Blocks of U rows that every cell's pre-activations have."""


class Cell(Protocol):
    """A cell: its equations and their derivatives."""

    forget_gates: ClassVar[tuple[int, ...]]
    """Which blocks are forget gates; their biases start at `forget_bias`."""
    forget_bias: ClassVar[float] = 1.0
    peepholes: ClassVar[int] = 0
    """Weights from the states to the gates, rows of U each."""

    @staticmethod
    def forward(z, c_up, c_left, peepholes) -> tuple[Any, Any, Any]:
        """Return output h, state c and what `backward` needs of the gates, (directions, 5 U, lanes).

        Args:
            z: Pre-activations of the gates, (directions, 5 U, lanes).
            c_up: State of the pixel above, (directions, U, lanes).
            c_left: State of the pixel to the left.
            peepholes: (peepholes, directions, U, 1), or None for a cell without any.
        """
        ...

    @staticmethod
    def backward(by_h, by_c, gates, c, c_up, c_left, peepholes) -> tuple[list, Any, Any, list]:
        """Return the derivatives by z (a list of blocks), c_up, c_left and the peepholes (before summing over lanes).

        Args:
            by_h: Derivative of the loss by h, (directions, U, lanes).
            by_c: Derivative by c, from the later pixels.
            gates: What `forward` gave.
            c: State after the step.
            c_up: State of the pixel above.
            c_left: State of the pixel to the left.
            peepholes: As for `forward`.
        """
        ...


class Stable(Cell):
    """The cell of RETURNN's CUDA kernel: one forget gate, and a gate w that weighs the neighbours.

    c = i g + f (w c_up + (1 - w) c_left),  h = o tanh(c); no term grows beyond the larger of its neighbours.
    """

    forget_gates = (1,)

    @staticmethod
    def forward(z, c_up, c_left, peepholes):
        i, f, o, w, g = _activated(z)
        c = i * g + f * (w * c_up + (1 - w) * c_left)
        return o * ops.tanh(c), c, ops.concatenate([i, f, o, w, g], axis=1)

    @staticmethod
    def backward(by_h, by_c, gates, c, c_up, c_left, peepholes):
        i, f, o, w, g = ops.split(gates, GATES, axis=1)
        tanh_c = ops.tanh(c)
        by_c = by_c + by_h * o * (1 - tanh_c * tanh_c)
        by_z = [
            by_c * g * i * (1 - i),
            by_c * (w * c_up + (1 - w) * c_left) * f * (1 - f),
            by_h * tanh_c * o * (1 - o),
            by_c * f * (c_up - c_left) * w * (1 - w),
            by_c * i * (1 - g * g),
        ]
        return by_z, by_c * f * w, by_c * f * (1 - w), []


class Graves(Cell):
    """The cell of Graves, Fernandez & Schmidhuber (ICANN 2007): a forget gate for each axis, and peepholes.

    i = sigmoid(z_i + p_iy c_up + p_ix c_left),  f_y = sigmoid(z_fy + p_fy c_up),  f_x = sigmoid(z_fx + p_fx c_left),
    c = i g + f_y c_up + f_x c_left,  o = sigmoid(z_o + p_o c),  h = o tanh(c).

    The forget biases start at -0.4, where f_y + f_x is 0.8: from 1 on, the state grows without bound.
    """

    forget_gates = (1, 2)
    forget_bias = -0.4
    peepholes = 5

    @staticmethod
    def forward(z, c_up, c_left, peepholes):
        p_iy, p_ix, p_fy, p_fx, p_o = peepholes
        i, f_y, f_x, o, g = ops.split(z, GATES, axis=1)
        i = ops.sigmoid(i + p_iy * c_up + p_ix * c_left)
        f_y, f_x, g = ops.sigmoid(f_y + p_fy * c_up), ops.sigmoid(f_x + p_fx * c_left), ops.tanh(g)
        c = i * g + f_y * c_up + f_x * c_left
        o = ops.sigmoid(o + p_o * c)
        return o * ops.tanh(c), c, ops.concatenate([i, f_y, f_x, o, g], axis=1)

    @staticmethod
    def backward(by_h, by_c, gates, c, c_up, c_left, peepholes):
        p_iy, p_ix, p_fy, p_fx, p_o = peepholes
        i, f_y, f_x, o, g = ops.split(gates, GATES, axis=1)
        tanh_c = ops.tanh(c)
        by_o = by_h * tanh_c * o * (1 - o)
        by_c = by_c + by_h * o * (1 - tanh_c * tanh_c) + by_o * p_o
        by_i, by_g = by_c * g * i * (1 - i), by_c * i * (1 - g * g)
        by_fy, by_fx = by_c * c_up * f_y * (1 - f_y), by_c * c_left * f_x * (1 - f_x)
        by_up = by_c * f_y + by_i * p_iy + by_fy * p_fy
        by_left = by_c * f_x + by_i * p_ix + by_fx * p_fx
        by_peepholes = [by_i * c_up, by_i * c_left, by_fy * c_up, by_fx * c_left, by_o * c]
        return [by_i, by_fy, by_fx, by_o, by_g], by_up, by_left, by_peepholes


class LeakyLP(Cell):
    """The low-pass cell of Leifert et al. (JMLR 17(97), 2016) in RETURNN's reading, with two neighbours.

    cbar = w c_up + (1 - w) c_left,  c = (1 - f) g + f cbar,  h = tanh(o_1 c + o_2 cbar).

    Differs from the paper: its equations are those of RETURNN's 1-D unit LEAKYLPLSTM with cbar for the state before.
    """

    forget_gates = (0,)

    @staticmethod
    def forward(z, c_up, c_left, peepholes):
        f, w, o_1, o_2, g = _activated(z)
        mixed = w * c_up + (1 - w) * c_left
        c = (1 - f) * g + f * mixed
        return ops.tanh(o_1 * c + o_2 * mixed), c, ops.concatenate([f, w, o_1, o_2, g], axis=1)

    @staticmethod
    def backward(by_h, by_c, gates, c, c_up, c_left, peepholes):
        f, w, o_1, o_2, g = ops.split(gates, GATES, axis=1)
        mixed = w * c_up + (1 - w) * c_left
        h = ops.tanh(o_1 * c + o_2 * mixed)
        by_sum = by_h * (1 - h * h)
        by_c = by_c + by_sum * o_1
        by_mixed = by_c * f + by_sum * o_2
        by_z = [
            by_c * (mixed - g) * f * (1 - f),
            by_mixed * (c_up - c_left) * w * (1 - w),
            by_sum * c * o_1 * (1 - o_1),
            by_sum * mixed * o_2 * (1 - o_2),
            by_c * (1 - f) * (1 - g * g),
        ]
        return by_z, by_mixed * w, by_mixed * (1 - w), []


def _activated(z: Any) -> list[Any]:
    """Return four gates and the candidate from their pre-activations."""
    *gates, g = ops.split(z, GATES, axis=1)
    return [*map(ops.sigmoid, gates), ops.tanh(g)]


CELLS: dict[str, type[Cell]] = {"stable": Stable, "graves": Graves, "leaky_lp": LeakyLP}
