"""How videos are stored, and how clips of them are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from ...contracts import Spec
from ..pipeline.classes import ClassFamily
from ..pipeline.family import Record, Row, Stretch
from .clip_config import ClipConfig
from .frames import decoded, eval_clips, train_clip

_LEAST_COMPRESSION = 6  # of video frames as JPEG
_LONG = 1.5  # times as long as training videos: these are predicted in stretches too


class Clips(ClassFamily):
    """Videos as JPEG frames; clips of T of them.

    Args:
        spec: Classes, and the shape of a clip.
        clip: How videos become clips.
    """

    keep = "memory"

    def __init__(self, spec: Spec, clip: ClipConfig):
        super().__init__(spec)
        self._clip = clip
        self.augmented = clip.varies
        self.shown_by = clip.model_dump_json()

    def features(self) -> dict[str, Any]:
        return {"video": tfds.features.Video(shape=(None, None, None, 3), encoding_format="jpeg")}

    def row(self, record: Record) -> dict[str, str]:
        """Return the length of a video in seconds."""
        return {"seconds": f"{record['seconds']:.3f}"}

    def complete(self, rows: Sequence[Row]) -> Spec:
        """Return the spec with the mean length of the training videos, where lengths are stored."""
        if self.spec.seconds is not None or not rows or "seconds" not in rows[0]:
            return self.spec
        return self.spec.model_copy(update={"seconds": float(np.mean([float(row["seconds"]) for row in rows]))})

    def unpacked_bytes(self, rows: Sequence[Row], stored_bytes: int) -> int:
        return _LEAST_COMPRESSION * stored_bytes

    def unpacked(self, record: Record) -> Record:
        return {"video": decoded(record["video"], self._clip)}

    def train(self, record: Record, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return a training clip, (T, H, W, 3) uint8."""
        return {"clip": train_clip(record["video"], self._clip, seed)}

    def show(self, record: Record) -> dict[str, tf.Tensor]:
        """Return the clips by which a video is judged, (N, T, H, W, 3) uint8."""
        return {"clip": eval_clips(record["video"], self._clip)}

    def num_views(self, row: Row) -> int:
        return self._clip.eval_clips

    def picture(self, record: Record) -> np.ndarray:
        """Return the first clip by which a video is judged, (T, H, W, 3) uint8."""
        return eval_clips(tf.convert_to_tensor(record["video"]), self._clip)[0].numpy()

    def stretches(self, record: Record) -> Iterator[Stretch]:
        """Yield parts of a video as long as those of training, where it is much longer."""
        frames, seconds, typical = record["video"], record["seconds"], self.spec.seconds or record["seconds"]
        if seconds < _LONG * typical:
            return
        count = min(int(seconds // typical), len(frames))
        edges = np.linspace(0, len(frames), count + 1).round().astype(int).tolist()
        length = seconds / len(frames)  # of a frame
        for start, end in zip(edges[:-1], edges[1:], strict=True):
            part = {"video": frames[start:end], "seconds": (end - start) * length}
            yield Stretch(start * length, end * length, part)

    def of_stretches(self) -> Clips:
        """Return how stretches are shown: as one clip each."""
        return Clips(self.spec, self._clip.model_copy(update={"eval_clips": 1}))
