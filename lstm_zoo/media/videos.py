"""Video files and streams to frames, with PyAV (FFmpeg's libraries; no ffmpeg program is needed)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import av
import av.error
import numpy as np
from av.video.reformatter import VideoReformatter
from PIL import Image

from ..contracts import LiveFrame
from .errors import MediaError, check_file
from .images import encoded

_SOON = {"formatprobesize": "65536", "analyzeduration": "1000000"}  # bytes and microseconds looked at before frame one
_STREAMED = "a pipe needs a container that can be read as it comes, such as `ffmpeg -i INPUT -f matroska -` writes"


class EncodedVideo(NamedTuple):
    """The frames of one video as they are stored and read."""

    frames: list[bytes]
    """JPEG pictures, RGB, in order of time."""
    seconds: float
    """Time from the first frame to the end of the last one."""


def read_video(path: Path, short_side: int, max_fps: float | None = None) -> EncodedVideo:
    """Decode a video file, upright as it is meant to be seen, and store its frames as JPEG.

    Only compressed frames are held in memory. FFmpeg scales while it converts, by its fast bilinear method.

    Args:
        path: Anything FFmpeg can decode.
        short_side: Length of the shorter side of the frames, in pixels; smaller videos are not enlarged.
        max_fps: Frames kept per second at most; None keeps all.

    Raises:
        MediaError: The file cannot be read, holds no picture, or breaks off.
    """
    check_file(path)
    frames: list[bytes] = []
    seconds = 0.0
    for picture, start, length in _pictures(path, short_side, max_fps):
        frames.append(encoded(picture, "JPEG"))
        seconds = start + length
    return EncodedVideo(frames, seconds)


def live_frames(source: Path | BinaryIO, short_side: int, fps: float | None = None) -> Iterator[LiveFrame]:
    """Yield the frames of a video as they come, upright; one at a time is held in memory.

    They are scaled as `read_video` scales them, and differ from what it stores by the loss of JPEG alone.

    Args:
        source: A file or a named pipe, or a binary stream such as `sys.stdin.buffer`, which stays the caller's to
            close. What cannot be wound back needs a container that can be read from its start on: Matroska, MPEG-TS,
            MJPEG, AVI, FLV, NUT, fragmented MP4.
        short_side: Length of the shorter side of the frames, in pixels; smaller videos are not enlarged.
        fps: Frames kept per second at most; None keeps all.

    Raises:
        MediaError: The source cannot be read, holds no picture, or breaks off; what came before has been yielded.
            Matroska, MPEG-TS, MJPEG and AVI do not tell a break from the end.
    """
    if isinstance(source, Path):
        if source.is_fifo():
            with source.open("rb") as pipe:
                yield from live_frames(pipe, short_side, fps)
            return
        check_file(source)
    pipe = None if isinstance(source, Path) or source.seekable() else _Pipe(source)
    frame = None
    try:
        for picture, start, _ in _pictures(pipe or source, short_side, fps, _SOON):
            frame = LiveFrame(start, np.asarray(picture))
            yield frame
    except MediaError as error:
        if pipe is None or frame is not None:
            raise
        raise MediaError(f"{error if pipe.came else 'nothing came (0 bytes)'}; {_STREAMED}") from None
    finally:
        if pipe and pipe.interrupted:
            raise KeyboardInterrupt


class _Pipe:
    """What FFmpeg reads a pipe by: hands on what has come instead of waiting until a buffer is full.

    PyAV loses a KeyboardInterrupt that `read` raises, so that Ctrl-C ends the stream and is kept.
    """

    def __init__(self, source: BinaryIO):
        self._read = getattr(source, "read1", source.read)
        self.came = False
        self.interrupted = False

    def read(self, size: int) -> bytes:
        try:
            content = b"" if self.interrupted else self._read(size)
        except KeyboardInterrupt:
            self.interrupted = True
            return b""
        self.came = self.came or bool(content)
        return content


def _pictures(
    source: Path | BinaryIO | _Pipe, short_side: int, max_fps: float | None, options: dict[str, str] | None = None
) -> Iterator[tuple[Image.Image, float, float]]:
    """Yield the frames to keep, scaled and upright, each with its start and its length in seconds.

    Raises:
        MediaError: There is no frame, or what comes after the last one that was yielded cannot be read.
    """
    count = 0
    try:
        for found in _decoded(source, short_side, max_fps, options):
            count += 1
            yield found
    except (av.error.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        broken = f"breaks off after {count} frames: " if count else ""
        raise MediaError(f"{broken}{reason}") from None
    if not count:
        raise MediaError("holds no frame that can be decoded")


def _decoded(
    source: Path | BinaryIO | _Pipe, short_side: int, max_fps: float | None, options: dict[str, str] | None
) -> Iterator[tuple[Image.Image, float, float]]:
    with av.open(str(source) if isinstance(source, Path) else source, options=options) as container:
        if not container.streams.video:
            raise MediaError("holds no video stream")
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1  # one decoder a thread: clips, not slices, are decoded in parallel
        rate = float(stream.average_rate or stream.guessed_rate or 25)
        scaler, size = VideoReformatter(), None
        first, due = None, 0.0
        for count, frame in enumerate(container.decode(stream)):
            time = frame.time if frame.time is not None else count / rate
            first = time if first is None else first
            start = time - first
            if max_fps is not None:
                if start < due - 0.5 / rate:  # nearer to an earlier tick than to the one that is due
                    continue
                due = max(due + 1 / max_fps, start)
            if size is None:  # which the first frame decides
                scale = min(1.0, short_side / min(frame.width, frame.height))
                size = round(frame.width * scale), round(frame.height * scale)
            yield _upright(frame, size, scaler), start, 1 / rate if max_fps is None else max(1 / rate, 1 / max_fps)


def _upright(frame: av.VideoFrame, size: tuple[int, int], scaler: VideoReformatter) -> Image.Image:
    """Return a frame in a size (width, height), and then turned as it is meant to be seen."""
    rgb = scaler.reformat(frame, *size, "rgb24", interpolation="FAST_BILINEAR")
    image = Image.fromarray(rgb.to_ndarray())
    turned = round(frame.rotation) % 360  # telephones store upright videos lying down
    return image.rotate(turned, expand=True) if turned else image
