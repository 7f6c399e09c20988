"""How videos are stored, and how clips of them are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from ...contracts import Spec
from ..pictures.measuring import size_of
from ..pipeline.classes import ClassFamily
from ..pipeline.family import Record, Row, Stretch, shown_of
from .clip_config import ClipConfig
from .frames import decoded, eval_clips, eval_indices, train_clip

_LEAST_COMPRESSION = 6  # of video frames as JPEG
_LONG = 1.5  # times as long as training videos: these are predicted in stretches too


class Clips(ClassFamily):
    """Videos as JPEG frames, each with its time; clips of T of them.

    A record has `video`, the frames, and `times`, when each starts, in mean lengths of a frame; what was prepared by
    others has no times, and then all frames are equally long.

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
        return {
            "video": tfds.features.Video(shape=(None, None, None, 3), encoding_format="jpeg"),
            "times": tfds.features.Tensor(shape=(None,), dtype=tf.float32),
        }

    def row(self, record: Record) -> dict[str, str]:
        """Return the length of a video in seconds, and what is to be said of it."""
        return {"seconds": f"{record['seconds']:.3f}", "remarks": "; ".join(record.get("remarks", ()))}

    def content(self, record: Record) -> Iterable[bytes]:
        return record["video"]

    def measures(self, record: Record, target: str) -> dict[str, float]:
        frames, seconds = record["video"], record["seconds"]
        return {
            "seconds": seconds,
            "frames": len(frames),
            "frames a second": round(len(frames) / seconds, 3),
            **size_of(frames[0]),
        }

    def complete(self, rows: Sequence[Row]) -> Spec:
        """Return the spec with the mean length of the training videos, where lengths are stored."""
        if self.spec.seconds is not None or not rows or "seconds" not in rows[0]:
            return self.spec
        return self.spec.model_copy(update={"seconds": float(np.mean([float(row["seconds"]) for row in rows]))})

    def unpacked_bytes(self, rows: Sequence[Row], stored_bytes: int) -> int:
        return _LEAST_COMPRESSION * stored_bytes

    def unpacked(self, record: Record) -> Record:
        frames = {"video": decoded(record["video"], self._clip, record.get("times"))}
        if self._clip.train_sampling == "uniform" or "times" not in record:  # then just those of the clip are left
            return frames
        return {**frames, "times": record["times"]}

    def train(self, record: Record, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return a training clip, (T, H, W, 3) uint8."""
        return {"clip": train_clip(record["video"], self._clip, seed, record.get("times"))}

    def show(self, record: Record) -> dict[str, tf.Tensor]:
        """Return the clips by which a video is judged, (N, T, H, W, 3) uint8."""
        return {"clip": eval_clips(record["video"], self._clip, record.get("times"), record.get("num_frames"))}

    def num_views(self, row: Row) -> int:
        return self._clip.eval_clips

    def picture(self, record: Record, shown: Mapping[str, np.ndarray] | None = None) -> np.ndarray:
        """Return the first clip by which a video is judged, (T, H, W, 3) uint8."""
        return (shown or shown_of(self, record))["clip"][0]

    def needed(self, record: Record) -> Record:
        """Return a record with the frames that evaluation shows alone, and how many there were: films may be long."""
        num_frames = tf.constant(len(record["video"]))
        shown = np.unique(eval_indices(num_frames, self._clip, record["times"]))
        return {
            "video": [record["video"][number] for number in shown.tolist()],
            "times": record["times"][shown],
            "num_frames": num_frames,
        }

    def stretches(self, record: Record) -> Iterator[Stretch]:
        """Yield parts of a video as long as those of training, where it is much longer."""
        frames, times, seconds = record["video"], record["times"], record["seconds"]
        typical = self.spec.seconds or seconds
        if seconds < _LONG * typical:
            return
        count = min(int(seconds // typical), len(frames))
        edges, length = np.linspace(0, len(frames), count + 1), seconds / len(frames)  # of a frame
        if np.array_equal(times, np.arange(len(times))):
            edges = edges.round()  # all frames are equally long: windows begin with one
        for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            first = max(int(np.searchsorted(times, start, side="right")) - 1, 0)  # it is on display already
            last = int(np.searchsorted(times, end, side="left"))
            shown = np.maximum((times[first:last] - start) * ((last - first) / (end - start)), 0).astype(np.float32)
            part = {"video": frames[first:last], "times": shown, "seconds": (end - start) * length}
            yield Stretch(start * length, end * length, part)

    def of_stretches(self) -> Clips:
        """Return how stretches are shown: as one clip each."""
        return Clips(self.spec, self._clip.model_copy(update={"eval_clips": 1}))
