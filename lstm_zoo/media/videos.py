"""Video files and streams to frames of one size, each with its time; folders of pictures and arrays are videos too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import av.error
import numpy as np
from PIL import Image

from ..contracts import LiveFrame
from . import limits
from .apart import apart
from .endings import ARRAYS
from .errors import MediaError, check_file
from .films.film import BreaksOffError, Footage, opened_film
from .films.frame_store import FrameStore
from .films.pictures import FrameArray, FrameFolder
from .films.timeline import Timeline, of_segment, thinned
from .films.upright import Upright
from .images import encoded

_SOON = {"formatprobesize": "65536", "analyzeduration": "1000000"}  # bytes and microseconds looked at before frame one
_STREAMED = "a pipe needs a container that can be read as it comes, such as `ffmpeg -i INPUT -f matroska -` writes"
_REDUCING = 2.0  # times the size that is wanted, to which pictures are shrunk in whole steps first, which is fast
ANY_SIDE = 2**15
"""Shorter side that no film has: with it, none is scaled."""
PICTURES_FPS = 25.0
"""Frames per second of what tells no times: FFmpeg's own guess."""


class EncodedVideo(NamedTuple):
    """The frames of one video as they are stored and read."""

    frames: Sequence[bytes]
    """JPEG or PNG pictures, RGB, in order of time."""
    seconds: float
    """Time from the first frame to the end of the last one."""
    times: np.ndarray
    """When each frame starts, (frames,) float32, in mean lengths of a frame: 0, 1, 2, ... where these are equal."""
    remarks: tuple[str, ...]
    """What a user should know of it, though it can be used: damaged packets, files that were left out."""


@apart
def read_video(
    path: Path,
    short_side: int,
    max_fps: float | None = None,
    between: tuple[float, float | None] | None = None,
    pictures_fps: float = PICTURES_FPS,
    size: tuple[int, int] | None = None,
) -> EncodedVideo:
    """Decode a video, upright as it is meant to be seen, and encode its frames one by one.

    Only compressed frames are held in memory, and if these are many, on disk.

    Args:
        path: Anything FFmpeg can decode; a folder of pictures, see `FrameFolder`; an array of frames, see `FrameArray`.
        short_side: Length of the shorter side of the frames, in pixels; smaller videos are not enlarged.
        max_fps: Frames kept per second at most; None keeps all.
        between: Start and end of the segment that is read, in seconds since the first frame; the end may be None.
        pictures_fps: Frames per second of folders of pictures and of arrays, which tell no times.
        size: Height and width that frames are then stretched to, and stored without loss, as PNG; None: as JPEG.

    Raises:
        MediaError: The file cannot be read, is no film, or breaks off; or it has no such segment.
    """
    start, end = between or (0.0, None)
    frames, starts = FrameStore(), []
    with _errors() as came, _opened(path, pictures_fps) as footage:
        upright, timeline = Upright(short_side, footage.aspect), Timeline(footage.rate)
        moments = of_segment(footage.moments(), start, end) if between else footage.moments()
        for moment in thinned(timeline.noting(moments), max_fps, footage.rate):
            frames.append(_encoded(upright(moment.frame), size))
            starts.append(moment.start)
            came.count += 1
            limits.begin()
    if not starts:
        raise MediaError(f"has no frame from {start:g} s on" if between else "holds no frame that can be decoded")
    times, seconds = timeline.laid_out(starts, max_fps)
    remarks = footage.remarks()
    if not remarks and (missing := timeline.missing()):
        remarks.append(f"about {missing} frame(s) are missing")
    if end is not None and start + seconds < end - 1.5 / footage.rate:
        remarks.append(f"it ends at {start + seconds:.2f} s, before the segment does ({end:g} s)")
    return EncodedVideo(frames, seconds, times, tuple(remarks))


def live_frames(
    source: Path | BinaryIO,
    short_side: int,
    fps: float | None = None,
    step: int = 1,
    pictures_fps: float = PICTURES_FPS,
) -> Iterator[LiveFrame]:
    """Yield the frames of a video as they come, upright; one at a time is held in memory.

    They are scaled as `read_video` scales them, and differ from what it stores by the loss of JPEG alone.

    Args:
        source: What `read_video` takes, a named pipe, or a binary stream such as `sys.stdin.buffer`, which stays the
            caller's to close. What cannot be wound back needs a container that can be read from its start on: Matroska,
            MPEG-TS, MJPEG, AVI, FLV, NUT, fragmented MP4.
        short_side: Length of the shorter side of the frames, in pixels; smaller videos are not enlarged.
        fps: Frames kept per second at most; None keeps all.
        step: Where `fps` is None, one frame is kept of so many, by time, as of a film that shows all equally long.
        pictures_fps: Frames per second of folders of pictures and of arrays, which tell no times.

    Raises:
        MediaError: The source cannot be read, holds no film, or breaks off; what came before has been yielded. What
            comes by a pipe mostly does not tell how long it is: then the end may be a break.
    """
    if isinstance(source, Path) and source.is_fifo():
        with source.open("rb") as pipe:
            yield from live_frames(pipe, short_side, fps, step)
        return
    pipe = None if isinstance(source, Path) or source.seekable() else _Pipe(source)
    frame = None
    try:
        with _errors() as came, _opened(pipe or source, pictures_fps, _SOON) as film:
            upright = Upright(short_side, film.aspect)
            if fps is None and step > 1:
                fps = film.rate / step
            for moment in thinned(film.moments(), fps, film.rate):
                frame = LiveFrame(moment.start, upright(moment.frame))
                came.count += 1
                yield frame
        if frame is None:
            raise MediaError("holds no frame that can be decoded")
    except MediaError as error:
        if pipe is None or frame is not None:
            raise
        raise MediaError(f"{error if pipe.came else 'nothing came (0 bytes)'}; {_STREAMED}") from None
    finally:
        if pipe and pipe.stop:
            raise pipe.stop


def stretched(frame: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """Return a frame, (h, w, C) uint8, stretched to a height and width as `read_video` stretches it."""
    height, width = size
    return Image.fromarray(frame).resize((width, height), Image.Resampling.BILINEAR, reducing_gap=_REDUCING)


def _encoded(frame: np.ndarray, size: tuple[int, int] | None) -> bytes:
    if size is None:
        return encoded(Image.fromarray(frame), "JPEG")
    return encoded(stretched(frame, size), "PNG")


class _Pipe:
    """What FFmpeg reads a pipe by: hands on what has come instead of waiting until a buffer is full.

    PyAV loses a KeyboardInterrupt that `read` raises, so that Ctrl-C or SIGTERM ends the stream and is kept.
    """

    def __init__(self, source: BinaryIO):
        self._read = getattr(source, "read1", source.read)
        self.came = False
        self.stop: KeyboardInterrupt | None = None

    def read(self, size: int) -> bytes:
        try:
            content = b"" if self.stop else self._read(size)
        except KeyboardInterrupt as stop:
            self.stop = stop
            return b""
        self.came = self.came or bool(content)
        return content


def _opened(source: Any, pictures_fps: float, options: dict[str, str] | None = None) -> AbstractContextManager[Footage]:
    if isinstance(source, Path):
        if source.is_dir():
            return nullcontext(FrameFolder(source, pictures_fps))
        if source.suffix.lower() in ARRAYS:
            return nullcontext(FrameArray(source, pictures_fps))
        check_file(source)
    return opened_film(source, options)


@dataclass
class _Came:
    """How many frames have come."""

    count: int = 0


@contextmanager
def _errors() -> Iterator[_Came]:
    """Tell as a MediaError what is raised while frames come, and how many have."""
    came = _Came()
    try:
        yield came
    except (BreaksOffError, av.error.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        broken = f"breaks off after {came.count} frames: " if came.count else ""
        raise MediaError(broken + reason) from None
