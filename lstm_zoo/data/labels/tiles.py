"""Pictures of any size through a network of one size: overlapping blocks, blended into one answer."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

_SPREAD = 0.25  # standard deviation of a block's Gaussian weight, as a share of its side


@dataclass(frozen=True)
class Tiling:
    """Blocks that cover a picture or a volume, each half over the next at least.

    Args:
        size: Of the picture, without channels: (H, W) or (Z, H, W).
        block: What the network takes.
    """

    size: Sequence[int]
    block: Sequence[int]

    def corners(self) -> list[tuple[int, ...]]:
        """Return where the blocks begin; where a picture is no larger than a block, there is one."""
        return list(itertools.product(*map(_starts, self.size, self.block)))

    def random_corner(self, random: np.random.Generator) -> tuple[int, ...]:
        """Return where a block begins that lies anywhere in the picture."""
        return tuple(
            int(random.integers(max(0, side - most) + 1)) for side, most in zip(self.size, self.block, strict=True)
        )

    def cut(self, array: np.ndarray, corner: Sequence[int]) -> np.ndarray:
        """Return the part of an array (*size, ...) that lies in the block at a corner; it may be smaller."""
        return array[tuple(slice(start, start + side) for start, side in zip(corner, self.block, strict=True))]

    def merge(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        """Return outputs of the blocks (*block, K), in the order of `corners`, as one for the picture, (*size, K).

        Where blocks overlap, the mean is weighed by a Gaussian around the middle of each: what a network says of a
        block's edge, it says with less context.
        """
        return np.concatenate(list(self.slabs(blocks)))

    def slabs(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield what `merge` returns, some planes (or rows) at a time; no more than a block's are in memory."""
        blocks = iter(blocks)
        if all(side <= most for side, most in zip(self.size, self.block, strict=True)):
            (only,) = blocks
            yield self.cut(only, [0] * len(self.size))[tuple(map(slice, self.size))]
            return
        weights = reduce(np.multiply.outer, map(_bell, self.block))[..., None].astype(np.float32)
        first, sums, total = 0, None, None  # of the planes from the first on that further blocks touch
        for (start, *corner), values in zip(self.corners(), blocks, strict=True):
            if sums is None or total is None:
                shape = (min(self.size[0], self.block[0]), *self.size[1:])
                sums, total = np.zeros((*shape, values.shape[-1]), np.float32), np.zeros((*shape, 1), np.float32)
            if finished := start - first:
                yield sums[:finished] / total[:finished]
                for kept in (sums, total):
                    kept[:-finished] = kept[finished:]
                    kept[-finished:] = 0
                first = start
            there = self.cut(total, (0, *corner))
            inside = tuple(map(slice, there.shape[:-1]))
            there += weights[inside]
            self.cut(sums, (0, *corner))[...] += (values * weights)[inside]
        assert sums is not None and total is not None
        yield sums / total


class CutBlocks(Sequence[np.ndarray]):
    """All blocks of an array, each cut when it is asked for.

    Args:
        array: (*size, ...).
        tiling: How it is cut.
        finished: What makes a block of what was cut.
    """

    def __init__(self, array: np.ndarray, tiling: Tiling, finished: Callable[[np.ndarray], np.ndarray]):
        self._array, self._tiling, self._finished = array, tiling, finished
        self._corners = tiling.corners()

    def __len__(self) -> int:
        return len(self._corners)

    def __getitem__(self, index: Any) -> Any:
        return self._finished(self._tiling.cut(self._array, self._corners[index]))


def extended(array: np.ndarray, shape: tuple[int, ...], fill: int | None) -> np.ndarray:
    """Return an array with more at the end of each axis: a value, or None to repeat the last one."""
    missing = [(0, more - side) for side, more in zip(array.shape, shape, strict=True)]
    if not any(more for _, more in missing):
        return np.ascontiguousarray(array)
    return np.pad(array, missing, "edge") if fill is None else np.pad(array, missing, constant_values=fill)


def _starts(side: int, block: int) -> Iterator[int]:
    """Return where the blocks along one axis begin."""
    count = 1 + max(0, -(-(side - block) * 2 // max(2, block)))  # blocks of one plane cannot overlap
    return (round(start) for start in np.linspace(0, max(0, side - block), count))


def _bell(side: int) -> np.ndarray:
    """Return the weights along one axis of a block."""
    places = (np.arange(side) - (side - 1) / 2) / (_SPREAD * side)
    return np.exp(-0.5 * places**2)
