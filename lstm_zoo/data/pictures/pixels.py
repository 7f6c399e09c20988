"""From encoded pictures to pixels of one size, and their random changes: TensorFlow code that runs inside a reader.

All chance is a function of a seed that is handed in.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ...console.text import first_line
from ...media.deep_pictures import QUARTER, RANGES
from ...media.errors import MediaError
from ...media.grey import PERCENTILES
from .augment import AugmentConfig

_JPEG = b"\xff\xd8"
_DEPTH = 24  # place of the bits a value in a PNG; behind it stands the kind of its colours


def decode_photo(encoded: tf.Tensor | bytes) -> tf.Tensor:
    """Return the pixels of a JPEG or PNG, (h, w, 3) uint8."""
    pixels = tf.io.decode_image(encoded, channels=3, expand_animations=False)
    return tf.ensure_shape(pixels, [None, None, 3])


def check_decodes(encoded: bytes) -> None:
    """Refuse a JPEG or PNG that TensorFlow, by which stored pictures are decoded, reads less patiently than Pillow.

    Raises:
        MediaError: It does.
    """
    try:
        if encoded.startswith(_JPEG):
            tf.io.decode_jpeg(encoded, channels=3, ratio=8)  # all of the file in half the time
        else:
            decode_photo(encoded)
    except tf.errors.InvalidArgumentError as error:
        raise MediaError(
            f"is damaged: TensorFlow cannot decode it ({first_line(error).rpartition('}} ')[2]})"
        ) from None


def decode_opaque(encoded: tf.Tensor, ground: Sequence[float], limits: tuple[float, float] | None = None) -> tf.Tensor:
    """Return the pixels of a JPEG or PNG as it is meant to be seen, (h, w, 3) uint8.

    Args:
        encoded: The file.
        ground: Colour that shows through what is transparent.
        limits: Values of a PNG of 16 bits that become 0 and 255; None: see `limits_of`.
    """

    def of_png() -> tf.Tensor:
        is_deep = tf.equal(tf.strings.substr(encoded, _DEPTH, 1), b"\x10")
        pixels = tf.cond(
            is_deep,
            lambda: _deep_as_bytes(encoded, limits),
            lambda: tf.cast(tf.io.decode_png(encoded, channels=4), tf.float32),
        )
        colours, opacity = tf.split(pixels, [3, 1], axis=-1)
        opacity /= 255.0
        laid = colours * opacity + tf.constant(ground, tf.float32) * (1 - opacity)
        return tf.cast(tf.round(laid), tf.uint8)

    return tf.ensure_shape(tf.cond(is_png(encoded), of_png, lambda: decode_photo(encoded)), [None, None, 3])


def _deep_as_bytes(encoded: tf.Tensor, limits: tuple[float, float] | None) -> tf.Tensor:
    """Return the pixels of a PNG of 16 bits, (h, w, 4) float32, as whole numbers up to 255."""
    pixels = tf.cast(tf.io.decode_png(encoded, channels=4, dtype=tf.uint16), tf.float32)
    colours, opacity = tf.split(pixels, [3, 1], axis=-1)
    is_grey = tf.reduce_any(tf.equal(tf.strings.substr(encoded, _DEPTH + 1, 1), [b"\x00", b"\x04"]))
    values = tf.cond(
        is_grey, lambda: tf.reshape(tf.gather(colours, 0, axis=-1), [-1]), lambda: tf.reshape(colours, [-1])
    )
    low, high = tf.unstack(_limits_of(values) if limits is None else tf.constant(limits, tf.float32))
    grey = tf.round(tf.clip_by_value((colours - low) / (high - low), 0, 1) * 255.0)
    return tf.concat([grey, tf.round(opacity / 65535.0 * 255.0)], axis=-1)


def _limits_of(values: tf.Tensor) -> tf.Tensor:
    """Return what `media.deep_pictures.limits_of` does, in a graph, (2,) float32; values (n,) are 0 or more."""
    ordered = tf.sort(values)
    last = tf.size(ordered) - 1
    places = tf.constant(PERCENTILES, tf.float64) / 100 * tf.cast(last, tf.float64)
    below = tf.cast(places, tf.int32)
    shares = tf.cast(places - tf.cast(below, tf.float64), tf.float32)
    before, behind = tf.gather(ordered, below), tf.gather(ordered, tf.minimum(below + 1, last))
    low, high = tf.unstack(before + (behind - before) * shares)
    ranges = tf.constant(RANGES, tf.float32)
    most = ranges[tf.searchsorted(ranges, ordered[-1:])[0]]
    fills = (low <= QUARTER * most) & (most * QUARTER <= high - low)
    spread = tf.where(low < high, [low, high], [ordered[0], ordered[-1]])
    spread = tf.where(spread[0] < spread[1], spread, [spread[0], spread[0] + 1])
    return tf.where(fills, [0.0, most], spread)


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


def random_box(size: tuple[tf.Tensor | int, tf.Tensor | int], augment: AugmentConfig, seed: tf.Tensor) -> tf.Tensor:
    """Return the random crop of pictures of a size (height, width), as [top, left, height, width] in pixels."""
    height, width = (tf.cast(side, tf.float32) for side in size)
    draws = tf.unstack(tf.random.stateless_uniform([4], seed))
    low, high = augment.crop_scale
    area = height * width * (low + draws[0] * (high - low))
    low, high = np.log(augment.crop_ratio)
    ratio = tf.exp(low + draws[1] * (high - low))
    crop_height = tf.minimum(tf.sqrt(area / ratio), height)
    crop_width = tf.minimum(tf.sqrt(area * ratio), width)
    if augment.crop_ratio == (1.0, 1.0):  # stay square, so that nothing is distorted
        crop_height = crop_width = tf.minimum(crop_height, crop_width)
    top, left = draws[2] * (height - crop_height), draws[3] * (width - crop_width)
    return tf.cast(tf.stack([top, left, crop_height, crop_width]), tf.int32)


def is_png(frame: tf.Tensor) -> tf.Tensor:
    """Say whether an encoded picture is a PNG."""
    return tf.equal(tf.strings.substr(frame, 0, 4), b"\x89PNG")


def cut(picture: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
    """Return the part of a picture in a box [top, left, height, width]."""
    return tf.slice(picture, [box[0], box[1], 0], [box[2], box[3], 3])


def decode_part(frame: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
    """Decode the box of one frame, (h, w, 3) uint8; of a JPEG, nothing else is decoded."""
    return tf.cond(
        is_png(frame),
        lambda: cut(tf.io.decode_png(frame, channels=3), box),
        lambda: tf.io.decode_and_crop_jpeg(frame, box, channels=3),
    )


def augment_pictures(pictures: tf.Tensor, augment: AugmentConfig, seed: tf.Tensor) -> tf.Tensor:
    """Rotate, mirror and recolour the frames of one clip alike, (T, H, W, 3) uint8."""
    draws = tf.unstack(tf.random.stateless_uniform([5], seed, -1.0, 1.0))
    if augment.flip:
        pictures = tf.where(draws[0] > 0, tf.reverse(pictures, [2]), pictures)
    colour = augment.brightness or augment.contrast or augment.saturation
    if not (colour or augment.rotation):
        return pictures
    values = tf.cast(pictures, tf.float32)
    if augment.rotation:
        values = _rotate(values, draws[1] * np.deg2rad(augment.rotation))
    if augment.saturation:
        grey = tf.image.rgb_to_grayscale(values)
        values = grey + (values - grey) * (1 + draws[2] * augment.saturation)
    if augment.contrast:
        mean = tf.reduce_mean(values)
        values = mean + (values - mean) * (1 + draws[3] * augment.contrast)
    if augment.brightness:
        values += draws[4] * augment.brightness * 255
    return tf.cast(tf.round(tf.clip_by_value(values, 0, 255)), tf.uint8)


def _rotate(pictures: tf.Tensor, angle: tf.Tensor) -> tf.Tensor:
    """Rotate pictures (T, H, W, 3) around their centre by an angle in radians."""
    sides = tf.cast(tf.shape(pictures)[1:3], tf.float32)
    y, x = (sides[0] - 1) / 2, (sides[1] - 1) / 2
    cos, sin = tf.cos(angle), tf.sin(angle)
    matrix = tf.stack([cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos, 0.0, 0.0])
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=matrix[tf.newaxis],
        output_shape=tf.shape(pictures)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
