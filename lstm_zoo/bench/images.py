"""The 2-D LSTM by diagonals, against the same cell in raster order, and against itself on other sizes."""

from __future__ import annotations

from functools import partial
from typing import Any

from .row import BOTH, TENSORFLOW, Contender, Context, Row, Work

_BATCH, _WIDTH, _UNITS = 4, 20, 20


def md_lstm_training(context: Context) -> list[Row]:
    """One training step of a 2-D LSTM from four corners, against the same cell pixel by pixel.

    In raster order one direction follows the other, as it is mostly written, or all take their steps together, which is
    the most that can be had without diagonals. TensorFlow's XLA cannot compile the gradient of a scan within a scan;
    there both run without XLA, and ours with it too.
    """
    side = 6 if context.quick else 64
    raster, together = "raster order", "raster order, directions together"
    contenders = {
        "ours": Contender(partial(_training, side, 0, True)),
        "ours, no XLA": Contender(partial(_training, side, 0, False), backends=TENSORFLOW),
        raster: Contender(partial(_training, side, 1, True), backends=("jax",)),
        together: Contender(partial(_training, side, 4, True), backends=("jax",)),
        f"{raster}, no XLA": Contender(partial(_training, side, 1, False), backends=TENSORFLOW),
        f"{together}, no XLA": Contender(partial(_training, side, 4, False), backends=TENSORFLOW),
    }
    return [Row(f"2-D LSTM training (B,H,W,D,U) {_shape(side)}", "step", contenders, BOTH)]


def md_lstm_sizes(context: Context) -> list[Row]:
    """The same step on a quarter and on four times the pixels."""
    side = 6 if context.quick else 64
    contenders = {
        "ours": Contender(partial(_training, side, 0, True)),
        "ours, a quarter of the pixels": Contender(partial(_training, side // 2, 0, True)),
        "ours, four times the pixels": Contender(partial(_training, 2 * side, 0, True)),
    }
    return [Row(f"2-D LSTM training by size, from {_shape(side)}", "step", contenders, BOTH)]


def _shape(side: int) -> tuple[int, ...]:
    return (_BATCH, side, side, _WIDTH, _UNITS)


def _training(side: int, together: int, xla: bool, context: Context) -> Work:
    """Return training steps of our layer, or of one in raster order that has so many directions in a loop (0: ours)."""
    from ..layers import MDLSTM2D
    from .frameworks import layer_training

    layer = _raster_layer(_UNITS, together) if together else MDLSTM2D(_UNITS)
    return layer_training(layer, (_BATCH, side, side, _WIDTH), ours=not together, xla=xla)


def _raster_layer(units: int, together: int) -> Any:
    """Return a 2-D LSTM with the same cell and weights that takes its steps in raster order.

    It projects all inputs by one product beforehand; its gradient is found by the backend.
    """
    from keras import ops

    from ..layers import MDLSTM2D
    from ..layers.spatial.md_cells import CELLS
    from ..layers.spatial.md_lstm import CORNERS

    class Raster(MDLSTM2D):
        """One pixel a step."""

        def call(self, inputs):
            starts = range(0, len(self.directions), together)
            return sum(self.some(inputs, slice(start, start + together)) for start in starts)

        def some(self, inputs, which):
            """Return the sum of some directions' outputs, found in one loop."""
            corners = [CORNERS[name] for name in self.directions[which]]
            flips = [[axis for axis, yes in zip((1, 2), corner, strict=True) if yes] for corner in corners]
            x = ops.stack([ops.flip(inputs, axes) if axes else inputs for axes in flips])  # (directions, B, H, W, D)
            projected = ops.einsum("nbhwd,ndz->hwnzb", x, self.kernel[which]) + self.bias[which][..., None]
            by_units = ops.swapaxes(self.recurrent_kernel[which], 1, 2)
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
