"""A 2-D LSTM over an image, diagonal by diagonal, in all directions at once, with its gradient written by hand.

A pixel needs the one above it and the one to its left, so all pixels of one anti-diagonal are independent of each
other: H + W - 1 steps instead of H W. The image is skewed, row r shifted by r, and a column of the skewed image is a
diagonal: the pixel to the left is the same row of the column before, the pixel above is the row above in the column
before. Other directions are the same over a flipped image, and all directions take their steps together.

- Images of a batch lie side by side: a row that is through with one goes on with the next, instead of idling.
- Units stand first and the pixels of a diagonal (of all images of the batch) last, as in `recurrence.py`; rows are the
  shorter side of the image, so that few of them idle.
- A step is ONE product: input, upper and left neighbour below each other, (5 U, D + 2 U) x (D + 2 U, pixels). To
  project all inputs beforehand, outside the loop, took longer: there is padding in a skewed image, and the projections
  are much larger than the inputs.
- The loop backwards adds up the gradient of the kernels, one product a diagonal. To keep the derivatives of the gates
  for one product over all diagonals took longer, since they have to be turned for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from ..recurrent.cudnn import gpu_visible
from ..recurrent.scan import scan
from .md_cells import GATES, Cell

_AXIS_OF_UNITS = 1  # in (directions, rows, lanes)
_LANES = 128  # fewer of them make a step no faster


@dataclass(frozen=True)
class Wavefront:
    """A 2-D cell over images of one size."""

    cell: type[Cell]
    flips: Sequence[tuple[bool, bool]]
    """For each direction whether the image is turned upside down, and left to right, before the scan from its top left
    corner."""

    def run(self, x: Any, mask: Any, weights: Sequence[Any]) -> Any:
        """Run the cell in all directions.

        Args:
            x: Inputs, (B, H, W, D).
            mask: True where there is a picture, (B, H, W) bool; None: everywhere. Elsewhere h and c are 0.
            weights: Kernel (directions, D, 5 U), recurrent kernel (directions, 2 U, 5 U) with the rows of the upper
                neighbour first, bias (directions, 5 U), and peepholes (directions, n, U) if the cell has any.

        Returns:
            Outputs h of each direction, (directions, B, H, W, U).
        """
        mask = ops.ones_like(x[..., :1]) if mask is None else ops.cast(ops.cast(mask[..., None], "bool"), x.dtype)
        turned = x.shape[1] is not None and x.shape[2] is not None and x.shape[1] > x.shape[2]
        if turned:
            x, mask = ops.swapaxes(x, 1, 2), ops.swapaxes(mask, 1, 2)
        flips = [(left, up) if turned else (up, left) for up, left in self.flips]
        row, width = _images_in_a_row(x.shape), ops.shape(x)[2]
        if row > 1:
            x, mask = _joined(x, row), _joined(mask, row)
        diagonals = _Diagonals(*ops.shape(x)[:3], flips)
        places = [diagonals.of_images([mask] * len(flips))]
        if row > 1:
            starts = ops.arange(row * width) % width == 0
            places.append(diagonals.of_columns(1 - ops.cast(starts, x.dtype)))
        loop = _Loop(self.cell, diagonals, places, turned)

        @ops.custom_gradient
        def run(x, *weights):
            columns = loop.forward(diagonals.of_images([x] * len(flips)), weights)

            def gradient(*upstream, **named):
                by_h = named.get("upstream", upstream[0])  # on PyTorch by name, after what `run` was called with
                by_h = by_h[0] if isinstance(by_h, (list, tuple)) else by_h  # JAX: a tuple
                by_h = diagonals.of_images(ops.unstack(by_h, len(flips), axis=0))
                by_x, *by_weights = loop.backward(by_h, weights, columns)
                return (ops.sum(diagonals.to_outputs(by_x), axis=0), *by_weights)

            return diagonals.to_outputs(columns[1]), gradient

        outputs = run(x, *weights)
        outputs = _parted(outputs, row) if row > 1 else outputs
        return ops.swapaxes(outputs, 2, 3) if turned else outputs


@dataclass(frozen=True)
class _Diagonals:
    """The way from images to their diagonals, (T, directions, rows of units, lanes), and back; lanes are H * B."""

    batch: Any
    height: Any
    width: Any
    flips: Sequence[tuple[bool, bool]]

    def of_images(self, images: Sequence[Any]) -> Any:
        """Return the diagonals of images (B, H, W, D), one of each direction, as the directions see them."""
        return self._skewed([_flipped(image, flip) for image, flip in zip(images, self.flips, strict=True)])

    def of_columns(self, values: Any) -> Any:
        """Return the diagonals of a value for each column, (W,), counted by each direction from its own side."""
        image = ops.broadcast_to(values[:, None], (self.batch, self.height, self.width, 1))
        return self._skewed([image] * len(self.flips))

    def to_outputs(self, columns: Any) -> Any:
        """Return what the directions found on each diagonal as images, (directions, B, H, W, U)."""
        units, steps = columns.shape[2], self.height + self.width - 1
        y = ops.reshape(columns, (steps, len(self.flips), units, self.height, self.batch))
        y = ops.transpose(y, (3, 0, 1, 2, 4))  # (H, T, directions, U, B)
        y = ops.reshape(y, (self.height * steps, -1))
        y = ops.pad(y, ((0, self.height), (0, 0)))
        y = ops.reshape(y, (self.height, steps + 1, len(self.flips), units, self.batch))[:, : self.width]
        y = ops.transpose(y, (2, 4, 0, 1, 3))
        return ops.stack([_flipped(y[number], flip) for number, flip in enumerate(self.flips)])

    def above(self, columns: Any) -> Any:
        """Return for each lane what the row above it has; zeros above the first row."""
        return ops.concatenate([ops.zeros_like(columns[..., : self.batch]), columns[..., : -self.batch]], axis=-1)

    def below(self, columns: Any) -> Any:
        """Return for each lane what the row below it has; zeros below the last row."""
        return ops.concatenate([columns[..., self.batch :], ops.zeros_like(columns[..., : self.batch])], axis=-1)

    def _skewed(self, images: list[Any]) -> Any:
        """Shift row r by r, and put the diagonals first: images of each direction to (T, directions, units, lanes)."""
        units, steps = images[0].shape[-1], self.height + self.width - 1
        x = ops.transpose(ops.stack(images), (2, 3, 0, 4, 1))  # (H, W, directions, units, B)
        x = ops.reshape(x, (self.height, self.width, len(self.flips) * units * self.batch))
        x = ops.pad(x, ((0, 0), (0, self.height), (0, 0)))
        x = ops.reshape(x, (self.height * (steps + 1), -1))[: self.height * steps]
        x = ops.reshape(x, (self.height, steps, len(self.flips), units, self.batch))
        x = ops.transpose(x, (1, 2, 3, 0, 4))
        return ops.reshape(x, (steps, len(self.flips), units, self.height * self.batch))


def _images_in_a_row(shape: Sequence[int | None]) -> int:
    """Return how many images of a batch (B, H, W, D) to lay side by side.

    The scan of an image then starts on the rows that are through with the one before, which else would idle; but steps
    on few lanes are no faster. On a GPU, where steps count more than idle rows, and where the batch is not known
    before, images are not laid side by side.
    """
    batch, height, width, _ = shape
    if not batch or height is None or width is None or gpu_visible():
        return 1
    return max(row for row in range(1, batch + 1) if batch % row == 0 and (row == 1 or height * batch // row >= _LANES))


def _joined(x: Any, row: int) -> Any:
    """Lay images side by side: (B, H, W, D) to (B / n, H, n * W, D)."""
    batch, height, width, units = x.shape
    x = ops.transpose(ops.reshape(x, (batch // row, row, height, width, units)), (0, 2, 1, 3, 4))
    return ops.reshape(x, (batch // row, height, row * width, units))


def _parted(y: Any, row: int) -> Any:
    """Part outputs of images that lie side by side: (directions, B / n, H, n * W, U) to (directions, B, H, W, U)."""
    directions, rows, height, width, units = y.shape
    y = ops.transpose(ops.reshape(y, (directions, rows, height, row, width // row, units)), (0, 1, 3, 2, 4, 5))
    return ops.reshape(y, (directions, rows * row, height, width // row, units))


def _flipped(image: Any, flip: tuple[bool, bool]) -> Any:
    """Turn images (B, H, W, ...) upside down and left to right, one after the other: OpenVINO reads no other way."""
    for axis, yes in zip((1, 2), flip, strict=True):
        image = ops.flip(image, axis) if yes else image
    return image


@dataclass(frozen=True)
class _Loop:
    """The loop over the diagonals, forwards and backwards."""

    cell: type[Cell]
    diagonals: _Diagonals
    places: Sequence[Any]
    """What every step is told of its place, (T, directions, 1, lanes) each: 1 where there is a picture and 0 elsewhere,
    also outside of the image; and if images lie side by side, 0 where one begins beside another, else 1."""
    turned: bool
    """Whether the rows of the diagonals are columns of the image: what is above is then to the left."""

    def forward(self, x: Any, weights: Sequence[Any]) -> tuple[Any, ...]:
        """Return x, and h, c and gates after each step, (T, directions, units, lanes) each."""
        kernel, recurrent_kernel, bias, *peepholes = weights
        by_units = ops.swapaxes(ops.concatenate([kernel, recurrent_kernel], axis=1), 1, 2)
        bias, peepholes = bias[..., None], _columns(peepholes)

        def step(carried, x, inside, follows=None):
            h, c, _ = carried
            z = ops.matmul(by_units, self._seen(x, h, follows)) + bias
            h, c, gates = self.cell.forward(z, *self._neighbours(c, follows), peepholes)
            return h * inside, c * inside, gates

        zeros = self._zeros(x, recurrent_kernel.shape[1] // 2)
        state = (zeros, zeros, ops.concatenate([zeros] * GATES, axis=1))
        return x, *scan(step, state, (x, *self.places), join_axis=_AXIS_OF_UNITS)

    def backward(self, by_h: Any, weights: Sequence[Any], columns: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the derivatives by x, (T, directions, D, lanes), and by each weight."""
        kernel, recurrent_kernel, _, *peepholes = weights
        width, units = kernel.shape[1], recurrent_kernel.shape[1] // 2
        every_kernel, peepholes = ops.concatenate([kernel, recurrent_kernel], axis=1), _columns(peepholes)
        x, h, c, gates = columns
        zeros = self._zeros(x, units)
        h_before, c_before = (ops.concatenate([zeros[None], states[:-1]]) for states in (h, c))

        def step(carried, by_h_now, x, h_before, c_before, c, gates, inside, follows=None):
            by_h, by_c, _, by_kernel, by_rows = carried
            by_h, by_c = (by_h + by_h_now) * inside, by_c * inside
            neighbours = self._neighbours(c_before, follows)
            by_z, by_up, by_left, by_peepholes = self.cell.backward(by_h, by_c, gates, c, *neighbours, peepholes)
            rows = ops.concatenate([*by_z, *by_peepholes], axis=1)
            by_z = ops.concatenate(by_z, axis=1)
            by_x, by_h_up, by_h_left = ops.split(ops.matmul(every_kernel, by_z), (width, width + units), axis=1)
            now = ops.matmul(by_z, ops.swapaxes(self._seen(x, h_before, follows), 1, 2))
            return (
                self._to_neighbours(by_h_up, by_h_left, follows),
                self._to_neighbours(by_up, by_left, follows),
                by_x,
                by_kernel + ops.cast(now, exact),
                by_rows + ops.sum(ops.cast(rows, exact), axis=2, keepdims=True),
            )

        num_rows = (GATES + self.cell.peepholes) * units
        exact = keras.backend.result_type(x.dtype, "float32")  # for sums over all pixels
        by_kernel = ops.zeros((kernel.shape[0], GATES * units, width + 2 * units), exact)
        state = (zeros, zeros, ops.zeros_like(x[0]), by_kernel, ops.zeros((kernel.shape[0], num_rows, 1), exact))
        inputs = (by_h, x, h_before, c_before, c, gates, *self.places)
        _, _, by_x, by_kernel, by_rows = scan(step, state, inputs, backwards=True, join_axis=_AXIS_OF_UNITS)
        by_kernel = ops.cast(ops.swapaxes(by_kernel[0], 1, 2), x.dtype)  # sums are complete at the first diagonal
        by_rows = ops.cast(by_rows[0, ..., 0], x.dtype)
        by_weights = [by_kernel[:, :width], by_kernel[:, width:], by_rows[:, : GATES * units]]
        if self.cell.peepholes:
            by_weights.append(ops.reshape(by_rows[:, GATES * units :], (-1, self.cell.peepholes, units)))
        return by_x, *by_weights

    def _zeros(self, x: Any, units: int) -> Any:
        """Return the states before the first diagonal, (directions, U, lanes)."""
        return ops.repeat(ops.zeros_like(x[0, :, :1]), units, axis=1)

    def _seen(self, x: Any, h: Any, follows: Any) -> Any:
        """Return what a step's product takes: inputs, and outputs of the upper and the left neighbour."""
        return ops.concatenate([x, *self._neighbours(h, follows)], axis=1)

    def _neighbours(self, before: Any, follows: Any) -> tuple[Any, Any]:
        """Return what the upper and the left neighbour of each lane have, from the diagonal before."""
        shifted, same = self.diagonals.above(before), before if follows is None else before * follows
        return (same, shifted) if self.turned else (shifted, same)

    def _to_neighbours(self, by_up: Any, by_left: Any, follows: Any) -> Any:
        """Return the derivative by the diagonal before, from those by the neighbours."""
        by_shifted, by_same = (by_left, by_up) if self.turned else (by_up, by_left)
        return self.diagonals.below(by_shifted) + (by_same if follows is None else by_same * follows)


def _columns(peepholes: Sequence[Any]) -> Any:
    """Return peepholes (directions, n, U) as columns that fit the units, n times (directions, U, 1); None without."""
    return ops.unstack(peepholes[0][..., None], axis=1) if peepholes else None
