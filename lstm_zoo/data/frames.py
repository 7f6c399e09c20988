"""From the encoded frames of one video to clips: which frames, which part of them, and how they are varied.

All of it is TensorFlow code that runs inside the reader, and all chance is a function of a seed that is handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import tensorflow as tf

from .clips import AugmentConfig, ClipConfig


class Frames(Protocol):
    """The frames of one video."""

    def count(self) -> tf.Tensor:
        """Return the number of frames."""
        ...

    def size(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return height and width in pixels."""
        ...

    def pictures(self, indices: tf.Tensor, box: tf.Tensor, clip: ClipConfig) -> tf.Tensor:
        """Return a part of some frames, scaled.

        Args:
            indices: Numbers of the frames, (T,).
            box: The part, as [top, left, height, width] in pixels.
            clip: The size.

        Returns:
            (T, H, W, 3) uint8.
        """
        ...


class EncodedFrames:
    """Frames as they are stored; only what is asked for is decoded.

    Args:
        encoded: JPEG or PNG pictures, (frames,) string.
    """

    def __init__(self, encoded: tf.Tensor):
        self.encoded = encoded

    def count(self) -> tf.Tensor:
        """Return the number of frames."""
        return tf.shape(self.encoded)[0]

    def size(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return height and width, read from the head of the first frame."""
        first = self.encoded[0]

        def of_png() -> tf.Tensor:  # bytes 16 to 23 of a PNG file: width and height
            sides = tf.io.decode_raw(tf.strings.substr(first, 16, 8), tf.int32, little_endian=False)
            return tf.reverse(sides, [0])

        size = tf.cond(_is_png(first), of_png, lambda: tf.io.extract_jpeg_shape(first)[:2])
        return size[0], size[1]

    def part(self, indices: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
        """Decode a part of some frames, (T, h, w, 3) uint8."""
        chosen = tf.gather(self.encoded, indices)
        return tf.map_fn(lambda frame: _decode_frame(frame, box), chosen, fn_output_signature=tf.uint8)

    def pictures(self, indices: tf.Tensor, box: tf.Tensor, clip: ClipConfig) -> tf.Tensor:
        """Decode and scale a part of some frames, (T, H, W, 3) uint8."""
        return _scale(self.part(indices, box), clip)


class DecodedFrames:
    """Frames that `decode_video` has decoded.

    Args:
        videos: Pictures of all videos, (frames, h, w, 3) uint8 each.
        row: Which of the videos.
        clip: What they were decoded for.
    """

    def __init__(self, videos: Sequence[np.ndarray], row: tf.Tensor, clip: ClipConfig):
        self.videos, self.row = videos, row
        self.scaled = not clip.augment.crops

    def _shape(self) -> tf.Tensor:
        return tf.numpy_function(lambda row: np.array(self.videos[row].shape, np.int32), [self.row], tf.int32)

    def count(self) -> tf.Tensor:
        """Return the number of frames."""
        return self._shape()[0]

    def size(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return height and width."""
        shape = self._shape()
        return shape[1], shape[2]

    def pictures(self, indices: tf.Tensor, box: tf.Tensor, clip: ClipConfig) -> tf.Tensor:
        """Return a part of some frames, scaled, (T, H, W, 3) uint8."""
        chosen = tf.numpy_function(lambda row, indices: self.videos[row][indices], [self.row, indices], tf.uint8)
        if self.scaled:
            return tf.ensure_shape(chosen, [None, clip.size, clip.size, 3])
        return _scale(tf.slice(chosen, [0, box[0], box[1], 0], [-1, box[2], box[3], 3]), clip)


def decode_video(encoded: tf.Tensor, clip: ClipConfig) -> tf.Tensor:
    """Decode all frames that training clips can show, once, for `DecodedFrames`.

    Args:
        encoded: All frames of a video as JPEG, (frames,) string.
        clip: Sampling, size and augmentation.

    Returns:
        Scaled to (frames, H, W, 3) uint8 where clips show the central square, as they are stored where it varies.
    """
    frames = EncodedFrames(encoded)
    indices = tf.range(frames.count())
    if clip.train_sampling == "uniform":
        indices = _train_indices(frames.count(), clip, tf.zeros(2, tf.int32))
    if not clip.augment.crops:
        return frames.pictures(indices, _central_box(frames.size()), clip)
    height, width = frames.size()
    return frames.part(indices, tf.stack([0, 0, height, width]))


def train_clip(frames: Frames, clip: ClipConfig, seed: tf.Tensor) -> tf.Tensor:
    """Return one augmented training clip.

    Args:
        frames: A video.
        clip: Sampling, size and augmentation.
        seed: (2,) integers on which all random choices depend.

    Returns:
        (T, H, W, 3) uint8.
    """
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 3))
    indices = _train_indices(frames.count(), clip, seeds[0])
    box = random_box(frames.size(), clip.augment, seeds[1]) if clip.augment.crops else _central_box(frames.size())
    pictures = tf.ensure_shape(frames.pictures(indices, box, clip), [clip.num_frames, clip.size, clip.size, 3])
    return augment_pictures(pictures, clip.augment, seeds[2])


def eval_clips(frames: Frames, clip: ClipConfig) -> tf.Tensor:
    """Return the clips by which a video is judged.

    Args:
        frames: A video.
        clip: Sampling and size.

    Returns:
        (N, T, H, W, 3) uint8, with N = `clip.eval_clips`.
    """
    indices = eval_indices(frames.count(), clip)  # (N, T)
    pictures = frames.pictures(tf.reshape(indices, [-1]), _central_box(frames.size()), clip)
    return tf.reshape(pictures, [clip.eval_clips, clip.num_frames, clip.size, clip.size, 3])


def eval_frames(encoded: tf.Tensor, clip: ClipConfig) -> tf.Tensor:
    """Return single frames as evaluation shows them, each cut by its own size.

    Args:
        encoded: JPEG or PNG pictures, (...) string: any rank, also none.
        clip: The size.

    Returns:
        (..., H, W, 3) uint8.
    """
    shape = [clip.size, clip.size, 3]

    def one_frame(frame: tf.Tensor) -> tf.Tensor:
        alone = EncodedFrames(frame[tf.newaxis])
        return _scale(_decode_frame(frame, _central_box(alone.size()))[tf.newaxis], clip)[0]

    pictures = tf.map_fn(
        one_frame, tf.reshape(encoded, [-1]), fn_output_signature=tf.TensorSpec(shape, tf.uint8)
    )  # (frames, H, W, 3)
    pictures = tf.reshape(pictures, tf.concat([tf.shape(encoded), shape], axis=0))
    return tf.ensure_shape(pictures, [*encoded.shape, *shape])


@tf.function(reduce_retracing=True)
def eval_picture(picture: tf.Tensor, size: int) -> tf.Tensor:
    """Return one decoded frame, (h, w, 3) uint8, as evaluation shows it, (size, size, 3) uint8."""
    height, width = tf.shape(picture)[0], tf.shape(picture)[1]
    return _scale(_cut(picture, _central_box((height, width)))[tf.newaxis], ClipConfig(size=size))[0]


def eval_indices(num_frames: tf.Tensor, clip: ClipConfig) -> tf.Tensor:
    """Return the numbers of the frames of each evaluation clip, (N, T) int32; videos shorter than T repeat frames."""
    views = tf.range(clip.eval_clips, dtype=tf.float32)[:, tf.newaxis]  # (N, 1)
    steps = tf.range(clip.num_frames, dtype=tf.float32)[tf.newaxis]  # (1, T)
    frames = tf.cast(num_frames, tf.float32)
    span = (clip.num_frames - 1) * clip.frame_step + 1
    if clip.eval_sampling == "dense":
        spread = (views + 0.5) / clip.eval_clips if clip.eval_clips == 1 else views / (clip.eval_clips - 1)
        dense = tf.round(spread * tf.maximum(frames - span, 0.0)) + steps * clip.frame_step
        if_short = (steps + 0.5) * frames / clip.num_frames + tf.zeros_like(views)
        positions = tf.where(frames >= span, dense, if_short)
    else:
        positions = (steps + (views + 0.5) / clip.eval_clips) * frames / clip.num_frames
    return tf.minimum(tf.cast(positions, tf.int32), num_frames - 1)


def _train_indices(num_frames: tf.Tensor, clip: ClipConfig, seed: tf.Tensor) -> tf.Tensor:
    """Return the numbers of the frames of a training clip, (T,) int32."""
    steps = tf.range(clip.num_frames, dtype=tf.float32)
    frames = tf.cast(num_frames, tf.float32)
    segment = frames / clip.num_frames
    if clip.train_sampling == "random_segment":
        positions = (steps + tf.random.stateless_uniform([clip.num_frames], seed)) * segment
    elif clip.train_sampling == "random_window":
        span = (clip.num_frames - 1) * clip.frame_step + 1
        start = tf.floor(tf.random.stateless_uniform([], seed) * tf.maximum(frames - span + 1, 1.0))
        positions = tf.where(frames >= span, start + steps * clip.frame_step, (steps + 0.5) * segment)
    else:
        positions = (steps + 0.5) * segment
    return tf.minimum(tf.cast(positions, tf.int32), num_frames - 1)


def _central_box(size: tuple[tf.Tensor | int, tf.Tensor | int]) -> tf.Tensor:
    """Return the largest central square of pictures of a size (height, width), as [top, left, height, width]."""
    height, width = size
    side = tf.minimum(height, width)
    return tf.stack([(height - side) // 2, (width - side) // 2, side, side])


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


def _is_png(frame: tf.Tensor) -> tf.Tensor:
    return tf.equal(tf.strings.substr(frame, 0, 4), b"\x89PNG")


def _cut(picture: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
    return tf.slice(picture, [box[0], box[1], 0], [box[2], box[3], 3])


def _decode_frame(frame: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
    """Decode the box of one frame, (h, w, 3) uint8; of a JPEG, nothing else is decoded."""
    return tf.cond(
        _is_png(frame),
        lambda: _cut(tf.io.decode_png(frame, channels=3), box),
        lambda: tf.io.decode_and_crop_jpeg(frame, box, channels=3),
    )


def _scale(pictures: tf.Tensor, clip: ClipConfig) -> tf.Tensor:
    """Scale pictures to the size of a clip, (T, H, W, 3) uint8."""
    scaled = tf.image.resize(pictures, [clip.size, clip.size])
    return tf.ensure_shape(tf.cast(tf.round(scaled), tf.uint8), [None, clip.size, clip.size, 3])


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
