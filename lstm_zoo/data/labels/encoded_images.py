"""Encoded images as a network's inputs, within a TensorFlow graph: for exported networks that take files."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from ...contracts import Tensor
from ...contracts.labels import Colour
from ..pictures.pixels import decode_opaque, fit_within


def decoder(tensor: Tensor, max_side: int | None, ground: Colour) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return what turns encoded images (B,), none larger than a block, into inputs (B, H, W, C), in a graph."""
    height, width, _ = tensor.shape

    def decode(encoded: tf.Tensor) -> tf.Tensor:
        picture = fit_within(decode_opaque(encoded, ground, tensor.limits), max_side)
        size = tf.shape(picture)[:2]
        fits = tf.reduce_all(size <= [height, width])
        with tf.control_dependencies([tf.debugging.Assert(fits, ["an image larger than", [height, width], size])]):
            if tensor.masked:
                shown = tf.concat([picture, tf.zeros_like(picture[..., :1]) + 255], axis=-1)
                padded = tf.pad(shown, [[0, height - size[0]], [0, width - size[1]], [0, 0]])
            else:
                rows, columns = (tf.range(side) for side in (height, width))
                padded = tf.gather(picture, tf.minimum(rows, size[0] - 1))
                padded = tf.gather(padded, tf.minimum(columns, size[1] - 1), axis=1)
        return tf.ensure_shape(padded, tensor.shape)

    return lambda encoded: tf.map_fn(decode, encoded, fn_output_signature=tf.TensorSpec(tensor.shape, tf.uint8))
