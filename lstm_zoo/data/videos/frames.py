"""From the frames of one video to clips: which frames, which part of them, and how they are varied.

All of it is TensorFlow code that runs inside the reader, and all chance is a function of a seed that is handed in.
Frames are encoded, (frames,) string, of which only those that are shown are decoded; or (frames, h, w, 3) uint8. They
are chosen by time: positions count in mean lengths of a frame, and the frame that is on display there is shown.
"""

from __future__ import annotations

import tensorflow as tf

from ..pictures.pixels import augment_pictures, cut, decode_part, is_png, random_box
from .clip_config import ClipConfig


def decoded(encoded: tf.Tensor, clip: ClipConfig, times: tf.Tensor | None = None) -> tf.Tensor:
    """Decode all frames that training clips can show.

    Args:
        encoded: All frames of a video, (frames,) string.
        clip: Sampling, size and augmentation.
        times: Where they lie, see `on_display`.

    Returns:
        Scaled to (frames, H, W, 3) uint8 where clips show the central square, as they are stored where it varies.
    """
    indices = tf.range(tf.shape(encoded)[0])
    if clip.train_sampling == "uniform":
        indices = _train_indices(tf.shape(encoded)[0], clip, tf.zeros(2, tf.int32), times)
    if not clip.augment.crops:
        return _central_pictures(encoded, indices, clip.size)
    height, width = _size(encoded)
    return _decode_parts(tf.gather(encoded, indices), tf.stack([0, 0, height, width]))


def train_clip(frames: tf.Tensor, clip: ClipConfig, seed: tf.Tensor, times: tf.Tensor | None = None) -> tf.Tensor:
    """Return one augmented training clip.

    Args:
        frames: Those of a video, encoded, or as `decoded` gives them.
        clip: Sampling, size and augmentation.
        seed: (2,) integers on which all random choices depend.
        times: Where they lie, see `on_display`.

    Returns:
        (T, H, W, 3) uint8.
    """
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 3))
    indices = _train_indices(tf.shape(frames)[0], clip, seeds[0], times)
    if frames.dtype == tf.uint8 and not clip.augment.crops:
        pictures = tf.gather(frames, indices)
    else:
        size = _size(frames)
        box = random_box(size, clip.augment, seeds[1]) if clip.augment.crops else _central_box(size)
        pictures = _pictures(frames, indices, box, clip.size)
    pictures = tf.ensure_shape(pictures, [clip.num_frames, clip.size, clip.size, 3])
    return augment_pictures(pictures, clip.augment, seeds[2])


def eval_clips(
    encoded: tf.Tensor, clip: ClipConfig, times: tf.Tensor | None = None, num_frames: tf.Tensor | None = None
) -> tf.Tensor:
    """Return the clips by which a video is judged.

    Args:
        encoded: Frames of a video, (frames,) string.
        clip: Sampling and size.
        times: Where they lie, see `on_display`.
        num_frames: Frames of the whole video, where only those are given that are shown; None: all are.

    Returns:
        (N, T, H, W, 3) uint8, with N = `clip.eval_clips`.
    """
    indices = eval_indices(tf.shape(encoded)[0] if num_frames is None else num_frames, clip, times)  # (N, T)
    pictures = _central_pictures(encoded, tf.reshape(indices, [-1]), clip.size)
    return tf.reshape(pictures, [clip.eval_clips, clip.num_frames, clip.size, clip.size, 3])


def eval_frames(encoded: tf.Tensor, size: int) -> tf.Tensor:
    """Return single frames as evaluation shows them, each cut by its own size.

    Args:
        encoded: JPEG or PNG pictures, (...) string: any rank, also none.
        size: Height and width of the result, in pixels.

    Returns:
        (..., size, size, 3) uint8.
    """
    shape = [size, size, 3]

    def one_frame(frame: tf.Tensor) -> tf.Tensor:
        return _scaled(decode_part(frame, _central_box(_size(frame[tf.newaxis])))[tf.newaxis], size)[0]

    pictures = tf.map_fn(
        one_frame, tf.reshape(encoded, [-1]), fn_output_signature=tf.TensorSpec(shape, tf.uint8)
    )  # (frames, H, W, 3)
    pictures = tf.reshape(pictures, tf.concat([tf.shape(encoded), shape], axis=0))
    return tf.ensure_shape(pictures, [*encoded.shape, *shape])


@tf.function(reduce_retracing=True)
def eval_picture(picture: tf.Tensor, size: int) -> tf.Tensor:
    """Return one decoded frame, (h, w, 3) uint8, as evaluation shows it, (size, size, 3) uint8."""
    height, width = tf.shape(picture)[0], tf.shape(picture)[1]
    return _scaled(cut(picture, _central_box((height, width)))[tf.newaxis], size)[0]


def eval_indices(num_frames: tf.Tensor, clip: ClipConfig, times: tf.Tensor | None = None) -> tf.Tensor:
    """Return the numbers of the frames of each evaluation clip, (N, T) int32; videos shorter than T repeat frames."""
    frame_step = clip.frame_step if clip.eval_sampling == "dense" else None
    return _eval_indices(num_frames, times, clip.eval_clips, clip.num_frames, frame_step)


@tf.function(reduce_retracing=True)
def _eval_indices(
    num_frames: tf.Tensor, times: tf.Tensor | None, num_views: int, length: int, frame_step: int | None
) -> tf.Tensor:
    """Return what `eval_indices` does, by the settings that count; without a `frame_step`, clips span the video."""
    views = tf.range(num_views, dtype=tf.float32)[:, tf.newaxis]  # (N, 1)
    steps = tf.range(length, dtype=tf.float32)[tf.newaxis]  # (1, T)
    frames = tf.cast(num_frames, tf.float32)
    if frame_step is None:
        return on_display((steps + (views + 0.5) / num_views) * frames / length, num_frames, times)
    span = (length - 1) * frame_step + 1
    spread = (views + 0.5) / num_views if num_views == 1 else views / (num_views - 1)
    dense = tf.round(spread * tf.maximum(frames - span, 0.0)) + steps * frame_step
    if_short = (steps + 0.5) * frames / length + tf.zeros_like(views)
    return on_display(tf.where(frames >= span, dense, if_short), num_frames, times)


def on_display(positions: tf.Tensor, num_frames: tf.Tensor, times: tf.Tensor | None) -> tf.Tensor:
    """Return the numbers of the frames that are on display at some positions, (...) int32.

    Args:
        positions: In mean lengths of a frame since the first one, (...) float32.
        num_frames: Frames of the video.
        times: When each frame starts, in the same unit, (frames,) float32; None: all are equally long.
    """
    if times is None:
        return tf.minimum(tf.cast(positions, tf.int32), num_frames - 1)
    flat = tf.searchsorted(times, tf.reshape(positions, [-1]), side="right") - 1
    return tf.reshape(tf.maximum(flat, 0), tf.shape(positions))


def _train_indices(
    num_frames: tf.Tensor, clip: ClipConfig, seed: tf.Tensor, times: tf.Tensor | None = None
) -> tf.Tensor:
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
    return on_display(positions, num_frames, times)


def _size(frames: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return height and width; of encoded frames, from the head of the first one."""
    if frames.dtype == tf.uint8:
        return tf.shape(frames)[1], tf.shape(frames)[2]
    first = frames[0]

    def of_png() -> tf.Tensor:  # bytes 16 to 23 of a PNG file: width and height
        sides = tf.io.decode_raw(tf.strings.substr(first, 16, 8), tf.int32, little_endian=False)
        return tf.reverse(sides, [0])

    size = tf.cond(is_png(first), of_png, lambda: tf.io.extract_jpeg_shape(first)[:2])
    return size[0], size[1]


def _central_box(size: tuple[tf.Tensor | int, tf.Tensor | int]) -> tf.Tensor:
    """Return the largest central square of pictures of a size (height, width), as [top, left, height, width]."""
    height, width = size
    side = tf.minimum(height, width)
    return tf.stack([(height - side) // 2, (width - side) // 2, side, side])


@tf.function(reduce_retracing=True)  # one frame after the other: without a graph, most of the time goes to Python
def _central_pictures(encoded: tf.Tensor, indices: tf.Tensor, size: int) -> tf.Tensor:
    """Return the central square of some frames, scaled, (T, size, size, 3) uint8."""
    return _pictures(encoded, indices, _central_box(_size(encoded)), size)


def _pictures(frames: tf.Tensor, indices: tf.Tensor, box: tf.Tensor, size: int) -> tf.Tensor:
    """Return a part of some frames, scaled, (T, H, W, 3) uint8."""
    chosen = tf.gather(frames, indices)
    if frames.dtype == tf.uint8:
        return _scaled(tf.slice(chosen, [0, box[0], box[1], 0], [-1, box[2], box[3], 3]), size)
    return _scaled(_decode_parts(chosen, box), size)


def _decode_parts(encoded: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
    """Decode a part of frames, (T, h, w, 3) uint8."""
    return tf.map_fn(lambda frame: decode_part(frame, box), encoded, fn_output_signature=tf.uint8)


def _scaled(pictures: tf.Tensor, size: int) -> tf.Tensor:
    """Scale pictures to the size of a clip, (T, size, size, 3) uint8."""
    scaled = tf.image.resize(pictures, [size, size])
    return tf.ensure_shape(tf.cast(tf.round(scaled), tf.uint8), [None, size, size, 3])
