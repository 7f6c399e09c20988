"""Reading of labelled pictures: stored ones become batches of blocks with their labels, outputs become whole again."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ..console.text import first_line
from ..contracts import SPLITS, InputError, Spec, Splits, Views, mean, unbatched
from ..labels import VOID
from .label_builder import LabelBuilder, StoredPicture
from .order import epoch_seed, example_seed, shuffled
from .photos import fit_within
from .records import THREADS, reading_options
from .segmentation import PictureAugment
from .tiles import Tiling


class _Stored(NamedTuple):
    """The pictures of a split, in stored order; the arrays are views of a file."""

    names: list[str]
    pictures: list[np.ndarray]
    labels: list[np.ndarray]


class LabelSplits(Splits):
    """Pictures with labels, out of a `LabelBuilder`'s data set.

    Args:
        builder: The prepared data set.
        augment: How training pictures are varied.
        spec: Shape of a block, and classes.
        one_label: Whether a picture has one label; else each of its pixels has.

    Raises:
        InputError: A picture has another number of channels than a block.
    """

    def __init__(self, builder: LabelBuilder, augment: PictureAugment, spec: Spec, *, one_label: bool):
        self._builder = builder
        self._augment = augment
        self._one_label = one_label
        self._known: dict[str, _Stored] = {}
        self._block = spec.input_shape[:-1]
        self.spec = spec
        self.folder = Path(builder.data_dir)
        self.augmented = True  # the place of a block may vary
        settings = f"{augment.model_dump_json()}-{spec.input_shape}"
        self.inputs_fingerprint = self.fingerprint = f"{builder.info.full_name}/{settings}"
        channels = spec.input_shape[-1] - spec.masked
        for split in SPLITS:
            for name, (*_, count), _ in builder.stored(split):
                if count != channels:
                    raise InputError(
                        "data.root",
                        f"{name} ({split}) has {count} channel{'s' * (count > 1)}, expected {channels} as the network "
                        "sees; all pictures have to have as many",
                    )

    def size(self, split: str) -> int:
        """Return the number of pictures in a split; 0 where there is no such split."""
        splits = self._builder.info.splits
        return splits[split].num_examples if split in splits else 0

    def train_stream(
        self, batch_size: int, seed: int, first_epoch: int = 0, *, drop_remainder: bool = False
    ) -> tf.data.Dataset:
        """Return endless shuffled batches: a block of each picture (B, *block, C) uint8, and its labels uint8."""

        def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
            seed_now = epoch_seed(seed, epoch)
            numbers = tf.data.Dataset.from_tensor_slices(shuffled(self.size("train"), seed_now))
            return self._varied(numbers, seed_now).batch(batch_size, drop_remainder)

        self._stored("train")
        epochs = tf.data.Dataset.range(first_epoch, tf.int32.max)
        return epochs.flat_map(one_epoch).with_options(reading_options()).prefetch(2)

    def train_views(self, batch_size: int, seed: int, epoch: int) -> tf.data.Dataset:
        """Return one pass over the training pictures in stored order, varied as in that epoch."""
        self._stored("train")
        numbers = tf.data.Dataset.range(self.size("train"))
        return self._varied(numbers, epoch_seed(seed, epoch)).batch(batch_size).with_options(reading_options())

    def eval_stream(self, split: str, batch_size: int) -> tf.data.Dataset:
        """Return all blocks of each picture with their labels, in stored order; see `merged`."""
        stored = self._stored(split)
        corners = [
            (number, *corner)
            for number, picture in enumerate(stored.pictures)
            for corner in self._tiling(picture).corners()
        ]

        def block(place: np.ndarray) -> list[np.ndarray]:
            number, *corner = place.tolist()
            picture = stored.pictures[number]
            cut = self._tiling(picture).cut
            labels = stored.labels[number] if self._one_label else cut(stored.labels[number], corner)
            return [*_as_block(cut(picture, corner), labels, self.spec, one_label=self._one_label)]

        places = tf.data.Dataset.from_tensor_slices(np.array(corners, np.int32))
        blocks = places.map(lambda place: self._shaped(block, place), num_parallel_calls=THREADS)
        return blocks.batch(batch_size).with_options(reading_options()).prefetch(2)

    def merged(self, split: str, batches: Iterable[Any]) -> Iterator[Any]:
        """Yield the outputs of each picture, (*size, K), from those of its blocks."""
        rows = unbatched(batches)
        for picture in self._stored(split).pictures:
            tiling = self._tiling(picture)
            yield (mean if self._one_label else tiling.merge)(islice(rows, len(tiling.corners())))

    def targets(self, split: str) -> list[np.ndarray] | np.ndarray:
        """Return the label map of each picture, or their labels (examples,) where each has one."""
        labels = self._stored(split).labels if self.size(split) else []
        return np.array([int(one.flat[0]) for one in labels]) if self._one_label else labels

    def pictures(self, split: str, indices: Sequence[int]) -> dict[int, np.ndarray]:
        """Return some pictures, whole, by their numbers."""
        return {index: self._stored(split).pictures[index] for index in indices}

    def names(self, split: str) -> list[str]:
        """Return the pictures' names."""
        return self._stored(split).names

    def counts(self, split: str) -> dict[str, int]:
        """Return the number of labels (pixels, or pictures where each has one) of each class, and of void."""
        found: Counter[int] = Counter()
        for labels in self._stored(split).labels:
            numbers, counts = np.unique(labels, return_counts=True)
            found.update(dict(zip(numbers.tolist(), counts.tolist(), strict=True)))
        named = {name: found[number] for number, name in enumerate(self.spec.class_names)}
        return {**named, **({"void": found[VOID]} if found[VOID] else {})}

    def _varied(self, numbers: tf.data.Dataset, seed: tf.Tensor) -> tf.data.Dataset:
        """Return a random, varied block of each picture."""

        def block(number: np.ndarray, seed: np.ndarray) -> list[np.ndarray]:
            stored = self._stored("train")
            random = np.random.default_rng(seed.view(np.uint64))
            picture, labels = stored.pictures[number], stored.labels[number]
            tiling = self._tiling(picture)
            corner = tiling.random_corner(random)
            labels = labels if self._one_label else tiling.cut(labels, corner)
            picture, labels = vary(tiling.cut(picture, corner), labels, self._augment, random)
            return [*_as_block(picture, labels, self.spec, one_label=self._one_label)]

        return numbers.map(
            lambda number: self._shaped(block, number, example_seed(seed, number)), num_parallel_calls=THREADS
        )

    def _shaped(self, block: Callable, *arguments: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Call a NumPy function within a tf.data pipeline, and tell the shapes of block and labels."""
        picture, labels = tf.numpy_function(block, arguments, [tf.uint8, tf.uint8], stateful=False)
        label_shape = () if self._one_label else self._block
        return tf.ensure_shape(picture, self.spec.input_shape), tf.ensure_shape(labels, label_shape)

    def _tiling(self, picture: np.ndarray) -> Tiling:
        return Tiling(picture.shape[:-1], self._block)

    def _stored(self, split: str) -> _Stored:
        """Return the pictures of a split; decoded once, into a file that is read piece by piece."""
        if split not in self._known:
            if not self.size(split):
                have = ", ".join(f"{name} ({self.size(name)})" for name in self._builder.info.splits) or "none"
                raise InputError("data", f"there are no {split} examples; splits with examples: {have}")
            about = self._builder.stored(split)
            flat = _decoded(self._builder, split, about)
            pictures, labels, start = [], [], 0
            for one in about:
                for arrays, shape in ((pictures, one.shape), (labels, one.label_shape)):
                    end = start + math.prod(shape)
                    arrays.append(flat[start:end].reshape(shape))
                    start = end
            self._known[split] = _Stored([one.name for one in about], pictures, labels)
        return self._known[split]


def _decoded(builder: LabelBuilder, split: str, about: list[StoredPicture]) -> np.ndarray:
    """Return all pictures and label maps of a split, one behind the other, as a view of a file that is made if need be.

    The records of TFDS are compressed and in one order; training needs them in any.
    """
    file = Path(builder.data_dir) / f"decoded-{split}.npy"
    total = sum(math.prod(one.shape) + math.prod(one.label_shape) for one in about)
    if not file.is_file():
        draft = file.with_suffix(f".{os.getpid()}.draft")
        try:
            flat = np.lib.format.open_memmap(draft, "w+", np.uint8, (total,))
            start = 0
            for example in builder.as_dataset(split=split, shuffle_files=False).as_numpy_iterator():
                for array in (example["picture"], example["labels"]):
                    flat[start : start + array.size] = array.ravel()
                    start += array.size
            flat.flush()
            draft.replace(file)
        except OSError as error:
            raise InputError(
                "data.data_dir", f"{file} cannot be written ({first_line(error)}); free some room, or set data.data_dir"
            ) from error
        finally:
            draft.unlink(missing_ok=True)
    flat = np.load(file, mmap_mode="r")
    assert flat.shape == (total,), (file, flat.shape, total)
    return flat


def vary(
    picture: np.ndarray, labels: np.ndarray, augment: PictureAugment, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture (..., C) uint8 mirrored and recoloured by chance, and its labels mirrored alike."""
    axes = [axis for axis, name in enumerate("zyx"[-(picture.ndim - 1) :]) if name in augment.flip]
    chosen = [axis for axis in axes if random.random() < 0.5]
    picture, labels = np.flip(picture, chosen), np.flip(labels, chosen)
    if not (augment.brightness or augment.contrast or augment.saturation):
        return picture, labels
    values = picture.astype(np.float32)
    saturation, contrast, brightness = random.uniform(-1, 1, 3)
    if augment.saturation:
        grey = values.mean(axis=-1, keepdims=True)
        values = grey + (values - grey) * (1 + saturation * augment.saturation)
    middle = values.mean()
    values = middle + (values - middle) * (1 + contrast * augment.contrast) + brightness * augment.brightness * 255
    return values.round().clip(0, 255).astype(np.uint8), labels


def _as_block(picture: np.ndarray, labels: np.ndarray, spec: Spec, *, one_label: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture no larger than a block as one, with its labels; what is missing has no label."""
    labels = labels.reshape(-1)[0] if one_label else _extended(labels, spec.input_shape[:-1], VOID)
    return as_input(picture, spec), labels


def as_input(picture: np.ndarray, spec: Spec) -> np.ndarray:
    """Return a picture (..., C) no larger than a block as a network's input.

    What is missing is masked, or where the network knows no mask, filled up by repeating the last row and column.
    """
    if spec.masked:
        picture = np.concatenate([picture, np.full((*picture.shape[:-1], 1), 255, np.uint8)], axis=-1)
    return _extended(picture, spec.input_shape, 0 if spec.masked else None)


def _extended(array: np.ndarray, shape: tuple[int, ...], fill: int | None) -> np.ndarray:
    """Return an array with more at the end of each axis: a value, or None to repeat the last one."""
    missing = [(0, more - side) for side, more in zip(array.shape, shape, strict=True)]
    if not any(more for _, more in missing):
        return np.ascontiguousarray(array)
    return np.pad(array, missing, "edge") if fill is None else np.pad(array, missing, constant_values=fill)


def views_of_picture(picture: np.ndarray, spec: Spec, *, one_label: bool) -> Views:
    """Return a picture (..., C) of any size as the blocks that a network sees.

    Raises:
        InputError: It has another number of axes or channels than those the network was trained on.
    """
    channels = spec.input_shape[-1] - spec.masked
    if picture.ndim != len(spec.input_shape) or picture.shape[-1] != channels:
        raise InputError(
            "",
            f"has the shape {picture.shape}; expected {len(spec.input_shape)} axes, {channels} channels last, as in "
            "training",
        )
    tiling = Tiling(picture.shape[:-1], spec.input_shape[:-1])
    return Views(inputs=_Blocks(picture, spec, tiling), merge=mean if one_label else tiling.merge, picture=picture)


class _Blocks(Sequence):
    """The blocks of a picture as inputs, cut when they are asked for: together they are several times as large."""

    def __init__(self, picture: np.ndarray, spec: Spec, tiling: Tiling):
        self._picture, self._spec, self._tiling = picture, spec, tiling
        self._corners = tiling.corners()

    def __len__(self) -> int:
        return len(self._corners)

    def __getitem__(self, which: Any) -> np.ndarray:
        if isinstance(which, slice):
            return np.stack([self[number] for number in range(*which.indices(len(self)))])
        return as_input(self._tiling.cut(self._picture, self._corners[which]), self._spec)


def decoder(spec: Spec, max_side: int | None) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return what turns encoded images (B,), no larger than a block, into inputs (B, H, W, C), in a TensorFlow graph.

    Where inputs are masked, what is transparent in a PNG is padding.
    """
    height, width, channels = spec.input_shape

    def decode(encoded: tf.Tensor) -> tf.Tensor:
        stored = tf.io.decode_image(encoded, expand_animations=False)  # 1 channel is grey, 2 and 4 end in opacity
        count = tf.shape(stored)[-1]
        opacity = tf.cond(count % 2 == 0, lambda: stored[..., -1:], lambda: tf.zeros_like(stored[..., :1]) + 255)
        colours = tf.cond(count < 3, lambda: tf.repeat(stored[..., :1], 3, axis=-1), lambda: stored[..., :3])
        picture = fit_within(tf.concat([colours, opacity], axis=-1)[..., :channels], max_side)
        size = tf.shape(picture)[:2]
        fits = tf.reduce_all(size <= [height, width])
        with tf.control_dependencies([tf.debugging.Assert(fits, ["an image larger than", [height, width], size])]):
            rows, columns = (tf.range(side) for side in (height, width))
        if spec.masked:
            padded = tf.pad(picture, [[0, height - size[0]], [0, width - size[1]], [0, 0]])
        else:
            padded = tf.gather(picture, tf.minimum(rows, size[0] - 1))
            padded = tf.gather(padded, tf.minimum(columns, size[1] - 1), axis=1)
        return tf.ensure_shape(padded, spec.input_shape)

    inputs = tf.TensorSpec(spec.input_shape, tf.uint8)
    return lambda encoded: tf.map_fn(decode, encoded, fn_output_signature=inputs)
