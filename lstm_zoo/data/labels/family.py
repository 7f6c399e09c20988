"""How labelled pictures are stored, and how blocks of them are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from ...contracts import PROBABILITIES, InputError, Outputs, Spec
from ...contracts.labels import VOID
from ...media.errors import MediaError
from ..pipeline.classes import ClassFamily
from ..pipeline.family import TARGET, Family, Record, Row
from .blocks import PictureAugment
from .tiles import CutBlocks, Tiling, extended
from .varying import vary


class _Part(NamedTuple):
    """How an array of a record is shown."""

    name: str
    """Among the tensors of an example."""
    shape: tuple[int, ...]
    """Of a block."""
    finished: Callable[[np.ndarray], np.ndarray]
    """Makes what was cut out of the array a block."""


class Blocks(Family):
    """A base of families: pictures as arrays of uint8; blocks of one size of them.

    Args:
        spec: Classes, and the shape of a block.
        augment: How training pictures are varied.
    """

    keep = "disk"  # pictures may be large, and parts of them are needed in any order
    augmented = True  # the place of a block may vary

    def __init__(self, spec: Spec, augment: PictureAugment):
        super().__init__(spec)
        self._augment = augment
        name, self._tensor = spec.only_input
        self._shape = tuple(side for side in self._tensor.shape if side is not None)
        self._block = self._shape[:-1]
        self._channels = self._shape[-1] - self._tensor.masked
        self._parts = {"picture": _Part(name, self._shape, self._as_input)}
        self.shown_by = f"{augment.model_dump_json()}-{self._shape}"

    def features(self) -> dict[str, Any]:
        return {
            name: tfds.features.Tensor(shape=(None,) * len(part.shape), dtype=np.uint8, encoding="zlib")
            for name, part in self._parts.items()
        }

    def check(self, rows: Sequence[Row]) -> None:
        """Refuse pictures with another number of channels than a block."""
        for row in rows:
            *_, count = row["shape"].split(" x ")
            if int(count) != self._channels:
                raise InputError(
                    "data.root",
                    f"{row['name']} ({row['split']}) has {count} channel{'s' * (count != '1')}, expected "
                    f"{self._channels} as the network sees; all pictures have to have as many",
                )

    def row(self, record: Record) -> dict[str, str]:
        return {"shape": " x ".join(map(str, record["picture"].shape))}

    def content(self, record: Record) -> Iterable[np.ndarray]:
        yield record["picture"]

    def measures(self, record: Record, target: Any) -> dict[str, float]:
        *size, channels = record["picture"].shape
        return {**dict(zip(("planes", "height", "width")[-len(size) :], size, strict=True)), "channels": channels}

    def train(self, record: Record, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return a random, varied block of a picture, (*block, C) uint8, and its labels where pixels have them."""
        parts = self._parts.values()

        def block(seed: np.ndarray, *arrays: np.ndarray) -> list[np.ndarray]:
            random = np.random.default_rng(seed.view(np.uint64))
            tiling = self._tiling(arrays[0])
            corner = tiling.random_corner(random)
            varied = vary([tiling.cut(array, corner) for array in arrays], self._augment, random)
            return [part.finished(array) for part, array in zip(parts, varied, strict=True)]

        arrays = [seed, *(record[name] for name in self._parts)]
        shown = tf.numpy_function(block, arrays, [tf.uint8] * len(parts), stateful=False)
        return {part.name: tf.ensure_shape(array, part.shape) for part, array in zip(parts, shown, strict=True)}

    def show(self, record: Record) -> dict[str, tf.Tensor]:
        """Return all blocks of a picture, (N, *block, C) uint8, and their labels, where they are known.

        Raises:
            MediaError: The picture has another number of axes or channels than those the network was trained on.
        """
        self._check_shape(tuple(record["picture"].shape))
        return {part.name: self._all_blocks(record[name], part) for name, part in self._parts.items() if name in record}

    def shown(self, records: tf.data.Dataset, threads: int) -> tf.data.Dataset:
        if len(self._block) < 3:
            return super().shown(records, threads)
        return records.flat_map(lambda record: self._blocks_one_by_one(record, threads))

    def blocks_of(self, picture: np.ndarray) -> Sequence[np.ndarray]:
        """Return all blocks of a picture as a network's inputs, each made when it is asked for.

        Raises:
            MediaError: As `show`.
        """
        self._check_shape(picture.shape)
        return CutBlocks(picture, self._tiling(picture), self._as_input)

    def num_views(self, row: Row) -> int:
        return len(Tiling(_size(row), self._block).corners())

    def picture(self, record: Record, shown: Mapping[str, np.ndarray] | None = None) -> np.ndarray:
        del shown
        return np.asarray(record["picture"])

    def _tiling(self, array: np.ndarray) -> Tiling:
        return Tiling(array.shape[: len(self._block)], self._block)

    def _check_shape(self, shape: tuple[int | None, ...]) -> None:
        if len(shape) != len(self._shape) or shape[-1] not in (None, self._channels):
            raise MediaError(
                f"has the shape {shape}; expected {len(self._shape)} axes, {self._channels} channels last, as in "
                "training"
            )

    def _blocks_one_by_one(self, record: Record, threads: int) -> tf.data.Dataset:
        """Return what `show` does, block by block: all of a volume's take many times its room."""
        picture = record["picture"]
        size = tf.shape(picture)[:-1]

        def corners(size: np.ndarray) -> np.ndarray:
            return np.array(Tiling(size.tolist(), self._block).corners(), np.int32)

        def block(corner: tf.Tensor) -> dict[str, tf.Tensor]:
            sides = tf.minimum(self._block, size - corner)
            return {part.name: cut(record[name], part, corner, sides) for name, part in self._parts.items()}

        def cut(array: tf.Tensor, part: _Part, corner: tf.Tensor, sides: tf.Tensor) -> tf.Tensor:
            behind = tf.shape(array)[len(self._block) :]
            cut = tf.slice(array, tf.concat([corner, 0 * behind], 0), tf.concat([sides, behind], 0))
            return tf.ensure_shape(tf.numpy_function(part.finished, [cut], tf.uint8, stateful=False), part.shape)

        starts = tf.ensure_shape(tf.numpy_function(corners, [size], tf.int32, stateful=False), (None, len(self._block)))
        return tf.data.Dataset.from_tensor_slices(starts).map(block, num_parallel_calls=threads)

    def _all_blocks(self, array: tf.Tensor, part: _Part) -> tf.Tensor:
        """Return all blocks of an array (*size, ...)."""

        def blocks(array: np.ndarray) -> np.ndarray:
            tiling = self._tiling(array)
            return np.stack([part.finished(tiling.cut(array, corner)) for corner in tiling.corners()])

        return tf.ensure_shape(tf.numpy_function(blocks, [array], tf.uint8, stateful=False), (None, *part.shape))

    def _as_input(self, picture: np.ndarray) -> np.ndarray:
        """Return a picture (..., C) no larger than a block as a network's input.

        What is missing is masked, or where the network knows no mask, filled up by repeating the last row and column.
        """
        if self._tensor.masked:
            picture = np.concatenate([picture, np.full((*picture.shape[:-1], 1), 255, np.uint8)], axis=-1)
        return extended(picture, self._shape, 0 if self._tensor.masked else None)

    def _as_target(self, labels: np.ndarray) -> np.ndarray:
        """Return labels no larger than a block as those of one; what is missing has no label."""
        return extended(labels, self._block, VOID)


class ClassifiedBlocks(Blocks, ClassFamily):
    """Pictures with one class each; blocks of one size of them."""


class LabelledBlocks(Blocks):
    """Pictures as arrays of uint8, with the label of each pixel; blocks of one size of both.

    Args:
        spec: Classes, and the shape of a block.
        augment: How training pictures are varied.
        labels_alone: Whether merged outputs lack probabilities, which take many times the room of labels.
    """

    def __init__(self, spec: Spec, augment: PictureAugment, labels_alone: bool = False):
        super().__init__(spec, augment)
        self._labels_alone = labels_alone
        self._parts["labels"] = _Part(TARGET, self._block, self._as_target)

    def example(self, record: Record) -> dict[str, np.ndarray]:
        """Return the block in which there is most to see: most classes, and then least of the commonest one."""
        self._check_shape(record["picture"].shape)
        tiling, labels = self._tiling(record["labels"]), record["labels"]

        def to_see(corner: tuple[int, ...]) -> tuple[int, int]:
            counts = _counts(tiling.cut(labels, corner))
            return int(np.count_nonzero(counts)), -int(counts.max())

        corner = max(tiling.corners(), key=to_see)
        return {part.name: part.finished(tiling.cut(record[name], corner)) for name, part in self._parts.items()}

    def merge(self, row: Row, views: Iterator[Outputs]) -> Outputs:
        """Return probabilities (*size, K) and labels (*size) uint8 of a picture, blended from those of its blocks."""
        probabilities, labels = [], []
        for slab in Tiling(_size(row), self._block).slabs(view[PROBABILITIES] for view in views):
            labels.append(slab.argmax(axis=-1).astype(np.uint8))
            probabilities += [] if self._labels_alone else [slab]
        merged = {"labels": np.concatenate(labels)}
        return {PROBABILITIES: np.concatenate(probabilities), **merged} if probabilities else merged

    def truths(self, rows: Sequence[Row], records: Callable[[], Iterable[Record]]) -> Iterator[np.ndarray]:
        """Yield the label map of each picture, (*size) uint8."""
        if rows:
            yield from (record["labels"] for record in records())

    def counts(self, facts: Any, truths: Callable[[], Iterable[Any]]) -> dict[str, int]:
        """Return the number of pixels of each class, and of void."""
        found: Counter[str] = Counter(dict.fromkeys(self.spec.class_names, 0))
        for labels in truths():
            found.update(self._pixels(labels))
        return dict(found)

    def classes(self, record: Record, target: Any) -> dict[str, int]:
        return self._pixels(record["labels"])

    def _pixels(self, labels: np.ndarray) -> dict[str, int]:
        """Return the number of pixels of each class that there is in a label map, and of void."""
        counts = _counts(labels)
        return {
            "void" if number == VOID else self.spec.class_names[number]: int(counts[number])
            for number in np.flatnonzero(counts).tolist()
        }


def _counts(labels: np.ndarray) -> np.ndarray:
    """Return how often each number stands in a label map, (256,); row by row, since NumPy counts in 8 bytes each."""
    return np.sum([np.bincount(part.ravel(), minlength=VOID + 1) for part in labels], axis=0)


def _size(row: Row) -> tuple[int, ...]:
    """Return the size of a picture, without channels."""
    return tuple(map(int, row["shape"].split(" x ")))[:-1]
