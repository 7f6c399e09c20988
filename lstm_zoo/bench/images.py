"""The 2-D LSTM by diagonals, against the same cell in raster order, and against itself on other sizes."""

from __future__ import annotations

from functools import partial
from typing import Any

from .row import Contender, Context, Row, Work

_BATCH, _WIDTH, _UNITS = 4, 20, 20


def md_lstm_training(context: Context) -> list[Row]:
    """One training step of a 2-D LSTM from four corners, against the same cell pixel by pixel.

    TensorFlow's XLA cannot compile the gradient of a scan within a scan; there both run without XLA, and ours with it.
    """
    side = 6 if context.quick else 64
    contenders = {
        "ours": Contender(partial(_training, side, False, True)),
        "ours, no XLA": Contender(partial(_training, side, False, False), backends=("tensorflow",)),
        "raster order": Contender(partial(_training, side, True, True), backends=("jax",)),
        "raster order, no XLA": Contender(partial(_training, side, True, False), backends=("tensorflow",)),
    }
    return [Row(f"2-D LSTM training (B,H,W,D,U) {_shape(side)}", "step", contenders, ("tensorflow", "jax"))]


def md_lstm_sizes(context: Context) -> list[Row]:
    """The same step on a quarter and on four times the pixels."""
    side = 6 if context.quick else 64
    contenders = {
        "ours": Contender(partial(_training, side, False, True)),
        "a quarter of the pixels": Contender(partial(_training, side // 2, False, True)),
        "four times the pixels": Contender(partial(_training, 2 * side, False, True)),
    }
    return [Row(f"2-D LSTM training by size, from {_shape(side)}", "step", contenders, ("tensorflow", "jax"))]


def _shape(side: int) -> tuple[int, ...]:
    return (_BATCH, side, side, _WIDTH, _UNITS)


def _training(side: int, raster: bool, xla: bool, context: Context) -> Work:
    import keras
    import numpy as np

    from ..layers import MDLSTM2D
    from .frameworks import random_array, training_steps

    inputs = keras.Input((side, side, _WIDTH))
    layer = _raster_layer(_UNITS) if raster else MDLSTM2D(_UNITS)
    model = keras.Model(inputs, layer(inputs))
    model.compile("adam", "mse", jit_compile=xla)
    images = random_array(_BATCH, side, side, _WIDTH)
    return training_steps(model, images, np.zeros((_BATCH, side, side, _UNITS), np.float32))


def _raster_layer(units: int) -> Any:
    """Return a 2-D LSTM with the same cell and weights that takes its steps in raster order.

    Like ours it projects all inputs by products outside of the innermost steps and runs all directions together; its
    gradient is found by the backend.
    """
    from keras import ops

    from ..layers import MDLSTM2D
    from ..layers.md_cells import CELLS
    from ..layers.md_lstm import CORNERS

    class Raster(MDLSTM2D):
        """One pixel a step."""

        def call(self, inputs):
            flips = [[axis for axis, yes in zip((1, 2), CORNERS[name], strict=True) if yes] for name in self.directions]
            x = ops.stack([ops.flip(inputs, axes) if axes else inputs for axes in flips])  # (directions, B, H, W, D)
            projected = ops.einsum("nbhwd,ndz->hwnzb", x, self.kernel) + self.bias[..., None]
            by_units = ops.swapaxes(self.recurrent_kernel, 1, 2)
            cell = CELLS[self.cell]

            def pixel(left, now):
                z, h_up, c_up = now
                z = z + ops.matmul(by_units, ops.concatenate([h_up, left[0]], axis=1))
                h, c, _ = cell.forward(z, c_up, left[1], None)
                return (h, c), (h, c)

            def row(above, z):
                nothing = ops.zeros_like(above[0][0])
                _, states = ops.scan(pixel, (nothing, nothing), (z, *above))
                return states, states

            nothing = ops.zeros_like(projected[0, :, :, : self.units])
            _, (h, _) = ops.scan(row, (nothing, nothing), projected)  # (H, W, directions, U, B)
            outputs = ops.transpose(h, (2, 4, 0, 1, 3))
            return sum(ops.flip(outputs[n], axes) if axes else outputs[n] for n, axes in enumerate(flips))

    return Raster(units)
