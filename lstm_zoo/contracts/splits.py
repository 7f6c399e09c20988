"""Splits: the prepared examples of a data set, as training and evaluation read them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .answers import Outputs
from .spec import Spec
from .survey import BadFile
from .task import Judged

if TYPE_CHECKING:
    import keras
    import numpy as np
    import tensorflow as tf

FEATURES = "features"
"""Name of what an encoder makes of an input, which then takes its place among the inputs."""


class Share(NamedTuple):
    """The rows of batches that are one process' own, where several train together."""

    number: int = 0
    of: int = 1

    def rows(self, batch_size: int) -> int:
        """Return how many of a batch are its own."""
        return batch_size // self.of


WHOLE = Share()


class Splits(ABC):
    """The prepared examples of one data set: streams for training and evaluation, and what is known of each example."""

    spec: Spec
    folder: Path
    """Where the prepared examples are, and what is computed from them."""
    fingerprint: str
    """Changes whenever the examples do, or how they are shown."""
    bad_files: Sequence[BadFile]
    """What was left out."""
    augmented: bool
    """Whether a training example differs from epoch to epoch."""

    @abstractmethod
    def size(self, split: str) -> int:
        """Return the number of examples in a split; 0 where there is no such split."""

    def longest(self) -> int | None:
        """Return how long the longest example of all splits is, where they differ in length."""
        return None

    @abstractmethod
    def train_stream(
        self,
        batch_size: int,
        seed: int,
        first_epoch: int = 0,
        first_step: int = 0,
        *,
        drop_remainder: bool = False,
        share: Share = WHOLE,
    ) -> tf.data.Dataset:
        """Return endless batches `(inputs and hints by name, target)`, one epoch after the other.

        Order and augmentation depend on `(seed, epoch, example)` alone, so a stream that starts in the middle
        continues exactly where an interrupted one would have gone on.

        Args:
            batch_size: Examples a batch.
            seed: Seed of order and augmentation.
            first_epoch: Epoch to start with.
            first_step: Its batches that are passed over.
            drop_remainder: Leave out what does not fill the last batch of an epoch, other examples each time, instead
                of making a smaller batch.
            share: Read these rows of each batch alone; `batch_size` is that of all processes, and a remainder is to be
                dropped.
        """

    @abstractmethod
    def train_names(self, batch_size: int, seed: int, epoch: int, steps: range) -> list[str]:
        """Return the names of the examples that some steps of an epoch of `train_stream` show."""

    @abstractmethod
    def eval_stream(
        self, split: str, batch_size: int, share: Share = WHOLE, *, batches: range | None = None
    ) -> tf.data.Dataset:
        """Return one pass over the views of a split in stored order, in batches as those of `train_stream`.

        Args:
            split: Its name.
            batch_size: Views a batch.
            share: Whose rows to show: of full batches its own, and of a last one that is not full all.
            batches: Numbers of those to show; the examples of others are not decoded. None: all.
        """

    @abstractmethod
    def merged(self, split: str, batches: Iterable[Outputs]) -> Iterator[Outputs]:
        """Yield the outputs for each example, from batches of outputs for the rows of `eval_stream`."""

    @abstractmethod
    def judged(self, split: str) -> Iterator[Judged]:
        """Yield what each example is judged by, in stored order."""

    @abstractmethod
    def pictures(self, split: str, indices: Sequence[int]) -> dict[int, np.ndarray]:
        """Return some examples as they are shown to people, by their numbers."""

    @abstractmethod
    def counts(self, split: str) -> dict[str, int]:
        """Return what a split holds, by name: the examples of each class, say."""

    def remarks(self) -> list[str]:
        """Return what is lost, classes first of all: files that cannot be used, classes that a split has nothing of.

        Raises:
            InputError: A split has nothing of any class.
        """
        return []

    @abstractmethod
    def on_features(
        self,
        encoder: keras.Model,
        about: dict[str, Any],
        num_views: int = 1,
        encoded: Callable[[str], Iterable[np.ndarray]] | None = None,
    ) -> Splits:
        """Return these examples as an encoder sees them; features are computed once and kept.

        Args:
            encoder: From inputs by name to a dict of `FEATURES` alone, which take their place in the batches.
            about: What the encoder is, besides its weights; ready for JSON.
            num_views: Augmented views of each training example; epoch e shows view e modulo their number.
            encoded: Gives the features of all views of a split, in batches; None: the encoder does, in this process.
        """
