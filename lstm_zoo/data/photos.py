"""From an encoded image to pixels of one size: the same way for training, evaluation, prediction and export."""

from __future__ import annotations

import tensorflow as tf

from .clips import AugmentConfig
from .frames import augment_pictures, random_box


def decode_photo(encoded: tf.Tensor | bytes) -> tf.Tensor:
    """Return the pixels of a JPEG or PNG, (h, w, 3) uint8."""
    pixels = tf.io.decode_image(encoded, channels=3, expand_animations=False)
    return tf.ensure_shape(pixels, [None, None, 3])


def stretch(pixels: tf.Tensor, side: int) -> tf.Tensor:
    """Return a picture scaled to a square, (h, w, 3) to (side, side, 3) uint8; what shrinks is averaged."""
    scaled = tf.image.resize(pixels, [side, side], antialias=True)
    return tf.ensure_shape(tf.cast(tf.round(scaled), tf.uint8), [side, side, 3])


def fit_within(pixels: tf.Tensor, max_side: int | None) -> tf.Tensor:
    """Return a picture (h, w, 3) uint8 scaled down so that its longer side is no more than `max_side` pixels."""
    if max_side is None:
        return pixels
    size = tf.shape(pixels)[:2]
    longest = tf.reduce_max(size)
    fitting = tf.where(longest > max_side, tf.maximum(1, size * max_side // longest), size)
    return tf.cast(tf.round(tf.image.resize(pixels, fitting, antialias=True)), tf.uint8)


def eval_photo(encoded: tf.Tensor | bytes, side: int) -> tf.Tensor:
    """Return an encoded image as evaluation sees it, (side, side, 3) uint8."""
    return stretch(decode_photo(encoded), side)


def train_photo(encoded: tf.Tensor, side: int, augment: AugmentConfig, seed: tf.Tensor) -> tf.Tensor:
    """Return an encoded image as training sees it, (side, side, 3) uint8.

    Args:
        encoded: A JPEG or PNG.
        side: Height and width of the result, in pixels.
        augment: How it is varied.
        seed: (2,) integers on which all random choices depend.
    """
    pixels = decode_photo(encoded)
    if augment.crops:
        # Drawn as of a square, and stretched with the image: evaluation sees the whole image stretched to a square.
        unit = 2**14
        box = random_box((unit, unit), augment, tf.random.experimental.stateless_fold_in(seed, 1))
        box = tf.maximum(box * tf.tile(tf.shape(pixels)[:2], [2]) // unit, [0, 0, 1, 1])
        pixels = tf.slice(pixels, [box[0], box[1], 0], [box[2], box[3], 3])
    return vary(stretch(pixels, side), augment, seed)


def vary(pixels: tf.Tensor, augment: AugmentConfig, seed: tf.Tensor) -> tf.Tensor:
    """Return a picture mirrored, turned and recoloured by chance, (side, side, 3) uint8; crops are not done here."""
    return augment_pictures(pixels[tf.newaxis], augment, seed)[0]
