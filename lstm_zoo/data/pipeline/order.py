"""The order of the examples, and the chance in them, as functions of (seed, epoch, example)."""

from __future__ import annotations

import tensorflow as tf


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
