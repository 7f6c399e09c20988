"""Live video: a network that sees a stream frame by frame, and says at once what it shows so far."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ..console.signals import answer_stop
from ..console.visible import tell
from ..contracts import DataConfig, InputError, LiveFrame, Spec, Told, Watcher
from .stream import Stream


class Seen(NamedTuple):
    """What a network makes of a stream up to one of its frames."""

    seconds: float
    """When the frame is shown, in seconds of video; the first one at 0."""
    told: Told
    fps: float
    """Frames read and judged per second of wall time so far, from the first that is answered on and without it, as the
    network may be compiled then; 0 while there is no other. A camera or a slow sender bounds it."""


def watch(
    stream: Stream,
    data: DataConfig,
    watcher: Watcher,
    spec: Spec,
    source: Path | BinaryIO,
    *,
    fps: float | None = None,
    restart: float | None = None,
) -> Iterator[Seen]:
    """Judge a video while it comes, after each of its frames.

    Args:
        stream: The network; what it has seen before is not forgotten here.
        data: What it was trained on, which says how frames are cut, scaled and thinned.
        watcher: Says what there is to tell.
        spec: What the data told it.
        source: A file or a folder of frames, or a binary stream.
        fps: Frames shown per second of video at most; None: as many as evaluation shows.
        restart: Seconds of video after which all frames are forgotten, again and again; None: never. It is told if
            the first time comes before the first answer.

    Raises:
        InputError: The network was not trained on videos or an option is out of range; and, once the frames are asked
            for, the source cannot be read, or breaks off behind the frames that came.
    """
    for name, value in (("fps", fps), ("restart", restart)):
        if value is not None and value <= 0:
            raise InputError("", f"{name} is {value:g}; expected a number above 0")
    return _watch(stream, data.live_frames(source, spec, fps), watcher, restart)


def _watch(stream: Stream, frames: Iterator[LiveFrame], watcher: Watcher, restart: float | None) -> Iterator[Seen]:
    since, begun, first = 0.0, 0.0, 0
    for count, (seconds, picture) in enumerate(frames):
        if restart is not None and seconds - since >= restart:
            if not since and not begun:
                came = f"{count} frame{'s' * (count > 1)} came in that time"
                tell(f"restart is {restart:g} s, and {came}; the network needs {stream.needed_frames} to answer")
            stream.restart()
            since = seconds
        outputs = stream.answer(picture[np.newaxis])  # (1, ...)
        told = watcher.see(seconds, outputs and {name: values[0] for name, values in outputs.items()})
        now = perf_counter()
        if not begun and outputs is not None:
            begun, first = now, count
        yield Seen(seconds, told, (count - first) / (now - begun) if begun and count > first else 0.0)


def records(seen: Iterator[Seen]) -> Iterator[dict[str, Any]]:
    """Yield, ready for JSON, what is told of a stream, and a sum at the end.

    Yields:
        `seconds`, the facts and `fps` at the frames of which there are any; at last `frames`, their number, `seconds`,
        the time of the last one, `fps`, and what there is to say of the whole stream.

    Raises:
        Exception: What `seen` raises; where there were frames, behind the sum of them.
    """
    return (record for record, _ in _told(seen) if record)


def lines(seen: Iterator[Seen]) -> Iterator[str]:
    """Yield what `records` tells as lines for people."""
    return (line for _, line in _told(seen) if line)


def _told(seen: Iterator[Seen]) -> Iterator[tuple[dict[str, Any], str]]:
    frames, seconds, told, fps, rate = 0, 0.0, Told(), 0.0, ""
    broken: Exception | None = None
    try:
        for frames, (seconds, told, fps) in enumerate(seen, 1):  # noqa: B007 (the last ones are told)
            rate = f"{fps:.1f} frames/s" if fps else ""
            line = told.text and f"{seconds:.2f} s: {told.text}" + (f" ({rate})" if rate else "")
            yield told.facts and {"seconds": seconds, **told.facts, "fps": fps}, line
    except KeyboardInterrupt:  # Ctrl-C is how live video ends
        pass
    except Exception as error:  # as cameras and files that break do
        if not frames:
            raise
        broken = error
    end = ", ".join(filter(None, (f"{frames} frames", f"{seconds:.2f} s of video", rate, told.text_so_far)))
    stop = answer_stop()
    yield {"frames": frames, "seconds": seconds, "fps": fps, **told.so_far}, end
    if stop and stop.status != 128 + signal.SIGINT:
        raise stop
    if broken and not stop:
        raise broken
