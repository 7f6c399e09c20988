"""What an encoder sees of examples: their media, in batches, from the records or from what stands in their place."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from ...contracts import WHOLE, Share
from .family import Family, Record
from .order import alike_together, epoch_seed, example_seed, longest_of_batch, own, shuffled
from .stored import KEPT_BYTES, THREADS, Stored, kept_record, reading_options

Epochs = Callable[[tf.Tensor, tf.Tensor | int], tf.data.Dataset]
"""Gives the training examples as an epoch shows them, in its order, without some that were shown before: a number of
them that is 0 or fills batches; called within a graph."""


class Media(ABC):
    """What an encoder sees of the examples: batches of their numbers (B,), and of named tensors (B, ...)."""

    @abstractmethod
    def epochs(self, seed: int, batch_size: int, drop_remainder: bool, share: Share = WHOLE) -> Epochs:
        """Return what shows the training examples; of a share, its own rows of each batch."""

    @abstractmethod
    def shown(self, split: str, batch_size: int, batches: range | None = None) -> tf.data.Dataset:
        """Return the views of a split in stored order; of some batches alone, by their numbers."""


class StoredMedia(Media):
    """Media from their records.

    Args:
        stored: The records.
        family: How they are shown.
    """

    def __init__(self, stored: Stored, family: Family):
        self._stored = stored
        self._family = family

    def epochs(self, seed: int, batch_size: int, drop_remainder: bool, share: Share = WHOLE) -> Epochs:
        """Return what shows the training examples; of a share, its own rows of each batch.

        The stored order is random, so that a block is a fair sample even where it is not the whole split: shuffling
        goes on within a block.
        """
        lengths = self._family.lengths(self._stored.rows("train"))
        if lengths is not None:
            return self._by_length(lengths, seed, batch_size, drop_remainder, share)
        size, rows = self._stored.size("train"), share.rows(batch_size)
        examples = self._examples(lambda order, first: own(order, first, size, batch_size, share))
        return lambda epoch, done: examples(epoch_seed(seed, epoch), done).batch(rows, drop_remainder)

    def _by_length(self, lengths: np.ndarray, seed: int, batch_size: int, drop_remainder: bool, share: Share) -> Epochs:
        """Return what shows training examples of alike lengths together, as kept records."""
        kept = self._kept
        assert kept is not None, self._family.keep
        size, rows = len(lengths), share.rows(batch_size)

        def one_epoch(epoch: tf.Tensor, done: tf.Tensor | int) -> tf.data.Dataset:
            seed_of_epoch = epoch_seed(seed, epoch)

            def one_example(number: tf.Tensor, longest: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
                shown = self._family.train(kept_record(kept, number), example_seed(seed_of_epoch, number))
                return number, shown if share == WHOLE else self._as_long(shown, longest)

            order = alike_together(lengths, batch_size, seed_of_epoch)
            both = own(
                tf.stack([order, longest_of_batch(lengths, order, batch_size)], 1)[done:], done, size, batch_size, share
            )
            examples = tf.data.Dataset.from_tensor_slices((both[:, 0], both[:, 1]))
            examples = examples.map(one_example, num_parallel_calls=THREADS)
            return examples.padded_batch(rows, drop_remainder=drop_remainder)

        return one_epoch

    def _as_long(self, shown: dict[str, tf.Tensor], longest: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return tensors of an example with zeros behind their ends, as long as the longest one of the whole batch."""
        padded = dict(shown)
        for name, tensor in self._family.spec.inputs.items():
            if None in tensor.shape:
                missing = [
                    [0, 0 if side else longest - tf.shape(shown[name])[axis]] for axis, side in enumerate(tensor.shape)
                ]
                padded[name] = tf.ensure_shape(tf.pad(shown[name], missing), tensor.shape)
        return padded

    def in_stored_order(self, seed: int, epoch: int, batch_size: int) -> tf.data.Dataset:
        """Return the training examples as an epoch shows them, but in stored order."""
        examples = self._examples()(epoch_seed(seed, epoch), 0)
        return examples.batch(batch_size).with_options(reading_options()).prefetch(2)

    def _examples(self, chosen: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None) -> Epochs:
        """Return what gives single training examples as `Epochs` do, but by the seed of an epoch.

        Args:
            chosen: Gives those to show of the next ones in the order of the epoch, and of how many came before them;
                None: all, in stored order.
        """
        kept = self._kept
        blocks = None if kept else self._stored.blocks("train")  # here, so that its cache outlives an epoch

        def examples(seed: tf.Tensor, done: tf.Tensor | int) -> tf.data.Dataset:
            def one_block(numbers: tf.Tensor, records: Record) -> tf.data.Dataset:
                length = tf.size(numbers)
                before = tf.cast(numbers[0], tf.int32)  # blocks follow each other as they are stored
                done_here = tf.clip_by_value(done - before, 0, length)
                rows = tf.range(length) if chosen is None else shuffled(length, seed, numbers[0])
                rows = rows[done_here:] if chosen is None else chosen(rows[done_here:], before + done_here)

                def one_example(row: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
                    number = numbers[row]
                    record = kept_record(kept, number) if kept else {name: part[row] for name, part in records.items()}
                    return number, self._family.train(record, example_seed(seed, number))

                return tf.data.Dataset.from_tensor_slices(rows).map(one_example, num_parallel_calls=THREADS)

            return one_block(tf.range(len(kept)), {}) if blocks is None else blocks.flat_map(one_block)

        return examples

    def shown(self, split: str, batch_size: int, batches: range | None = None) -> tf.data.Dataset:
        table = self._stored.rows(split)
        counts = [self._family.num_views(row) for row in table]
        lengths = self._family.lengths(table)
        rows, ends = rows_of(batches, batch_size, sum(counts)), np.cumsum(counts)
        first, last = np.searchsorted(ends, [rows.start, rows.stop - 1], side="right")  # examples of these views
        records = self._stored.records(split).skip(first).take(last + 1 - first)
        views = self._family.shown(records, THREADS).skip(rows.start - int(ends[first] - counts[first]))
        views = views.take(len(rows))
        total = sum(counts) if lengths is None else int(lengths.sum())  # of views, or of what they are long
        tensors = self._family.spec.inputs.values()
        fixed = (math.prod(side or 1 for side in one.shape) * np.dtype(one.dtype).itemsize for one in tensors)
        if batches is None and total * sum(fixed) <= KEPT_BYTES:
            views = views.cache()  # a validation split is read in every epoch
        numbers = tf.data.Dataset.from_tensor_slices(np.repeat(np.arange(len(table)), counts)[rows.start : rows.stop])
        examples = tf.data.Dataset.zip(numbers, views)
        examples = examples.apply(tf.data.experimental.assert_cardinality(len(rows)))
        return examples.batch(batch_size) if lengths is None else examples.padded_batch(batch_size)

    @cached_property
    def _kept(self) -> Any:
        return self._stored.kept("train", self._family)


def rows_of(batches: range | None, batch_size: int, total: int) -> range:
    """Return which of so many rows stand in some batches; None: in all."""
    return range(total) if batches is None else range(batches.start * batch_size, min(batches.stop * batch_size, total))
