"""How clips are stored with the frames that follow them, and how films become such windows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from ...contracts import Frames, Spec
from ..pipeline.family import TARGET, Family, Item, Record, Row
from .film_frames import pixels_of

_ALIKE = 0.01  # relative difference of frame rates that counts as none


class FrameWindows(Family):
    """Windows of consecutive frames, (T + horizon, H, W, C) uint8: the clip, and what follows it.

    A record that was read is a window already (`frames`), or a film (`video`, see `read_film`), which is cut into
    windows when it is stored.

    Args:
        spec: Shape of the clip, and of the frames that follow.
        stride: From the first frame of a window to that of the next, in frames.
    """

    keep = "disk"
    trained_as_evaluated = True

    def __init__(self, spec: Spec, stride: int):
        super().__init__(spec)
        assert isinstance(spec.target, Frames)
        self._target = spec.target
        self.num_frames, self.horizon = spec.inputs["clip"].shape[0] or 1, spec.target.horizon
        self._length = self.num_frames + self.horizon
        self._stride = stride
        self.shown_by = f"{self.num_frames}-{self._target.shape}"

    def features(self) -> dict[str, Any]:
        shape = (self._length, *self._target.shape[1:])
        return {"frames": tfds.features.Tensor(shape=shape, dtype=np.uint8, encoding="zlib")}

    def examples_of(self, item: Item, record: Record) -> Iterator[tuple[Item, Record]]:
        """Yield the windows of a film; the last one ends with it. Each is called after its first frame's number."""
        if "frames" in record:
            yield item, record
            return
        remarks = record["remarks"]
        for first in self.starts(len(record["video"])):
            about = {"film": item.name, "fps": record["fps"], "remarks": remarks}
            yield item._replace(name=f"{item.name}#{first}"), {"frames": self.window(record, first), **about}
            remarks = ()  # told once

    def starts(self, num_frames: int) -> list[int]:
        """Return the numbers of the frames that the windows of a film begin with."""
        last = num_frames - self._length
        return [*range(0, last, self._stride), last] if last >= 0 else []

    def window(self, record: Record, first: int) -> np.ndarray:
        """Return a window of a film, (T + horizon, H, W, C) uint8; of its last clip, the clip alone, (T, H, W, C)."""
        return pixels_of(record["video"][first : first + self._length], self._target.shape[1:3], self._target.channels)

    def row(self, record: Record) -> dict[str, str]:
        """Return the film of a window and its frames a second, and what is to be said of it."""
        if "fps" not in record:
            return {}
        film = {"film": record["film"]} if "film" in record else {}
        return {**film, "fps": f"{record['fps']:.3f}", "remarks": "; ".join(record["remarks"])}

    def content(self, record: Record) -> Iterable[bytes | np.ndarray]:
        return record["video"]

    def measures(self, record: Record, target: Any) -> dict[str, float]:
        num_frames = len(record["video"])
        return {
            "frames": num_frames,
            "frames a second": round(record["fps"], 3),
            "windows": len(self.starts(num_frames)),
        }

    def complete(self, rows: Sequence[Row]) -> Spec:
        """Return the spec with the time from frame to frame, where all films have the same."""
        rates = [float(row["fps"]) for row in rows if "fps" in row]
        if self._target.step_seconds is not None or not rates or max(rates) > (1 + _ALIKE) * min(rates):
            return self.spec
        target = self._target.model_copy(update={"step_seconds": round(1 / float(np.mean(rates)), 4)})
        return self.spec.model_copy(update={"target": target})

    def train(self, record: Record, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the clip, (T, H, W, C) uint8, and what follows it as hint and as target."""
        frames = tf.ensure_shape(record["frames"], [self._length, *self._target.shape[1:]])
        clip, later = frames[: self.num_frames], frames[self.num_frames :]
        return {"clip": clip, "later": later, TARGET: later}

    def show(self, record: Record) -> dict[str, tf.Tensor]:
        """Return the same as one view."""
        return {name: values[tf.newaxis] for name, values in self.train(record, tf.zeros(2, tf.int64)).items()}

    def needed(self, record: Record) -> Record:
        """Return the window, of a film the first one."""
        return {"frames": record["frames"] if "frames" in record else self.window(record, 0)}

    def truths(self, rows: Sequence[Row], records: Callable[[], Iterable[Record]]) -> Iterator[np.ndarray]:
        yield from (record["frames"] for record in records())

    def counts(self, facts: Sequence[Row], truths: Callable[[], Iterable[Any]]) -> dict[str, int]:
        """Return the number of films."""
        return {"films": len({row.get("film", row["name"]) for row in facts})}

    def picture(self, record: Record, shown: Mapping[str, np.ndarray] | None = None) -> np.ndarray:
        """Return all frames of a window, (T + horizon, H, W, C) uint8."""
        del shown
        return np.asarray(record["frames"])
