"""Reading: prepared JPEG frames become batches of uint8 clips; only the frames that are used are decoded."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from ..contracts import InputError, Spec, Splits, Views
from ..media.videos import EncodedVideo
from .clip_builder import ClipBuilder
from .clips import ClipConfig
from .frames import DecodedFrames, EncodedFrames, decode_video, eval_clips, train_clip
from .order import epoch_seed, example_seed, shuffled
from .records import DECODED_BYTES, THREADS, in_blocks, reading_options, stored_bytes

_LEAST_COMPRESSION = 6  # of video frames as JPEG: a larger split need not be tried


class ClipSplits(Splits):
    """Clips of a TFDS data set with a video and a label.

    Args:
        builder: The prepared data set.
        clip: How videos become clips.
        class_names: Names of the classes, in the order of the labels the network learns.
        splits: TFDS split (sub-splits too) of each of train, val and test.
        keys: The features that hold `video` and `label`.
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
        self._facts: dict[str, dict[str, Any]] = {}
        self._pictures: dict[str, list[np.ndarray] | None] = {}
        self.num_views = clip.eval_clips
        self.folder = Path(builder.data_dir)
        self.augmented = clip.varies
        self.fingerprint = f"{builder.info.full_name}/{clip.model_dump_json()}/{dict(splits)}"
        self.inputs_fingerprint = self.fingerprint
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
            keys={"video": "video", "label": "label"},
        )
        splits.bad_files = builder.bad_files()
        return splits

    def size(self, split: str) -> int:
        """Return the number of examples in a split; 0 where there is no such split."""
        return self._builder.info.splits[self._splits[split]].num_examples if split in self._splits else 0

    def train_stream(
        self, batch_size: int, seed: int, first_epoch: int = 0, *, drop_remainder: bool = False
    ) -> tf.data.Dataset:
        """Return endless shuffled, augmented batches: clips (B, T, H, W, 3) uint8 and labels (B,) int32.

        The stored order is random, so that a block is a fair sample even where it is not the whole split: shuffling
        goes on within a block.
        """
        blocks, frames_of = self._blocks("train")

        def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
            seed_now = epoch_seed(seed, epoch)

            def one_block(numbers: tf.Tensor, *videos_and_labels: Any) -> tf.data.Dataset:
                rows = shuffled(tf.size(numbers), seed_now, numbers[0])
                return self._train_clips(frames_of, rows, seed_now, numbers, *videos_and_labels)

            return blocks.flat_map(one_block).batch(batch_size, drop_remainder)

        epochs = tf.data.Dataset.range(first_epoch, tf.int32.max)
        return epochs.flat_map(one_epoch).with_options(reading_options()).prefetch(2)

    def train_views(self, batch_size: int, seed: int, epoch: int) -> tf.data.Dataset:
        """Return one pass over the training clips in stored order, augmented as in that epoch."""
        blocks, frames_of = self._blocks("train")
        seed_now = epoch_seed(seed, epoch)

        def one_block(numbers: tf.Tensor, *videos_and_labels: Any) -> tf.data.Dataset:
            return self._train_clips(frames_of, tf.range(tf.size(numbers)), seed_now, numbers, *videos_and_labels)

        return blocks.flat_map(one_block).batch(batch_size).with_options(reading_options()).prefetch(2)

    def _train_clips(
        self, frames_of: Callable, rows: tf.Tensor, seed: tf.Tensor, numbers: tf.Tensor, videos: Any, labels: Any
    ) -> tf.data.Dataset:
        """Return the training clips of some rows of a block, with their labels."""

        def one_clip(row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            clip = train_clip(frames_of(videos[row]), self._clip, example_seed(seed, numbers[row]))
            return clip, labels[row]

        return tf.data.Dataset.from_tensor_slices(rows).map(one_clip, num_parallel_calls=THREADS)

    def eval_stream(self, split: str, batch_size: int) -> tf.data.Dataset:
        """Return clips (B, T, H, W, 3) uint8 and labels (B,), `num_views` rows a video, in stored order."""

        def one_video(video: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            views = eval_clips(EncodedFrames(video), self._clip)  # (N, T, H, W, 3)
            return views, tf.repeat(label, self.num_views)

        clips = self._records(split).map(one_video, num_parallel_calls=THREADS).unbatch()
        if self.size(split) * self.num_views * math.prod(self.spec.input_shape) <= DECODED_BYTES:
            clips = clips.cache()  # a validation split is read in every epoch
        return clips.batch(batch_size).with_options(reading_options()).prefetch(2)

    def targets(self, split: str) -> np.ndarray:
        """Return the labels of a split, (examples,)."""
        return self._known(split)["label"]

    def names(self, split: str) -> list[str]:
        """Return the videos' names, or their numbers where the data set stores none."""
        known = self._known(split)
        return [f"{split} {index}" for index in range(self.size(split))] if "name" not in known else known["name"]

    def _blocks(self, split: str) -> tuple[tf.data.Dataset, Callable]:
        """Return a split as blocks of many examples.

        What fits into memory is read from disk once, and decoded once where the pictures fit as well.

        Returns:
            Blocks `(numbers (n,), videos (n, ...), labels (n,))`, and what makes `Frames` of one of the videos.
        """
        size = self.size(split)
        if pictures := self._decoded(split):
            block = np.arange(size), np.arange(size), self.targets(split)
            return tf.data.Dataset.from_tensors(block), lambda row: DecodedFrames(pictures, row, self._clip)
        num_bytes = stored_bytes(self._builder, self._splits[split])
        return in_blocks(self._records(split), size, num_bytes), EncodedFrames

    def _decoded(self, split: str) -> list[np.ndarray] | None:
        """Return the decoded pictures of each video of a split, or None where they are too many to keep."""
        if split not in self._pictures:
            self._pictures[split] = self._decode(split)
        return self._pictures[split]

    def _decode(self, split: str) -> list[np.ndarray] | None:
        if stored_bytes(self._builder, self._splits[split]) > DECODED_BYTES // _LEAST_COMPRESSION:
            return None
        videos = self._records(split).map(
            lambda video, label: decode_video(video, self._clip), num_parallel_calls=THREADS
        )
        pictures, left = [], DECODED_BYTES
        for decoded in videos.with_options(reading_options()).prefetch(2).as_numpy_iterator():
            pictures.append(decoded)
            left -= decoded.nbytes
            if left < 0:
                return None
        return pictures

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

    def _known(self, split: str) -> dict[str, Any]:
        """Return labels, and where they are stored names and lengths, of a split; read once."""
        if split not in self._facts:
            self._facts[split] = self._read_facts(split)
        return self._facts[split]

    def _read_facts(self, split: str) -> dict[str, Any]:
        if not self.size(split):
            return {"label": np.zeros(0, np.int32), "name": [], "seconds": []}
        if isinstance(self._builder, ClipBuilder):
            rows = self._builder.clips(split)
            stored = [self._builder.info.features["label"].str2int(row["label"]) for row in rows]
            facts: dict[str, Any] = {
                "name": [row["name"] for row in rows],
                "seconds": [float(row["seconds"]) for row in rows],
            }
        else:
            label = self._keys["label"]
            only = tfds.decode.PartialDecoding({label: True})
            dataset = self._builder.as_dataset(split=self._splits[split], shuffle_files=False, decoders=only)
            stored = [int(row[label]) for row in dataset.as_numpy_iterator()]
            facts = {}
        return {"label": self._label_map[stored].astype(np.int32), **facts}

    def _mean_seconds(self) -> float | None:
        seconds = self._known("train").get("seconds")
        return float(np.mean(seconds)) if seconds else None


def views_of_video(video: EncodedVideo, clip: ClipConfig, spec: Spec) -> Views:
    """Return a decoded file as evaluation sees it, with windows over time if it is much longer than training clips."""
    encoded = tf.constant(video.frames)
    window_seconds = spec.clip_seconds or video.seconds
    count = int(video.seconds // window_seconds) if video.seconds >= 1.5 * window_seconds else 0
    count = min(count, len(video.frames))
    edges = np.linspace(0, len(video.frames), count + 1).round().astype(int).tolist()
    stretches = list(zip(edges[:-1], edges[1:], strict=True)) if count else []
    one = clip.model_copy(update={"eval_clips": 1})
    seconds = video.seconds / len(video.frames)  # a frame
    return Views(
        inputs=eval_clips(EncodedFrames(encoded), clip).numpy(),
        windows=np.array(
            [eval_clips(EncodedFrames(encoded[start:end]), one)[0] for start, end in stretches], np.uint8
        ).reshape(-1, *spec.input_shape),
        times=[(start * seconds, end * seconds) for start, end in stretches],
    )
