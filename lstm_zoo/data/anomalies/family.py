"""How films are stored in stretches, and how each of their frames is shown with those before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from ...contracts import SCORE, Normal, Outputs, Spec
from ..frames.film_frames import pixels_of
from ..pipeline.family import TARGET, Family, Item, Record, Row

_STRETCH = 8  # frames that are judged by a record; in training, an epoch shows one clip of each


class Stretch(NamedTuple):
    """Which frames of a film a record holds: some that are judged, behind others that these are shown with."""

    begin: int
    """Number of its first frame in the film."""
    first: int
    """Number of the first one that is judged."""
    end: int
    """Number of the one behind its last."""


class FilmStretches(Family):
    """Clips that end with the frame that is judged, (T, H, W, C) uint8: every `frame_step`-th one before it.

    In training a clip ends anywhere in a stretch, and where the target has tempos, half of the clips run so many times
    as fast as they were filmed, and are called 1, the others 0.

    Args:
        spec: Shape of the clip.
        flip: Whether training mirrors half of the clips.
    """

    keep = "memory"
    augmented = True

    def __init__(self, spec: Spec, flip: bool):
        super().__init__(spec)
        assert isinstance(spec.target, Normal)
        self._tempos, self._flip, self.frame_step = spec.target.tempos, flip, spec.target.frame_step
        self.shape = spec.inputs["clip"].shape
        self.span = ((self.shape[0] or 1) - 1) * self.frame_step
        self.shown_by = f"{self.shape}-{self.frame_step}-{self._tempos}-{flip}"

    def features(self) -> dict[str, Any]:
        frames = tfds.features.Tensor(shape=(None, *self.shape[1:]), dtype=np.uint8, encoding="zlib")
        return {"frames": frames, "flags": tfds.features.Tensor(shape=(None,), dtype=np.uint8)}

    def examples_of(self, item: Item, record: Record) -> Iterator[tuple[Item, Record]]:
        """Yield the stretches of a film, each called after the number of its first frame that is judged."""
        flags, remarks = record["flags"], record["remarks"]
        for stretch in self.stretches_of(len(record["video"])):
            about = {"film": item.name, "fps": record["fps"], "remarks": remarks, **stretch._asdict()}
            named = item._replace(name=f"{item.name}#{stretch.first}", target=None)
            yield named, {"frames": self.pixels(record, stretch), "flags": flags[stretch.first : stretch.end], **about}
            remarks = ()  # told once

    def stretches_of(self, num_frames: int) -> list[Stretch]:
        """Return the stretches of a film; each has a frame that can be shown with those before it."""
        before = self.span * max((1, *self._tempos))
        ends = [*range(self.span + _STRETCH, num_frames, _STRETCH), num_frames]
        return [Stretch(max(first - before, 0), first, end) for first, end in zip([0, *ends[:-1]], ends, strict=True)]

    def pixels(self, record: Record, stretch: Stretch) -> np.ndarray:
        """Return the frames of a stretch of a film, (n, H, W, C) uint8."""
        height, width, channels = self.shape[1:]
        assert height and width and channels
        return pixels_of(record["video"][stretch.begin : stretch.end], (height, width), channels)

    def row(self, record: Record) -> dict[str, str]:
        """Return film, place and frames a second of a stretch, how many are abnormal, and what is to be said."""
        about = {name: str(record[name]) for name in ("film", *Stretch._fields) if name in record}  # else a whole film
        abnormal = str(int(np.sum(record["flags"])))
        return {**about, "fps": f"{record['fps']:.3f}", "abnormal": abnormal, "remarks": "; ".join(record["remarks"])}

    def content(self, record: Record) -> Iterable[bytes | np.ndarray]:
        return record["video"]

    def measures(self, record: Record, target: Any) -> dict[str, float]:
        flags = record["flags"]
        return {"frames": len(flags), "frames a second": round(record["fps"], 3), "abnormal frames": int(flags.sum())}

    def unpacked_bytes(self, rows: Sequence[Row], stored_bytes: int) -> int:
        pixels = int(np.prod(self.shape[1:]))  # type: ignore[arg-type]
        return pixels * sum(int(row["end"]) - int(row["begin"]) for row in rows)

    def train(self, record: Record, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 3))
        frames, tempos = record["frames"], self._tempos
        choice = (1,) * len(tempos) + tempos if tempos else (1,)
        tempo = tf.constant(choice)[tf.random.stateless_uniform([], seeds[0], 0, len(choice), tf.int32)]
        tempo = tf.where(self.span * tempo < tf.shape(frames)[0], tempo, 1)
        last = tf.random.stateless_uniform([], seeds[1], self.span * tempo, tf.shape(frames)[0], tf.int32)
        clip = self._clip(frames, last, tempo)
        if self._flip:
            mirrored = tf.random.stateless_uniform([], seeds[2]) < 0.5
            clip = tf.where(mirrored, clip[:, :, ::-1], clip)
        return {"clip": clip, TARGET: tf.cast(tempo > 1, tf.float32)}

    def show(self, record: Record) -> dict[str, tf.Tensor]:
        """Return a clip for each frame with enough before it; where there are tempos, then such that run fast."""
        frames = record["frames"]
        end, first = tf.shape(frames)[0], tf.shape(frames)[0] - tf.shape(record["flags"])[0]
        shown, target = [], []
        for tempo in self._shown_tempos:
            ends = tf.range(tf.maximum(first, self.span * tempo), end)
            clips = tf.map_fn(
                lambda last, tempo=tempo: self._clip(frames, last, tempo),
                ends,
                fn_output_signature=tf.TensorSpec(self.shape, tf.uint8),
            )
            shown.append(clips)
            target.append(tf.fill(tf.shape(ends), tf.cast(tempo > 1, tf.float32)))
        return {"clip": tf.concat(shown, 0), TARGET: tf.concat(target, 0)}

    @property
    def _shown_tempos(self) -> tuple[int, ...]:
        return (1, *self._tempos[:1])

    def _clip(self, frames: tf.Tensor, last: tf.Tensor, tempo: tf.Tensor | int) -> tf.Tensor:
        """Return the clip that ends with a frame, (T, H, W, C) uint8."""
        before = tf.range(self.shape[0])[::-1] * self.frame_step * tempo
        return tf.ensure_shape(tf.gather(frames, last - before), self.shape)

    def num_views(self, row: Row) -> int:
        begin, first, end = (int(row[name]) for name in Stretch._fields)
        return sum(max(end - max(first, begin + self.span * tempo), 0) for tempo in self._shown_tempos)

    def merge(self, row: Row, views: Iterator[Outputs]) -> Outputs:
        """Return the score of each frame that is judged, (n,) float32; NaN where too few are before it."""
        begin, first, end = (int(row[name]) for name in Stretch._fields)
        scored = end - max(first, begin + self.span)
        found = [float(view[SCORE]) for view in views][:scored]  # behind them come clips that run fast
        return {SCORE: np.array([np.nan] * (end - first - scored) + found, np.float32)}

    def needed(self, record: Record) -> Record:
        """Return the first stretch of a film that was read."""
        if "frames" in record:
            return {name: record[name] for name in ("frames", "flags")}
        first = self.stretches_of(len(record["video"]))[0]
        return {"frames": self.pixels(record, first), "flags": record["flags"][first.first : first.end]}

    def truths(self, rows: Sequence[Row], records: Callable[[], Iterable[Record]]) -> Iterator[dict[str, Any]]:
        """Yield which frames are abnormal, and what floors look at: the frames themselves, with the one before them."""
        for row, record in zip(rows, records(), strict=True):
            first, end = int(row["first"]), int(row["end"])
            yield {
                "film": row["film"],
                "first": first,
                "fps": float(row["fps"]),
                "flags": np.asarray(record["flags"], bool),
                "frames": np.asarray(record["frames"])[-(end - first + (first > 0)) :],
            }

    def counts(self, facts: Sequence[Row], truths: Callable[[], Iterable[Any]]) -> dict[str, int]:
        frames = sum(int(row["end"]) - int(row["first"]) for row in facts)
        films = len({row["film"] for row in facts})
        return {"films": films, "frames": frames, "abnormal frames": sum(int(row["abnormal"]) for row in facts)}

    def picture(self, record: Record, shown: Mapping[str, np.ndarray] | None = None) -> np.ndarray:
        """Return all frames of a stretch, (n, H, W, C) uint8."""
        del shown
        return np.asarray(record["frames"])
