"""Video files and streams to frames, with PyAV (FFmpeg's libraries; no ffmpeg program is needed), and image files."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

import av
import av.error
import av.video.reformatter
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .network import first_line

_JPEG_QUALITY = 90
_ORIENTATION = 0x0112  # EXIF
_SOON = {"formatprobesize": "65536", "analyzeduration": "1000000"}  # bytes and microseconds looked at before frame one
_STREAMED = "a pipe needs a container that can be read as it comes, such as `ffmpeg -i INPUT -f matroska -` writes"


class MediaError(ValueError):
    """A file that gives no frames; the message is the reason, in a few words."""


class EncodedVideo(NamedTuple):
    """The frames of one video as they are stored and read."""

    frames: list[bytes]
    """JPEG pictures, RGB, in order of time."""
    seconds: float
    """Time from the first frame to the end of the last one."""


class LiveFrame(NamedTuple):
    """One frame of a video, as soon as it has come."""

    seconds: float
    """When it is shown; the first frame at 0."""
    picture: np.ndarray
    """RGB, upright, (H, W, 3) uint8."""


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
    _check_file(path)
    frames: list[bytes] = []
    seconds = 0.0
    for picture, start, length in _pictures(path, short_side, max_fps):
        frames.append(_jpeg(picture))
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
        _check_file(source)
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


def read_image(path: Path, max_side: int | None = None) -> bytes:
    """Return an image file as JPEG or PNG, upright, in grey or RGB.

    A file that is so already comes back byte for byte; any other that Pillow can read is converted.

    Args:
        path: The file.
        max_side: Longest side, in pixels; larger images are scaled down. None: any size.

    Raises:
        MediaError: The file cannot be read, or is no image.
    """
    _check_file(path)
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content)) as image:
            image.verify()  # checksums of a PNG: TensorFlow refuses what Pillow would overlook
        with Image.open(io.BytesIO(content)) as image:
            image.load()  # decodes it: a file that breaks off is found here
            turned = image.getexif().get(_ORIENTATION, 1) != 1
            too_large = max_side is not None and max(image.size) > max_side
            if image.format in ("JPEG", "PNG") and image.mode in ("L", "RGB") and not (turned or too_large):
                return content
            grey16 = image.mode.startswith("I;16")  # which Pillow would cut off at 255
            upright = ImageOps.exif_transpose(image.point(lambda value: value / 256) if grey16 else image)
            upright = upright.convert("L" if grey16 else "RGB")
    except UnidentifiedImageError:
        raise MediaError("is no image that can be read") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise MediaError(first_line(error)) from None
    if max_side and too_large:
        upright.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
        return _jpeg(upright)
    buffer = io.BytesIO()
    upright.save(buffer, "PNG")
    return buffer.getvalue()


def image_size(path: Path) -> tuple[int, int]:
    """Return height and width of an image file as it is meant to be seen, from its header.

    Raises:
        MediaError: The file is no image.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            lies = image.getexif().get(_ORIENTATION, 1) >= 5  # turned by a quarter
    except UnidentifiedImageError:
        raise MediaError("is no image that can be read") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise MediaError(first_line(error)) from None
    return (width, height) if lies else (height, width)


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise MediaError("no such file")
    if path.stat().st_size == 0:
        raise MediaError("the file is empty (0 bytes)")


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
    source: Path | BinaryIO | _Pipe, short_side: int, max_fps: float | None, options: Mapping[str, str] | None = None
) -> Iterator[tuple[Image.Image, float, float]]:
    """Yield the frames to keep, scaled and upright, each with its start and its length in seconds.

    Raises:
        MediaError: There is no frame, or what comes after the last one that was yielded cannot be read.
    """
    scale = _Scaler(short_side)
    count = 0
    try:
        for frame, start, length in _decoded(source, max_fps, options):
            picture = scale(frame)
            count += 1
            yield picture, start, length
    except (av.error.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        broken = f"breaks off after {count} frames: " if count else ""
        raise MediaError(f"{broken}{reason}") from None
    if not count:
        raise MediaError("holds no frame that can be decoded")


def _decoded(
    source: Path | BinaryIO | _Pipe, max_fps: float | None, options: Mapping[str, str] | None = None
) -> Iterator[tuple[av.VideoFrame, float, float]]:
    """Yield the frames to keep, each with its start and its length in seconds."""
    with av.open(str(source) if isinstance(source, Path) else source, options=dict(options or {})) as container:
        if not container.streams.video:
            raise MediaError("holds no video stream")
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1  # one decoder a thread: clips, not slices, are decoded in parallel
        rate = float(stream.average_rate or stream.guessed_rate or 25)
        first: float | None = None
        due = 0.0
        for count, frame in enumerate(container.decode(stream)):
            time = frame.time if frame.time is not None else count / rate
            first = time if first is None else first
            start = time - first
            if max_fps is not None:
                if start < due - 0.5 / rate:  # nearer to an earlier tick than to the one that is due
                    continue
                due = max(due + 1 / max_fps, start)
            yield frame, start, 1 / rate if max_fps is None else max(1 / rate, 1 / max_fps)


class _Scaler:
    """Scales the frames of one video to a short side and turns them upright; the first frame decides the size."""

    def __init__(self, short_side: int):
        self.short_side = short_side
        self.size: tuple[int, int] | None = None
        self.reformatter = av.video.reformatter.VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> Image.Image:
        if self.size is None:
            scale = min(1.0, self.short_side / min(frame.width, frame.height))
            self.size = round(frame.width * scale), round(frame.height * scale)
        rgb = self.reformatter.reformat(frame, *self.size, "rgb24", interpolation="FAST_BILINEAR")
        image = Image.fromarray(rgb.to_ndarray())
        turned = round(frame.rotation) % 360  # telephones store upright videos lying down
        return image.rotate(turned, expand=True) if turned else image


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()
