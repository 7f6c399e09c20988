"""Reading: prepared JPEG frames become batches of uint8 clips; only the frames that are used are decoded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from ..contracts import InputError, Spec, Splits, Views
from ..media import EncodedVideo
from .clips import AugmentConfig, ClipConfig
from .prepare import ClipBuilder

_CACHE_BYTES = 2 * 1024**3
_BLOCK_BYTES = 512 * 1024**2
_THREADS = os.cpu_count() or 1


class ClipSplits(Splits):
    """Clips of a TFDS data set with a video and a label.

    Args:
        builder: The prepared data set.
        clip: How videos become clips.
        class_names: Names of the classes, in the order of the labels the network learns.
        splits: TFDS split (sub-splits too) of each of train, val and test.
        keys: The features that hold video and label, and name and seconds where there are such.
        label_map: Number that the network learns for each stored label.
    """

    def __init__(
        self,
        builder: tfds.core.DatasetBuilder,
        clip: ClipConfig,
        *,
        class_names: tuple[str, ...],
        splits: Mapping[str, str],
        keys: Mapping[str, str],
        label_map: np.ndarray | None = None,
    ):
        self._builder = builder
        self._clip = clip
        self._splits = splits
        self._keys = keys
        self._label_map = np.arange(len(class_names)) if label_map is None else label_map
        self.num_views = clip.eval_clips
        self.fingerprint = f"{builder.info.full_name}/{clip.model_dump_json()}"
        self.spec = Spec(
            input_shape=(clip.num_frames, clip.size, clip.size, 3),
            class_names=class_names,
            clip_seconds=self._mean_seconds(),
        )

    @classmethod
    def of_builder(cls, builder: ClipBuilder, clip: ClipConfig) -> ClipSplits:
        """Return the splits of a data set that this package has prepared."""
        splits = cls(
            builder,
            clip,
            class_names=tuple(builder.builder_config.class_names),
            splits={split: split for split in builder.info.splits},
            keys={key: key for key in ("video", "label", "name", "seconds")},
        )
        splits.bad_files = builder.bad_files()
        return splits

    def size(self, split: str) -> int:
        """Return the number of examples in a split; 0 where there is no such split."""
        return self._builder.info.splits[self._splits[split]].num_examples if split in self._splits else 0

    def train_stream(self, batch_size: int, seed: int, first_epoch: int = 0) -> tf.data.Dataset:
        """Return endless shuffled, augmented batches: clips (B, T, H, W, 3) uint8 and labels (B,) int32."""
        blocks = self._blocks("train")

        def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
            epoch_seed = tf.random.experimental.stateless_fold_in(tf.constant([seed, 0], tf.int64), epoch)  # (2,)

            def one_block(indices: tf.Tensor, videos: tf.RaggedTensor, labels: tf.Tensor) -> tf.data.Dataset:
                def one_clip(row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                    example_seed = tf.random.experimental.stateless_fold_in(epoch_seed, indices[row])
                    return train_clip(videos[row], self._clip, example_seed), labels[row]

                block_seed = tf.random.experimental.stateless_fold_in(epoch_seed, -1 - indices[0])
                rows = tf.random.experimental.stateless_shuffle(tf.range(tf.size(indices)), block_seed)
                return tf.data.Dataset.from_tensor_slices(rows).map(one_clip, num_parallel_calls=_THREADS)

            return blocks.flat_map(one_block).batch(batch_size)

        epochs = tf.data.Dataset.range(first_epoch, tf.int32.max)
        return epochs.flat_map(one_epoch).with_options(_options()).prefetch(2)

    def eval_stream(self, split: str, batch_size: int) -> tf.data.Dataset:
        """Return clips (B, T, H, W, 3) uint8 and labels (B,), `num_views` rows a video, in stored order."""

        def one_video(video: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            views = eval_clips(video, self._clip)  # (N, T, H, W, 3)
            return views, tf.repeat(label, self.num_views)

        clips = self._records(split).map(one_video, num_parallel_calls=_THREADS)
        return clips.unbatch().batch(batch_size).with_options(_options()).prefetch(2)

    def targets(self, split: str) -> np.ndarray:
        """Return the labels of a split, (examples,)."""
        return self._known(split)["label"]

    def names(self, split: str) -> list[str]:
        """Return the videos' names, or their numbers where the data set stores none."""
        known = self._known(split)
        return [f"{split} {index}" for index in range(self.size(split))] if "name" not in known else known["name"]

    def _blocks(self, split: str) -> tf.data.Dataset:
        """Return `(numbers, videos, labels)` of many examples at a time; shuffling goes on within a block.

        The stored order is random, so a block is a fair sample even where it is not the whole split; what fits into
        memory is read from disk once.
        """
        num_bytes = self._builder.info.splits[self._splits[split]].num_bytes
        size = self.size(split)
        block = size if num_bytes <= _BLOCK_BYTES else max(1, size * _BLOCK_BYTES // num_bytes)
        records = self._records(split).enumerate().map(lambda index, record: (index, *record))
        blocks = records.ragged_batch(block)
        return blocks.cache() if num_bytes <= _CACHE_BYTES else blocks

    def _records(self, split: str) -> tf.data.Dataset:
        """Return `(JPEG frames (frames,), label ())` of each example, in stored order."""
        if not self.size(split):
            have = ", ".join(f"{name} ({self.size(name)})" for name in self._splits) or "none"
            raise InputError("data", f"there are no {split} examples; splits with examples: {have}")
        video, label = self._keys["video"], self._keys["label"]
        dataset = self._builder.as_dataset(
            split=self._splits[split],
            shuffle_files=False,
            decoders=tfds.decode.PartialDecoding(
                {video: True, label: True}, decoders={video: tfds.decode.SkipDecoding()}
            ),
        )
        label_map = tf.constant(self._label_map, tf.int32)
        return dataset.map(lambda example: (example[video], tf.gather(label_map, example[label])))

    @cached_property
    def _facts(self) -> dict[str, dict[str, Any]]:
        return {}

    def _known(self, split: str) -> dict[str, Any]:
        """Read labels, names and lengths of a split, without its videos."""
        if split not in self._facts:
            self._facts[split] = self._read_facts(split)
        return self._facts[split]

    def _read_facts(self, split: str) -> dict[str, Any]:
        features = {name: self._keys[name] for name in ("label", "name", "seconds") if name in self._keys}
        if not self.size(split):
            return {name: np.zeros(0, np.int32) if name == "label" else [] for name in features}
        dataset = self._builder.as_dataset(
            split=self._splits[split],
            shuffle_files=False,
            decoders=tfds.decode.PartialDecoding(dict.fromkeys(features.values(), True)),
        )
        rows = [{name: row[key] for name, key in features.items()} for row in dataset.as_numpy_iterator()]
        facts: dict[str, Any] = {"label": self._label_map[[row["label"] for row in rows]].astype(np.int32)}
        if "name" in features:
            facts["name"] = [row["name"].decode() for row in rows]
        if "seconds" in features:
            facts["seconds"] = [float(row["seconds"]) for row in rows]
        return facts

    def _mean_seconds(self) -> float | None:
        seconds = self._known("train").get("seconds")
        return float(np.mean(seconds)) if seconds else None


def train_clip(frames: tf.Tensor, clip: ClipConfig, seed: tf.Tensor) -> tf.Tensor:
    """Return one augmented training clip.

    Args:
        frames: All frames of a video as JPEG, (frames,) string.
        clip: Sampling, size and augmentation.
        seed: (2,) integers on which all random choices depend.

    Returns:
        (T, H, W, 3) uint8.
    """
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 3))
    chosen = tf.gather(frames, _train_indices(tf.shape(frames)[0], clip, seeds[0]))
    box = _random_box(chosen, clip.augment, seeds[1])
    return _augment(_decode(chosen, clip, box), clip.augment, seeds[2])


def eval_clips(frames: tf.Tensor, clip: ClipConfig) -> tf.Tensor:
    """Return the clips by which a video is judged.

    Args:
        frames: All frames of a video as JPEG, (frames,) string.
        clip: Sampling and size.

    Returns:
        (N, T, H, W, 3) uint8, with N = `clip.eval_clips`.
    """
    indices = eval_indices(tf.shape(frames)[0], clip)  # (N, T)
    pictures = _decode(tf.gather(frames, tf.reshape(indices, [-1])), clip, _central_box(frames))
    return tf.reshape(pictures, [clip.eval_clips, clip.num_frames, clip.size, clip.size, 3])


def views_of_video(video: EncodedVideo, clip: ClipConfig, spec: Spec) -> Views:
    """Return a decoded file as evaluation sees it, with windows over time if it is much longer than training clips."""
    frames = tf.constant(video.frames)
    window_seconds = spec.clip_seconds or video.seconds
    count = int(video.seconds // window_seconds) if video.seconds >= 1.5 * window_seconds else 0
    edges = np.linspace(0, len(video.frames), count + 1).round().astype(int).tolist()
    stretches = list(zip(edges[:-1], edges[1:], strict=True)) if count else []
    one = clip.model_copy(update={"eval_clips": 1})
    seconds = video.seconds / len(video.frames)  # a frame
    return Views(
        inputs=eval_clips(frames, clip).numpy(),
        windows=np.array([eval_clips(frames[start:end], one)[0] for start, end in stretches], np.uint8).reshape(
            -1, *spec.input_shape
        ),
        times=[(start * seconds, end * seconds) for start, end in stretches],
    )


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


def _central_box(frames: tf.Tensor) -> tf.Tensor:
    """Return the largest central square of a video, as [top, left, height, width] in pixels."""
    height, width = _picture_size(frames)
    side = tf.minimum(height, width)
    return tf.stack([(height - side) // 2, (width - side) // 2, side, side])


def _random_box(frames: tf.Tensor, augment: AugmentConfig, seed: tf.Tensor) -> tf.Tensor:
    """Return the random crop of a clip, as [top, left, height, width] in pixels."""
    if augment.crop_scale == (1.0, 1.0) and augment.crop_ratio == (1.0, 1.0):
        return _central_box(frames)
    height, width = (tf.cast(side, tf.float32) for side in _picture_size(frames))
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


def _picture_size(frames: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return height and width, read from the head of the first frame."""
    first = frames[0]

    def of_png() -> tf.Tensor:  # bytes 16 to 23 of a PNG file: width and height
        sides = tf.io.decode_raw(tf.strings.substr(first, 16, 8), tf.int32, little_endian=False)
        return tf.reverse(sides, [0])

    size = tf.cond(_is_png(first), of_png, lambda: tf.io.extract_jpeg_shape(first)[:2])
    return size[0], size[1]


def _is_png(frame: tf.Tensor) -> tf.Tensor:
    return tf.equal(tf.strings.substr(frame, 0, 4), b"\x89PNG")


def _decode_frame(frame: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
    """Decode the box of one frame, (h, w, 3) uint8; of a JPEG, nothing else is decoded."""
    return tf.cond(
        _is_png(frame),
        lambda: tf.slice(tf.io.decode_png(frame, channels=3), [box[0], box[1], 0], [box[2], box[3], 3]),
        lambda: tf.io.decode_and_crop_jpeg(frame, box, channels=3),
    )


def _decode(frames: tf.Tensor, clip: ClipConfig, box: tf.Tensor) -> tf.Tensor:
    """Decode the box of encoded frames (T,) and scale it, (T, H, W, 3) uint8."""
    pictures = tf.map_fn(lambda frame: _decode_frame(frame, box), frames, fn_output_signature=tf.uint8)
    return tf.ensure_shape(
        tf.cast(tf.round(tf.image.resize(pictures, [clip.size, clip.size])), tf.uint8),
        [None, clip.size, clip.size, 3],
    )


def _augment(pictures: tf.Tensor, augment: AugmentConfig, seed: tf.Tensor) -> tf.Tensor:
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


def _options() -> tf.data.Options:
    options = tf.data.Options()
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return options
