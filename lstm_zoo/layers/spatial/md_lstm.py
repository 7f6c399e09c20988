"""2-D LSTM (Graves, Fernandez & Schmidhuber, ICANN 2007, arXiv:0705.2011) from up to four corners of an image.

Differs from the paper: the default cell is stable, the paper's own is `cell="graves"`; the directions' outputs are
summed, averaged or concatenated here, and a dense layer above may follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from .gated import GatedLayer, for_each_direction
from .md_cells import CELLS, GATES
from .wavefront import Wavefront

CORNERS = {
    "top_left": (False, False),
    "top_right": (False, True),
    "bottom_left": (True, False),
    "bottom_right": (True, True),
}
"""Where a scan may start, and how the image is flipped for it: upside down, left to right."""

MERGES = ("sum", "mean", "concat")


@keras.saving.register_keras_serializable("lstm_zoo")
class MDLSTM2D(GatedLayer):
    """An LSTM over the two axes of an image: each pixel sees all pixels between it and the corners.

    Args:
        units: Units U of each direction.
        cell: `stable` (RETURNN's: one forget gate, neighbours weighed), `graves` (the original, with peepholes) or
            `leaky_lp` (Leifert et al. 2016).
        directions: Corners where scans start, one to four of `top_left`, `top_right`, `bottom_left`, `bottom_right`;
            each has weights of its own.
        merge: What becomes of the directions' outputs: `sum`, `mean` or `concat`.
        forget_bias: Start of the forget gates' biases; None takes the cell's own (1; -0.4 for `graves`, whose state
            grows without bound from biases of 0 on).
        return_sequences: Whether to return the outputs of all pixels, or of each direction that of its last pixel
            alone: of the corner across from where it starts, which sees the whole image.

    Other arguments are those of `GatedLayer`.

    Input shape:
        (B, H, W, D), and a mask (B, H, W) bool if the images are padded: outside of it, output and state are 0.

    Output shape:
        (B, H, W, U), or with `concat` (B, H, W, directions * U). Without `return_sequences` (B, U), or with `concat`
        (B, directions * U); with a mask, the corners are those of the smallest rectangle around the picture.

    Raises:
        ValueError: An option or the rank of the inputs is wrong.
    """

    def __init__(
        self,
        units: int,
        cell: str = "stable",
        directions: Sequence[str] = tuple(CORNERS),
        merge: str = "sum",
        forget_bias: float | None = None,
        return_sequences: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ):
        super().__init__(kernel_initializer=kernel_initializer, **kwargs)
        if units < 1:
            raise ValueError(f"units is {units}; expected 1 or more")
        if cell not in CELLS:
            raise ValueError(f"cell is {cell!r}; expected one of {', '.join(CELLS)}")
        if not directions or len(set(directions)) < len(directions) or not set(directions) <= set(CORNERS):
            raise ValueError(f"directions are {list(directions)}; expected different ones of {', '.join(CORNERS)}")
        if merge not in MERGES:
            raise ValueError(f"merge is {merge!r}; expected one of {', '.join(MERGES)}")
        self.units = units
        self.cell = cell
        self.directions = tuple(directions)
        self.merge = merge
        self.forget_bias = forget_bias
        self.return_sequences = return_sequences

    def build(self, input_shape):
        if len(input_shape) != 4 or input_shape[-1] is None:
            raise ValueError(f"inputs have the shape {tuple(input_shape)}; expected (batch, height, width, channels)")
        cell, count, units = CELLS[self.cell], len(self.directions), self.units
        self.kernel = self._add_kernel("kernel", self.kernel_initializer, input_shape[-1])
        self.recurrent_kernel = self._add_kernel(
            "recurrent", self.recurrent_initializer or self.kernel_initializer, 2 * units
        )
        self.bias = None
        if self.use_bias:
            options = {"initializer": self._first_bias, **self.held("bias"), "name": "bias"}
            self.bias = self.add_weight(shape=(count, GATES * units), **options)
        if cell.peepholes:
            shape = (count, cell.peepholes, units)
            self.peepholes = self.add_weight(shape=shape, initializer="zeros", name="peepholes")

    def call(self, inputs, mask=None, training=False):
        wavefront = Wavefront(CELLS[self.cell], [CORNERS[corner] for corner in self.directions])
        weights = [ops.cast(weight, self.compute_dtype) for weight in self._all_weights()]
        inputs = self.dropped(ops.cast(inputs, self.compute_dtype), training)
        outputs = wavefront.run(inputs, mask, weights)  # (directions, B, H, W, U)
        if not self.return_sequences:
            by_direction = zip(ops.unstack(outputs, len(self.directions), axis=0), self.directions, strict=True)
            outputs = ops.stack([_at_the_end(of_one, corner, mask) for of_one, corner in by_direction])
        if self.merge == "concat":
            return ops.concatenate(ops.unstack(outputs, len(self.directions), axis=0), axis=-1)
        return (ops.sum if self.merge == "sum" else ops.mean)(outputs, axis=0)

    def compute_mask(self, inputs, mask=None):
        return mask if self.return_sequences else None

    def compute_output_shape(self, input_shape):
        before = input_shape[:-1] if self.return_sequences else input_shape[:1]
        return (*before, self.units * (len(self.directions) if self.merge == "concat" else 1))

    def get_config(self):
        own = {name: getattr(self, name) for name in ("units", "cell", "merge", "forget_bias", "return_sequences")}
        return {**super().get_config(), **own, "directions": list(self.directions)}

    def _add_kernel(self, kind: str, initializer: Any, rows: int) -> Any:
        """Add a weight (directions, rows, 5 U), each direction drawn as a matrix of its own."""

        def draw(shape, dtype=None):
            return ops.stack([initializer.clone()(shape[1:], dtype=dtype) for _ in range(shape[0])])

        held = self.held(kind)
        held["constraint"] = for_each_direction(held["constraint"])
        name = kind if kind == "kernel" else f"{kind}_kernel"
        shape = (len(self.directions), rows, GATES * self.units)
        return self.add_weight(shape=shape, initializer=draw, **held, name=name)

    def _all_weights(self) -> list[Any]:
        """Return the weights in the cell's order; biases that there are not are zeros."""
        kernels = [self.kernel, self.recurrent_kernel]
        bias = ops.zeros((len(self.directions), GATES * self.units)) if self.bias is None else self.bias
        return [*kernels, bias, *([self.peepholes] if CELLS[self.cell].peepholes else ())]

    def _first_bias(self, shape, dtype=None):
        """Return zeros, but for the forget gates."""
        cell = CELLS[self.cell]
        forget_bias = cell.forget_bias if self.forget_bias is None else self.forget_bias
        blocks = [forget_bias if block in cell.forget_gates else 0.0 for block in range(GATES)]
        return ops.zeros(shape, dtype) + ops.repeat(ops.array(blocks, dtype), self.units)


def _at_the_end(outputs: Any, corner: str, mask: Any) -> Any:
    """Return the outputs of the pixels where the scan from a corner ends, (B, H, W, U) to (B, U)."""
    ends = [0 if flip else -1 for flip in CORNERS[corner]]
    if mask is None:
        return outputs[:, ends[0], ends[1]]
    mask = ops.cast(mask, "bool")
    row, column = (_end_of_true(ops.any(mask, axis=axis), end) for axis, end in zip((2, 1), ends, strict=True))
    here = ops.logical_and(row[:, :, None], column[:, None, :])
    return ops.sum(ops.where(here[..., None], outputs, ops.zeros_like(outputs)), axis=(1, 2))


def _end_of_true(values: Any, end: int) -> Any:
    """Return where the first (`end` is 0) or last (-1) true value of each row is, (B, n) bool."""
    counts = ops.cumsum(ops.cast(values, "int32"), axis=1)
    return ops.logical_and(values, counts == (1 if end == 0 else counts[:, -1:]))
