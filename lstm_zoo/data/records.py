"""Stored records: how much of a data set is kept in memory, and how it is read in blocks that can be shuffled."""

from __future__ import annotations

import os

import tensorflow as tf
import tensorflow_datasets as tfds

DECODED_BYTES = 1024**3  # a split whose pictures need less is kept in memory decoded
THREADS = os.cpu_count() or 1
_CACHE_BYTES = 2 * 1024**3  # a split stored in less is kept in memory
_BLOCK_BYTES = 512 * 1024**2  # what is shuffled at a time


def stored_bytes(builder: tfds.core.DatasetBuilder, split: str) -> int:
    """Return the stored size of a split, a part of one (`train[:90%]`), or a sum (`train+restval`).

    TFDS knows only the sizes of whole splits.
    """
    total = 0
    for part in map(str.strip, split.split("+")):
        whole = builder.info.splits[part.split("[")[0]]
        total += whole.num_bytes * builder.info.splits[part].num_examples // max(whole.num_examples, 1)
    return total


def in_blocks(records: tf.data.Dataset, size: int, num_bytes: int) -> tf.data.Dataset:
    """Return records as blocks of many; what fits into memory is one block that is read from disk once.

    Args:
        records: Tuples of tensors, `size` of them.
        size: How many records there are.
        num_bytes: How much room they take.

    Returns:
        Tuples of the records' numbers (n,) and their tensors (n, ...).
    """
    length = size if num_bytes <= _BLOCK_BYTES else max(1, size * _BLOCK_BYTES // num_bytes)
    blocks = records.enumerate().map(lambda number, record: (number, *record)).ragged_batch(length)
    return blocks.cache() if num_bytes <= _CACHE_BYTES else blocks


def reading_options() -> tf.data.Options:
    """Return the options of every stream: a fixed order, and no sharding between the devices of one machine."""
    options = tf.data.Options()
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return options
