"""From pictures of lines to pixels of one height, and their random changes: TensorFlow code that runs inside a reader.

All chance is a function of a seed that is handed in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from .line_config import LineAugment, LineConfig

_SLOPES, _STEEPEST = 41, 0.6
"""Slopes that are tried, and the steepest: how much of its height a line rises or falls from end to end."""


def as_line(grey: tf.Tensor, line: LineConfig) -> tf.Tensor:
    """Return a grey picture (h, w, 1) uint8 scaled to the height of lines, dark on light, (H, W, 1) uint8."""
    size = tf.cast(tf.shape(grey)[:2], tf.float64)
    width = tf.maximum(1, tf.cast(tf.round(size[1] * line.height / size[0]), tf.int32))
    pixels = tf.image.resize(grey, [line.height, width], antialias=True)
    if line.ink == "light":
        pixels = 255.0 - pixels
    elif line.ink == "auto":
        pixels = tf.where(_mostly_dark(pixels), 255.0 - pixels, pixels)
    if line.deskew:
        pixels = _level(pixels)
    return tf.ensure_shape(tf.cast(tf.round(pixels), tf.uint8), [line.height, None, 1])


def _level(pixels: tf.Tensor) -> tf.Tensor:
    """Return a dark line (H, W, 1) sheared up or down until its ink lies in as few rows as it can."""
    height, width = tf.unstack(tf.shape(pixels)[:2])
    middle = tf.cast(width - 1, tf.float32) / 2
    steepest = _STEEPEST * tf.cast(height, tf.float32) / tf.cast(width, tf.float32)
    slopes: Any = tf.linspace(-1.0, 1.0, _SLOPES) * tf.minimum(steepest, _STEEPEST)
    down = tf.round(slopes[:, tf.newaxis] * (tf.range(tf.cast(width, tf.float32)) - middle))  # (slopes, W)
    rows = tf.range(height)[:, tf.newaxis] - tf.cast(down, tf.int32)[:, tf.newaxis]  # (slopes, H, W)
    most = 2 * height  # rows: none of the ink leaves, whatever the slope
    places = rows + height // 2 + tf.range(_SLOPES)[:, tf.newaxis, tf.newaxis] * most
    ink = tf.broadcast_to(tf.reduce_max(pixels) - tf.squeeze(pixels, -1), tf.shape(places))
    by_row = tf.reshape(tf.math.unsorted_segment_sum(ink, places, _SLOPES * most), [_SLOPES, most])
    slope = slopes[tf.argmax(tf.reduce_sum(by_row**2, axis=1))]
    return _mapped(pixels, [[1.0, 0.0, 0.0], [slope, 1.0, -slope * middle]])


def _mostly_dark(pixels: tf.Tensor) -> tf.Tensor:
    """Say whether a picture's mean lies nearer to its darkest pixel than to its lightest."""
    return tf.reduce_mean(pixels) < (tf.reduce_min(pixels) + tf.reduce_max(pixels)) / 2


def grey_of(encoded: tf.Tensor) -> tf.Tensor:
    """Return the pixels of a JPEG or PNG on white paper, (h, w, 1) uint8."""
    pixels = tf.io.decode_image(encoded, expand_animations=False)  # (h, w, 1 to 4)
    channels: Any = tf.shape(pixels)[-1]
    values = tf.cast(pixels, tf.float32)
    opaque = tf.where(channels % 2 == 0, values[..., -1:] / 255.0, 1.0)  # grey or RGB, with transparency behind it
    colours = values[..., : channels - (channels + 1) % 2]
    weights = tf.where(channels >= 3, tf.constant([0.299, 0.587, 0.114]), tf.constant([1.0, 0.0, 0.0]))
    values = tf.reduce_sum(colours * weights[: tf.shape(colours)[-1]], axis=-1, keepdims=True)
    values = values * opaque + 255.0 * (1.0 - opaque)
    return tf.ensure_shape(tf.cast(tf.round(values), tf.uint8), [None, None, 1])


def vary(line: tf.Tensor, augment: LineAugment, seed: tf.Tensor) -> tf.Tensor:
    """Return a line moved, slanted and recoloured by chance, (H, W, 1) uint8, of the size that it had."""
    draws = tf.unstack(tf.random.stateless_uniform([8], seed, -1.0, 1.0))
    values = tf.cast(line, tf.float32)
    if augment.slant or augment.rotation or augment.shrink or augment.shift:
        values = _moved(values, augment, draws)
    if augment.contrast:
        paper = tf.reduce_max(values)
        values = paper + (values - paper) * (1 + draws[5] * augment.contrast)
    values += draws[6] * augment.brightness * 255
    if augment.noise:
        own = tf.random.experimental.stateless_fold_in(seed, 1)
        values += tf.random.stateless_normal(tf.shape(values), own) * (draws[7] + 1) / 2 * augment.noise * 255
    return tf.cast(tf.round(tf.clip_by_value(values, 0, 255)), tf.uint8)


def _moved(values: tf.Tensor, augment: LineAugment, draws: list[tf.Tensor]) -> tf.Tensor:
    """Return a line (H, W, 1) after an affine map around its centre."""
    size = tf.cast(tf.shape(values)[:2], tf.float32)
    y, x = (size[0] - 1) / 2, (size[1] - 1) / 2
    # A long line turns less: its ends would leave the picture.
    most = tf.minimum(np.float32(np.deg2rad(augment.rotation)), 0.15 * size[0] / size[1])
    slant, turn = draws[0] * augment.slant, draws[1] * most
    # Only smaller: the outer letters of a larger line would leave the picture, but not the text.
    wide, high = 1 + tf.abs(draws[2]) * augment.shrink, 1 + tf.abs(draws[3]) * augment.shrink
    matrix = [[wide, slant], [turn, high]]
    down = draws[4] * augment.shift * size[0]
    rows = [[*row, at - row[0] * x - row[1] * y] for row, at in zip(matrix, (x, y + down), strict=True)]
    return _mapped(values, rows)


def _mapped(values: tf.Tensor, rows: list[list[Any]]) -> tf.Tensor:
    """Return a picture (H, W, 1) of pixels from where two rows (of x, y, 1) say; beyond, it repeats its edge."""
    transform = tf.stack([*rows[0], *rows[1], 0.0, 0.0])
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=values[tf.newaxis],
        transforms=transform[tf.newaxis],
        output_shape=tf.shape(values)[:2],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )[0]
