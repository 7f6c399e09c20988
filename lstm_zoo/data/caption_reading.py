"""Reading of captioned images: stored images become batches of pixels, captions become rows of word numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from ..contracts import InputError, Spec, Splits
from ..words import END, PADDING, UNKNOWN
from .caption_builder import CaptionBuilder
from .clips import AugmentConfig
from .order import epoch_seed, example_seed, shuffled
from .photos import eval_photo, train_photo, vary
from .records import DECODED_BYTES, THREADS, in_blocks, reading_options, stored_bytes
from .vocabulary import number_words

Judge = Callable[[Sequence[str], Any, Spec], dict[str, float]]


class _Facts(NamedTuple):
    """What is stored of a split beside the pixels, in stored order."""

    names: list[str]
    captions: list[list[str]]
    scenes: list[str]


class CaptionSplits(Splits):
    """Images with captions, out of a TFDS data set with the features `image` and `captions/text`.

    Args:
        builder: The prepared data set.
        augment: How training images are varied.
        per_image: Captions N of each image that an epoch shows.
        spec: Shape of the images, vocabulary and length of the captions.
        splits: TFDS split (sub-splits too) of each of train, val and test.
        judge: Gives further figures from scenes, outputs and spec.
    """

    def __init__(
        self,
        builder: tfds.core.DatasetBuilder,
        augment: AugmentConfig,
        per_image: int,
        spec: Spec,
        *,
        splits: Mapping[str, str],
        judge: Judge,
    ):
        self._builder = builder
        self._augment = augment
        self._per_image = per_image
        self._splits = splits
        self._judge = judge
        self._known: dict[str, _Facts] = {}
        self._numbered: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.spec = spec
        self.folder = Path(builder.data_dir)
        self.augmented = augment != AugmentConfig()
        self.trained_as_evaluated = not self.augmented
        settings = f"{augment.model_dump_json()}-{spec.input_shape}"
        self.inputs_fingerprint = f"{builder.info.full_name}/{settings}/{dict(splits)}"
        self.fingerprint = f"{self.inputs_fingerprint}-{spec.max_words}-{per_image}"

    def size(self, split: str) -> int:
        """Return the number of images in a split; 0 where there is no such split."""
        return self._builder.info.splits[self._splits[split]].num_examples if split in self._splits else 0

    def train_stream(
        self, batch_size: int, seed: int, first_epoch: int = 0, *, drop_remainder: bool = False
    ) -> tf.data.Dataset:
        """Return endless shuffled batches: images (B, H, W, 3) uint8 with captions (B, N, T) int32, and captions."""
        blocks, pixels_of = self._train_blocks()

        def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
            seed_now = epoch_seed(seed, epoch)

            def one_block(numbers: tf.Tensor, images: Any) -> tf.data.Dataset:
                rows = shuffled(tf.size(numbers), seed_now, numbers[0])
                return self._train_images(pixels_of, rows, seed_now, numbers, images)

            images = blocks.flat_map(one_block).batch(batch_size, drop_remainder)
            return images.map(lambda numbers, pixels: self._captioned("train", numbers, pixels, epoch))

        epochs = tf.data.Dataset.range(first_epoch, tf.int32.max)
        return epochs.flat_map(one_epoch).with_options(reading_options()).prefetch(2)

    def train_views(self, batch_size: int, seed: int, epoch: int) -> tf.data.Dataset:
        """Return one pass over the training images in stored order, varied as in that epoch."""
        blocks, pixels_of = self._train_blocks()
        seed_now = epoch_seed(seed, epoch)

        def one_block(numbers: tf.Tensor, images: Any) -> tf.data.Dataset:
            return self._train_images(pixels_of, tf.range(tf.size(numbers)), seed_now, numbers, images)

        images = blocks.flat_map(one_block).batch(batch_size)
        captioned = images.map(lambda numbers, pixels: self._captioned("train", numbers, pixels, epoch))
        return captioned.with_options(reading_options()).prefetch(2)

    def eval_stream(self, split: str, batch_size: int) -> tf.data.Dataset:
        """Return images with captions, and captions, in stored order."""
        side = self.spec.input_shape[0]
        images = self._records(split).map(lambda encoded: eval_photo(encoded, side), num_parallel_calls=THREADS)
        if self._fits(split):
            images = images.cache()  # a validation split is read in every epoch
        batches = images.enumerate().batch(batch_size)
        captioned = batches.map(lambda numbers, pixels: self._captioned(split, numbers, pixels, 0))
        return captioned.with_options(reading_options()).prefetch(2)

    def supervision(
        self, split: str, epoch: int = 0, rows: np.ndarray | None = None
    ) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
        """Return the captions that an epoch shows, (images, N, T) int32, as further input and as targets.

        Where an image has more than N, the next N follow in the next epoch; where it has fewer, the rest is padding.
        """
        numbers, first = self._numbers(split)
        rows = np.arange(self.size(split)) if rows is None else rows
        counts = (first[rows + 1] - first[rows])[:, None]  # (images, 1)
        places = np.arange(self._per_image)
        turns = np.where(counts > self._per_image, (places + epoch * self._per_image) % counts, places)
        there = turns < counts  # (images, N)
        captions = numbers[np.where(there, first[rows][:, None] + turns, 0)]  # (images, N, T)
        captions = np.where(there[..., None], captions, PADDING)
        return (captions,), captions

    def targets(self, split: str) -> list[list[str]]:
        """Return all captions of each image."""
        return self._facts(split).captions

    def names(self, split: str) -> list[str]:
        """Return the images' names."""
        return self._facts(split).names

    def counts(self, split: str) -> dict[str, int]:
        """Return the number of captions, of those without room for their end, of their words, and of unknown ones."""
        numbers, _ = self._numbers(split)
        unknown = int((numbers == UNKNOWN).sum())
        return {
            "captions": len(numbers),
            "captions cut": int(((numbers[:, -1] != END) & (numbers[:, -1] != PADDING)).sum()),
            "words": int((numbers > END).sum()) + unknown,
            "unknown words": unknown,
        }

    def judge(self, split: str, outputs: Any) -> dict[str, float]:
        """Return figures that only this data set can give."""
        return self._judge(self._facts(split).scenes, outputs, self.spec)

    def _captioned(self, split: str, numbers: tf.Tensor, pixels: tf.Tensor, epoch: tf.Tensor | int) -> tuple:
        """Return a batch of images with the captions that an epoch shows, and these as targets."""

        def captions_of(numbers: np.ndarray, epoch: np.ndarray) -> np.ndarray:
            return self.supervision(split, int(epoch), numbers)[1]

        captions = tf.numpy_function(captions_of, [numbers, epoch], tf.int32, stateful=False)
        captions = tf.ensure_shape(captions, [pixels.shape[0], self._per_image, self.spec.max_words])
        return (pixels, captions), captions

    def _train_blocks(self) -> tuple[tf.data.Dataset, Callable]:
        """Return the training images as blocks, and what makes pixels of one of them with a seed."""
        side = self.spec.input_shape[0]
        if self._augment.crops or not self._fits("train"):
            num_bytes = stored_bytes(self._builder, self._splits["train"])
            records = self._records("train").map(lambda encoded: (encoded,))
            blocks = in_blocks(records, self.size("train"), num_bytes)
            return blocks, lambda encoded, seed: train_photo(encoded, side, self._augment, seed)
        decoded = self._decoded

        def vary_decoded(number: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
            pixels = tf.numpy_function(lambda number: decoded[number], [number], tf.uint8, stateful=False)
            return vary(tf.ensure_shape(pixels, self.spec.input_shape), self._augment, seed)

        numbers = np.arange(self.size("train"))
        return tf.data.Dataset.from_tensors((numbers, numbers)), vary_decoded

    def _train_images(
        self, pixels_of: Callable, rows: tf.Tensor, seed: tf.Tensor, numbers: tf.Tensor, images: Any
    ) -> tf.data.Dataset:
        """Return some rows of a block: numbers and varied pixels."""

        def one_image(row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return numbers[row], pixels_of(images[row], example_seed(seed, numbers[row]))

        return tf.data.Dataset.from_tensor_slices(rows).map(one_image, num_parallel_calls=THREADS)

    @cached_property
    def _decoded(self) -> np.ndarray:
        """All training images as evaluation would see them, (images, H, W, 3) uint8."""
        side = self.spec.input_shape[0]
        images = self._records("train").map(lambda encoded: eval_photo(encoded, side), num_parallel_calls=THREADS)
        return np.stack(list(images.with_options(reading_options()).prefetch(2).as_numpy_iterator()))

    def _fits(self, split: str) -> bool:
        """Say whether a split's pixels are kept in memory."""
        return self.size(split) * math.prod(self.spec.input_shape) <= DECODED_BYTES

    def _records(self, split: str) -> tf.data.Dataset:
        """Return the encoded images of a split, () string each, in stored order."""
        if not self.size(split):
            have = ", ".join(f"{name} ({self.size(name)})" for name in self._splits) or "none"
            raise InputError("data", f"there are no {split} examples; splits with examples: {have}")
        decoders = tfds.decode.PartialDecoding({"image": True}, decoders={"image": tfds.decode.SkipDecoding()})
        dataset = self._builder.as_dataset(split=self._splits[split], shuffle_files=False, decoders=decoders)
        return dataset.map(lambda example: example["image"])

    def _facts(self, split: str) -> _Facts:
        """Return what is stored beside the pixels; read once."""
        if split not in self._known:
            self._known[split] = self._read_facts(split) if self.size(split) else _Facts([], [], [])
        return self._known[split]

    def _read_facts(self, split: str) -> _Facts:
        if isinstance(self._builder, CaptionBuilder):
            rows = self._builder.facts(split)
            return _Facts(*([row[name] for row in rows] for name in ("name", "captions", "scene")))
        decoders = tfds.decode.PartialDecoding({"captions": {"text": True}, "image/filename": True})
        dataset = self._builder.as_dataset(split=self._splits[split], shuffle_files=False, decoders=decoders)
        rows = list(dataset.as_numpy_iterator())
        return _Facts(
            names=[row["image/filename"].decode() for row in rows],
            captions=[[text.decode() for text in row["captions"]["text"]] for row in rows],
            scenes=[""] * len(rows),
        )

    def _numbers(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Return all captions of a split, (captions, T) int32, and where each image's begin, (images + 1,)."""
        if split not in self._numbered:
            captions = self._facts(split).captions
            every = [caption for of_image in captions for caption in of_image]
            numbers = number_words(every, self.spec.vocabulary, self.spec.max_words)
            self._numbered[split] = numbers, np.cumsum([0, *map(len, captions)])
        return self._numbered[split]
