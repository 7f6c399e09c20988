"""Live video: a network that sees a stream frame by frame, and says at once what it shows so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, BinaryIO, NamedTuple, Protocol

import numpy as np

from .contracts import DataConfig, InputError, Spec
from .data.clips import VideoData
from .media.errors import MediaError
from .media.videos import LiveFrame, live_frames
from .tasks.classification import Classification


class Scorer(Protocol):
    """A network that keeps its recurrent state from frame to frame."""

    def scores(self, frames: np.ndarray) -> np.ndarray:
        """Return the probabilities of the classes after one more frame, (1, H, W, C) uint8 to (1, K)."""
        ...

    def restart(self) -> None:
        """Forget all frames."""
        ...


class Seen(NamedTuple):
    """What a network makes of a stream up to one of its frames."""

    seconds: float
    """When the frame is shown, in seconds of video; the first one at 0."""
    classes: list[dict[str, Any]]
    """The most probable classes, each with `name` and `probability`, best first."""
    changed: bool
    """Whether the best class is another than after the frame before; True for the first frame."""
    fps: float
    """Frames read and judged per second of wall time so far, without the first, on which the network may be compiled;
    0 while there is no other. A camera or a slow sender bounds it."""


def watch(
    stream: Scorer,
    data: DataConfig,
    spec: Spec,
    source: Path | BinaryIO,
    *,
    fps: float | None = None,
    restart: float | None = None,
    top: int = 1,
) -> Iterator[Seen]:
    """Classify a video while it comes, after each of its frames.

    Args:
        stream: The network; what it has seen before is not forgotten here.
        data: The clips it was trained on, which say how frames are cut, scaled and thinned.
        spec: Its shapes and classes.
        source: A file, or a binary stream, as `live_frames` reads them.
        fps: Frames shown per second of video at most; None: as many as evaluation shows (`VideoData.stream_fps`).
        restart: Seconds of video after which all frames are forgotten, again and again; None: never.
        top: Classes told of each frame.

    Raises:
        InputError: The network was not trained on clips or an option is out of range; and, once the frames are asked
            for, the source cannot be read, or breaks off behind the frames that came.
    """
    if not isinstance(data, VideoData):
        raise InputError("", f"the run was trained on {data.media} ('{data.kind}'); a stream needs one of videos")
    for name, value in (("fps", fps), ("restart", restart), ("top", top)):
        if value is not None and value <= 0:
            raise InputError("", f"{name} is {value:g}; expected a number above 0")
    return _watch(stream, data, spec, source, fps, restart, top)


def _watch(
    stream: Scorer,
    data: VideoData,
    spec: Spec,
    source: Path | BinaryIO,
    fps: float | None,
    restart: float | None,
    top: int,
) -> Iterator[Seen]:
    task, best, since, begun = Classification(), None, 0.0, 0.0
    for count, (seconds, picture) in enumerate(_frames(data, spec, source, fps)):
        if restart is not None and seconds - since >= restart:
            stream.restart()
            since = seconds
        probabilities = stream.scores(data.frame(picture, spec)[np.newaxis])  # (1, K)
        classes = task.decode(probabilities, spec)[0]["classes"]
        now = perf_counter()
        begun = begun or now
        changed, best = classes[0]["name"] != best, classes[0]["name"]
        yield Seen(seconds, classes[:top], changed, count / (now - begun) if count else 0.0)


def _frames(data: VideoData, spec: Spec, source: Path | BinaryIO, fps: float | None) -> Iterator[LiveFrame]:
    """Yield the frames that are shown, of the size of prepared ones."""
    fps = fps or data.stream_fps(spec)
    frames = live_frames(source, data.short_side, fps)
    try:
        yield from islice(frames, 0, None, 1 if fps else data.stream_step)
    except MediaError as error:
        raise InputError("", f"{source if isinstance(source, Path) else 'the stream'}: {error}") from None


def records(seen: Iterator[Seen]) -> Iterator[dict[str, Any]]:
    """Yield, ready for JSON, what is told of a stream: each change of the best class, and a sum at the end.

    Yields:
        `seconds`, `classes` and `fps` at the first frame and wherever the best class changes; at last `frames`, their
        number, `seconds`, the time of the last one, and `fps`.
    """
    frames, seconds, fps = 0, 0.0, 0.0
    with suppress(KeyboardInterrupt):  # Ctrl-C is how live video ends
        for now in seen:
            frames, seconds, fps = frames + 1, now.seconds, now.fps
            if now.changed:
                yield {"seconds": seconds, "classes": now.classes, "fps": fps}
    yield {"frames": frames, "seconds": seconds, "fps": fps}


def lines(seen: Iterator[Seen]) -> Iterator[str]:
    """Yield what `records` tells as lines for people."""
    for record in records(seen):
        rate = f"{record['fps']:.1f} frames/s" if record["fps"] else ""
        if "classes" in record:
            classes = ", ".join(f"{one['name']} {one['probability']:.4f}" for one in record["classes"])
            yield f"{record['seconds']:.2f} s: {classes}" + (f" ({rate})" if rate else "")
        else:
            said = [f"{record['frames']} frames", f"{record['seconds']:.2f} s of video", rate]
            yield ", ".join(filter(None, said))
