"""The order of the examples, and the chance in them, as functions of (seed, epoch, example)."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ...contracts import Share

_BLUR = 0.1  # of lengths, as a fraction of them


def epoch_seed(seed: int, epoch: tf.Tensor | int) -> tf.Tensor:
    """Return the seed of one epoch, (2,) int64."""
    return tf.random.experimental.stateless_fold_in(tf.constant([seed, 0], tf.int64), tf.cast(epoch, tf.int64))


def example_seed(seed: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
    """Return the seed of one example in an epoch, (2,) int64.

    Args:
        seed: That of the epoch.
        number: The example's number in stored order.
    """
    return tf.random.experimental.stateless_fold_in(seed, tf.cast(number, tf.int64))


def shuffled(length: tf.Tensor | int, seed: tf.Tensor, first: tf.Tensor | int = 0) -> tf.Tensor:
    """Return the numbers below `length` in the order of an epoch.

    Args:
        length: How many examples are shuffled together.
        seed: The seed of the epoch.
        first: Number of the first one in stored order.
    """
    own = tf.random.experimental.stateless_fold_in(seed, -1 - tf.cast(first, tf.int64))  # no example's seed
    return tf.random.experimental.stateless_shuffle(tf.range(length), own)


def own(order: tf.Tensor, first: tf.Tensor | int, size: int, batch_size: int, share: Share) -> tf.Tensor:
    """Return those of the next examples of an epoch that are a share's own: its rows of each full batch.

    Args:
        order: Their numbers, or what else there is of each.
        first: How many examples of the epoch come before them.
        size: How many examples an epoch has.
        batch_size: Examples a batch, of all processes together.
        share: Which rows.
    """
    if share.of == 1:
        return order
    at = tf.range(tf.shape(order)[0]) + tf.cast(first, tf.int32)
    row = at % batch_size // share.rows(batch_size)
    return tf.boolean_mask(order, (row == share.number) & (at < size // batch_size * batch_size))


def alike_together(lengths: np.ndarray, batch_size: int, seed: tf.Tensor) -> tf.Tensor:
    """Return the numbers of examples in the order of an epoch whose batches hold examples of alike lengths.

    Which examples meet differs from epoch to epoch: lengths are blurred by chance before they are sorted, and those
    that do not fill a batch, drawn beforehand, come last.

    Args:
        lengths: Of each example, above 0.
        batch_size: Examples a batch.
        seed: The seed of the epoch.
    """
    size = len(lengths)
    order = shuffled(size, seed)
    full = size // batch_size
    chosen, rest = order[: full * batch_size], order[full * batch_size :]
    own = tf.random.experimental.stateless_fold_in(seed, -2 - size)
    blur = tf.random.stateless_uniform(tf.shape(chosen), own, 1 - _BLUR, 1 + _BLUR)
    by_length = tf.argsort(tf.gather(tf.constant(lengths, tf.float32), chosen) * blur)
    batches = tf.reshape(tf.gather(chosen, by_length), [full, batch_size])
    return tf.concat([tf.reshape(tf.gather(batches, shuffled(full, seed, size)), [-1]), rest], 0)


def longest_of_batch(lengths: np.ndarray, order: tf.Tensor, batch_size: int) -> tf.Tensor:
    """Return, for each example in the order of an epoch, the length of the longest one of its batch."""
    batch = tf.range(len(lengths)) // batch_size
    longest = tf.math.segment_max(tf.gather(tf.constant(lengths, tf.int32), order), batch)
    return tf.gather(longest, batch)
