"""Reading: prepared examples become batches of named tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...contracts import SPLITS, WHOLE, Classes, Judged, LabelMap, Outputs, Share, Splits, unbatched
from .family import TARGET, Family, Record
from .features import Features
from .gaps import told_gaps
from .media import Media, StoredMedia
from .stored import Stored, reading_options

_FILES = 20  # remarks on single files


class StoredSplits(Splits):
    """The prepared examples of a data set.

    Args:
        stored: Their records.
        family: How they are shown.
        media: What stands in place of their records, such as features.
        splits: Splits that are needed; None: all. Of the others, no table is read.
    """

    def __init__(self, stored: Stored, family: Family, media: Media | None = None, splits: Sequence[str] | None = None):
        self._stored = stored
        self._family = family
        self._media = media or StoredMedia(stored, family)
        self._needed = SPLITS if splits is None else splits
        for split in self._needed:
            family.check(stored.rows(split))
        self.spec = family.complete(stored.rows("train")) if "train" in self._needed else family.spec
        self.folder = stored.folder
        self.bad_files = stored.bad_files
        self.augmented = family.augmented
        self.fingerprint = f"{stored.fingerprint}/{family.shown_by}/{family.known_by}"
        self._facts = cache(lambda split: family.facts(stored.rows(split)))
        self._counts = cache(lambda split: family.counts(self._facts(split), lambda: self._truths(split)))

    def size(self, split: str) -> int:
        return self._stored.size(split)

    def longest(self) -> int | None:
        lengths = [self._family.lengths(self._stored.rows(split)) for split in SPLITS if self._stored.size(split)]
        return max((int(one.max()) for one in lengths if one is not None), default=None)

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
        assert drop_remainder or share == WHOLE
        media, known = self._media.epochs(seed, batch_size, drop_remainder, share), self._known("train")

        def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
            done = tf.where(epoch == first_epoch, first_step * batch_size, 0)
            return media(epoch, done).map(lambda numbers, shown: _example(shown, known(numbers, epoch)))

        epochs = tf.data.Dataset.range(first_epoch, tf.int32.max)
        return epochs.flat_map(one_epoch).with_options(reading_options()).prefetch(2)

    def train_names(self, batch_size: int, seed: int, epoch: int, steps: range) -> list[str]:
        shown = self._media.epochs(seed, batch_size, False)(tf.constant(epoch, tf.int64), steps.start * batch_size)
        rows = self._stored.rows("train")
        batches: Any = shown.map(lambda numbers, _: numbers).take(len(steps)).as_numpy_iterator()
        return [rows[number]["name"] for numbers in batches for number in numbers]

    def eval_stream(
        self, split: str, batch_size: int, share: Share = WHOLE, *, batches: range | None = None
    ) -> tf.data.Dataset:
        known = self._known(split)
        media = self._media.shown(split, batch_size, batches)
        if share != WHOLE:
            media = media.map(lambda *batch: _own_rows(batch, batch_size, share))
        examples = media.map(lambda numbers, shown: _example(shown, known(numbers, tf.constant(0, tf.int64))))
        return examples.with_options(reading_options()).prefetch(2)

    def merged(self, split: str, batches: Iterable[Outputs]) -> Iterator[Outputs]:
        views = unbatched(batches)
        for row in self._stored.rows(split):
            yield self._family.merge(row, islice(views, self._family.num_views(row)))

    def judged(self, split: str) -> Iterator[Judged]:
        for row, truth in zip(self._stored.rows(split), self._truths(split), strict=True):
            yield Judged(row["name"], truth, row.get("notes", ""))

    def pictures(self, split: str, indices: Sequence[int]) -> dict[int, np.ndarray]:
        found = {}
        for number, record in self._stored.records(split).take(max(indices, default=-1) + 1).enumerate():
            if int(number) in indices:
                found[int(number)] = self._family.picture(record)
        return found

    def counts(self, split: str) -> dict[str, int]:
        return dict(self._counts(split))

    def remarks(self) -> list[str]:
        told, target = list(self._stored.remarks), self.spec.target
        if isinstance(target, Classes | LabelMap):
            what = "pixel" if isinstance(target, LabelMap) else "example"
            counts = {split: self.counts(split) for split in self._needed if self.size(split)}
            told += told_gaps(counts, target.names, what)
        return [*told, *self._remarks_on_files()]

    def _remarks_on_files(self) -> list[str]:
        """Return what is to be said of single files that can be used, such as damaged packets of a film."""
        of_files = [
            f"{row['name']} ({split}): {row['remarks']}"
            for split in self._needed
            for row in self._stored.rows(split)
            if row.get("remarks")
        ]
        more = len(of_files) - _FILES
        return [*of_files[:_FILES], *([f"{more} more remarks on single files"] if more > 0 else [])]

    def on_features(
        self,
        encoder: keras.Model,
        about: dict[str, Any],
        num_views: int = 1,
        encoded: Callable[[str], Iterable[np.ndarray]] | None = None,
    ) -> Splits:
        assert isinstance(self._media, StoredMedia)
        features = Features(self._stored, self._family, self._media, encoder, about, num_views, encoded)
        return StoredSplits(self._stored, self._family, features, self._needed)

    def _truths(self, split: str) -> Iterator[Any]:
        def records() -> Iterator[Record]:
            stream: Any = self._stored.records(split).with_options(reading_options()).prefetch(2)
            return stream.as_numpy_iterator()

        return self._family.truths(self._stored.rows(split), records)

    def _known(self, split: str) -> Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]:
        """Return what gives hints and targets by numbers and epoch within a graph."""
        facts = self._facts(split)
        like = self._family.known(facts, np.arange(1), 0)

        def in_numpy(numbers: np.ndarray, epoch: np.ndarray) -> list[np.ndarray]:
            return list(self._family.known(facts, numbers, int(epoch)).values())

        def known(numbers: tf.Tensor, epoch: tf.Tensor) -> dict[str, tf.Tensor]:
            dtypes = [array.dtype for array in like.values()]
            arrays = tf.numpy_function(in_numpy, [numbers, epoch], dtypes, stateful=False)
            return {
                name: tf.ensure_shape(values, [numbers.shape[0], *array.shape[1:]])
                for (name, array), values in zip(like.items(), arrays, strict=True)
            }

        return known if like else lambda numbers, epoch: {}


def _own_rows(batch: Any, batch_size: int, share: Share) -> Any:
    """Return the rows of a full batch that are a share's own, or all of one that is not full."""
    size, rows = tf.shape(batch[0])[0], share.rows(batch_size)
    first = tf.where(size == batch_size, share.number * rows, 0)
    last = tf.where(size == batch_size, first + rows, size)
    return tf.nest.map_structure(lambda values: values[first:last], batch)


def _example(shown: dict[str, tf.Tensor], known: dict[str, tf.Tensor]) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
    """Return a batch: inputs and hints, and the target."""
    example = {**shown, **known}
    return {name: values for name, values in example.items() if name != TARGET}, example[TARGET]
