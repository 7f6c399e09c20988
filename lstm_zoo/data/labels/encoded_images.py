"""Encoded images as a network's inputs, within a TensorFlow graph: for exported networks that take files."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from ...contracts import Tensor
from ..pictures.pixels import fit_within


def decoder(tensor: Tensor, max_side: int | None) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return what turns encoded images (B,), no larger than a block, into inputs (B, H, W, C), in a TensorFlow graph.

    Where inputs are masked, what is transparent in a PNG is padding.
    """
    height, width, channels = tensor.shape

    def decode(encoded: tf.Tensor) -> tf.Tensor:
        stored = tf.io.decode_image(encoded, expand_animations=False)  # 1 channel is grey, 2 and 4 end in opacity
        count = tf.shape(stored)[-1]
        opacity = tf.cond(count % 2 == 0, lambda: stored[..., -1:], lambda: tf.zeros_like(stored[..., :1]) + 255)
        colours = tf.cond(count < 3, lambda: tf.repeat(stored[..., :1], 3, axis=-1), lambda: stored[..., :3])
        picture = fit_within(tf.concat([colours, opacity], axis=-1)[..., :channels], max_side)
        size = tf.shape(picture)[:2]
        fits = tf.reduce_all(size <= [height, width])
        with tf.control_dependencies([tf.debugging.Assert(fits, ["an image larger than", [height, width], size])]):
            if tensor.masked:
                padded = tf.pad(picture, [[0, height - size[0]], [0, width - size[1]], [0, 0]])
            else:
                rows, columns = (tf.range(side) for side in (height, width))
                padded = tf.gather(picture, tf.minimum(rows, size[0] - 1))
                padded = tf.gather(padded, tf.minimum(columns, size[1] - 1), axis=1)
        return tf.ensure_shape(padded, tensor.shape)

    return lambda encoded: tf.map_fn(decode, encoded, fn_output_signature=tf.TensorSpec(tensor.shape, tf.uint8))
