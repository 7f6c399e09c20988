"""How captioned images are stored, and how they are shown with their captions as rows of word numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from ...contracts import Spec, Words
from ...contracts.words import END, PADDING, UNKNOWN, words_in
from ..pictures.augment import AugmentConfig
from ..pictures.measuring import size_of
from ..pictures.pixels import eval_photo, train_photo, vary
from ..pipeline.family import TARGET, Family, Record, Row, shown_of, target_of
from .vocabulary import number_words


class Numbered(NamedTuple):
    """The captions of a split as numbers."""

    captions: np.ndarray
    """Those of all images, one after the other, (captions, T) int32."""
    first: np.ndarray
    """Where each image's begin, (images + 1,)."""


class CaptionedImages(Family):
    """Images as JPEG or PNG; all of them stretched to one size, with N captions each.

    Args:
        spec: Shape of the images, vocabulary and length of the captions.
        augment: How training images are varied.
        per_image: Captions N of each image that an epoch shows.
    """

    def __init__(self, spec: Spec, augment: AugmentConfig, per_image: int):
        super().__init__(spec)
        assert isinstance(spec.target, Words)
        self._words = spec.target
        self._shape = tuple(side for side in spec.inputs["image"].shape if side is not None)
        self._augment = augment
        self._per_image = per_image
        self.keep = "never" if augment.crops else "memory"
        self.augmented = augment != AugmentConfig()
        self.trained_as_evaluated = not self.augmented
        self.shown_by = f"{augment.model_dump_json()}-{self._shape}"
        self.known_by = f"{self._words.max_words}-{per_image}" + "-characters" * (self._words.split == "characters")

    def features(self) -> dict[str, Any]:
        return {"image": tfds.features.Image(shape=(None, None, 3))}

    def measures(self, record: Record, target: Sequence[str]) -> dict[str, float]:
        words = [len(words_in(caption, self._words.split)) for caption in target]
        return {**size_of(record["image"]), "captions": len(words), "words a caption": sum(words) / len(words)}

    def facts(self, rows: Sequence[Row]) -> Numbered:
        """Return all captions as numbers."""
        captions = [target_of(row) for row in rows]
        numbers = number_words(list(chain(*captions)), self._words.vocabulary, self._words.max_words, self._words.split)
        return Numbered(numbers, np.cumsum([0, *map(len, captions)]))

    def known(self, facts: Numbered, numbers: np.ndarray, epoch: int) -> dict[str, np.ndarray]:
        """Return the captions that an epoch shows, (n, N, T) int32, as hints and as targets.

        Where an image has more than N, the next N follow in the next epoch; where it has fewer, the rest is padding.
        """
        first = facts.first[numbers][:, None]  # (n, 1)
        counts = facts.first[numbers + 1][:, None] - first
        places = np.arange(self._per_image)
        turns = np.where(counts > self._per_image, (places + epoch * self._per_image) % counts, places)
        there = turns < counts  # (n, N)
        captions = facts.captions[np.where(there, first + turns, 0)]  # (n, N, T)
        captions = np.where(there[..., None], captions, PADDING)
        return {"words": captions, TARGET: captions}

    def unpacked_bytes(self, rows: Sequence[Row], stored_bytes: int) -> int:
        return len(rows) * math.prod(self._shape)

    def unpacked(self, record: Record) -> Record:
        """Return the pixels as evaluation sees them, (H, W, 3) uint8."""
        return {"image": eval_photo(record["image"], self._shape[0])}

    def train(self, record: Record, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return a varied image, (H, W, 3) uint8."""
        image = record["image"]
        if image.dtype == tf.uint8:
            return {"image": vary(tf.ensure_shape(image, self._shape), self._augment, seed)}
        return {"image": train_photo(image, self._shape[0], self._augment, seed)}

    def show(self, record: Record) -> dict[str, tf.Tensor]:
        """Return the image, (1, H, W, 3) uint8."""
        return {"image": eval_photo(record["image"], self._shape[0])[tf.newaxis]}

    def truths(self, rows: Sequence[Row], records: Callable[[], Iterable[Record]]) -> Iterator[list[str]]:
        yield from map(target_of, rows)

    def counts(self, facts: Numbered, truths: Callable[[], Iterable[Any]]) -> dict[str, int]:
        """Return the number of captions, of those without room for their end, of their words, and of unknown ones."""
        numbers = facts.captions
        unknown = int((numbers == UNKNOWN).sum())
        return {
            "captions": len(numbers),
            "captions cut": int(((numbers[:, -1] != END) & (numbers[:, -1] != PADDING)).sum()),
            "words": int((numbers > END).sum()) + unknown,
            "unknown words": unknown,
        }

    def picture(self, record: Record, shown: Mapping[str, np.ndarray] | None = None) -> np.ndarray:
        """Return the image as the network sees it, (H, W, 3) uint8."""
        return (shown or shown_of(self, record))["image"][0]
