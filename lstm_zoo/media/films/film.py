"""Films as PyAV decodes them (FFmpeg's libraries; no ffmpeg program is needed): their frames, each with its time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import av
import av.error
from av import logging
from av.stream import Disposition

from .. import limits
from ..errors import MediaError
from ..formats import FILM_OPTIONS
from .clock import Clock
from .cuts import cut_off
from .gif_blocks import Blocks, blocks_of

_TEXT = ("ansi", "bintext", "xbin", "idf")  # codecs by which FFmpeg draws text
_BARE = ("mjpeg", "h264", "hevc", "m4v", "mpegvideo", "h263", "h261", "vc1", "obu")  # formats without a container
_CONTAINERS = (".mkv", ".webm", ".mp4", ".mov", ".avi", ".gif")
_DECLARE = ("avi", "matroska,webm", "flv", "mov,mp4,m4a,3gp,3g2,mj2", "mxf")  # formats whose header tells a length
_UNTOLD = 2**30  # frames that an AVI's header tells where its writer could not go back to it
_LATE, _LATE_IN_MATROSKA = 1.5, 0.75  # frames that the end told by a header may lie behind that of the last one
_CLOCK_MAY_JUMP = 0x200  # AVFMT_TS_DISCONT, a flag of formats such as MPEG-TS
_ANY_METADATA: Any = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
"""Has PyAV open films whose titles are no UTF-8; from 19 on it does so by itself."""
_FARTHEST, _FARTHEST_JUMPING = 60.0, 10.0  # seconds from one frame to the next; what is farther off is another clock


class Moment(NamedTuple):
    """A frame, and when it is shown."""

    frame: av.VideoFrame
    start: float
    """In seconds since the first frame; never less than that of the frame before."""
    length: float | None
    """How long it says that it is shown, in seconds; None: it does not."""


class BreaksOffError(Exception):
    """A film has no more frames though it is not at its end; the message is the reason."""


class Footage(ABC):
    """What gives frames one after the other."""

    rate: float
    """Frames per second, on average."""
    aspect: float = 1.0
    """Width of a pixel over its height."""

    @abstractmethod
    def moments(self) -> Iterator[Moment]:
        """Yield the frames in order of time, once.

        Raises:
            BreaksOffError, FFmpegError, OSError: There are frames behind those that were yielded that cannot be read.
        """

    def remarks(self) -> list[str]:
        """Return what a user should know of the frames that were yielded, though they can be used."""
        return []


@contextmanager
def opened_film(source: Any, options: dict[str, str] | None = None) -> Iterator[Film]:
    """Give a film, a path or what can be read from, open; `options` are what else FFmpeg is told when it opens it.

    Raises:
        MediaError: It is no film, or not whole.
        FFmpegError: It cannot be read.
    """
    path = source if isinstance(source, Path) else None
    with logging.Capture() as complaints, _container(source, options) as container:
        if path and container.format.name in ("asf", "gif") and (reason := cut_off(path)):
            raise MediaError(reason)
        blocks = blocks_of(path) if path and container.format.name == "gif" else Blocks(0)
        yield Film(container, blocks, complaints)


def _container(source: Any, options: dict[str, str] | None) -> Any:
    path = source if isinstance(source, Path) else None
    options = {**FILM_OPTIONS, **(options or {})}
    try:
        return av.open(source if path is None else str(path), options=options, **_ANY_METADATA)
    except av.error.ArgumentError:
        raise MediaError("is no film of a format that is read, such as MP4, Matroska or AVI") from None
    except av.error.InvalidDataError:
        if path and (reason := cut_off(path)):
            raise MediaError(reason) from None
        raise


class Film(Footage):
    """The frames of the first video stream of a container, from its beginning on.

    Packets that cannot be decoded cost their frames alone.

    Args:
        container: It is open, and nothing of it has been read.
        blocks: Those of a GIF.
        complaints: FFmpeg's own, where it is asked for them: level, who complains, and of what.

    Raises:
        MediaError: It holds no film.
    """

    def __init__(self, container: Any, blocks: Blocks, complaints: list[tuple[int, str, str]]):
        self._container, self._blocks, self._complaints = container, blocks, complaints
        self._stream = _film_in(container)
        limits.check_canvas(self._stream.width, self._stream.height)
        self._stream.codec_context.thread_count = 1  # one decoder a thread: clips, not slices, are decoded in parallel
        self.rate = float(self._stream.average_rate or self._stream.guessed_rate or 25)
        self.aspect = float(self._stream.sample_aspect_ratio or 1)
        may_jump = container.format.flags & _CLOCK_MAY_JUMP
        self._clock = Clock(self.rate, _FARTHEST_JUMPING if may_jump else _FARTHEST, container.format.name != "avi")
        self._ends: dict[int, int] = {}  # of what was read of each stream, in its own ticks: fractions are slow
        self._damaged_at_last = False
        self._damaged_packets = self._damaged_frames = 0
        self._missing = ""
        self._packets_of_film = self._frames = 0

    def moments(self) -> Iterator[Moment]:
        clock, tick = self._clock, float(self._stream.time_base)
        for packet in self._packets():
            for frame in self._decoded(packet):
                self._frames += 1
                if limits.is_reader():  # streams may go on and on
                    limits.check_film(self._frames * frame.width * frame.height, self._container.size)
                self._damaged_frames += frame.is_corrupt
                yield Moment(frame, clock.start(frame), frame.duration * tick or None)
        if self._frames == 1 and self._container.format.name.endswith(("_pipe", "mjpeg")):
            raise MediaError("is a single picture, no film")
        self._check_whole()

    def remarks(self) -> list[str]:
        found = {
            "packet(s) cannot be decoded": self._damaged_packets,
            "frame(s) are damaged": self._damaged_frames,
            "time(s) the clock jumps; the film goes on as if it did not": self._clock.jumps,
        }
        lost = filter(None, (self._missing, self._blocks.damage, self._bare()))
        told = [*(f"{number} {what}" for what, number in found.items() if number), *lost]
        if not told and self._complaints:
            told.append(f"FFmpeg finds damage: {self._complaints[0][2].strip()}")
        return told

    def _packets(self) -> Iterator[av.Packet]:
        """Yield the packets of the film, and at last an empty one."""
        film = self._stream.index
        for packet in self._container.demux():
            stamp, index = packet.pts, packet.stream_index
            if stamp is None:
                stamp = packet.dts
            if stamp is not None and stamp + (packet.duration or 0) > self._ends.get(index, 0):
                self._ends[index] = stamp + (packet.duration or 0)
            self._packets_of_film += index == film and stamp is not None
            if index == film and (packet.size or stamp is None):  # AVI's drops are empty
                self._clock.send(packet)
                yield packet

    def _decoded(self, packet: av.Packet) -> list[av.VideoFrame]:
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            self._damaged_packets += 1
            self._damaged_at_last = True
            return []
        if packet.size:  # an empty one fetches what the decoder has held back
            self._damaged_at_last = False
        return frames  # type: ignore[return-value]

    def _check_whole(self) -> None:
        """Raise a BreaksOffError if there is less of the film than its header tells."""
        declared, there = self._declared(), self._end()
        if declared is None:
            if self._damaged_at_last:
                raise BreaksOffError("its last packet cannot be decoded")
        elif declared - there > (_LATE_IN_MATROSKA if "matroska" in self._container.format.name else _LATE) / self.rate:
            self._missing = f"its header tells {declared:.2f} s, but there are {there:.2f} s"
            much = declared - there > max(3 / self.rate, min(0.05 * declared, 10.0))
            if much and not self._is_long_enough(declared):
                raise BreaksOffError(self._missing)
        self._missing = self._missing or self._fewer()

    def _bare(self) -> str:
        """Return in words that frames were found in a file whose container is damaged, or none; else nothing."""
        name, ending = self._container.format.name, Path(self._container.name).suffix.lower()
        return f"is no {ending} file, but bare {name}" if name in _BARE and ending in _CONTAINERS else ""

    def _fewer(self) -> str:
        """Return in words how many frames are less than packets, or than are told; nothing where all are there."""
        name, told = self._container.format.name, max(self._packets_of_film, self._blocks.pictures)
        there = self._frames + self._damaged_packets  # of which is told already
        if name == "avi":  # where it tells of drops, too
            told, there = self._stream.frames, self._packets_of_film
        elif name.startswith("mov"):
            told = max(told, self._stream.frames)
        return f"{told - there} of {told} frames are missing" if there < told < _UNTOLD else ""

    def _is_long_enough(self, declared: float) -> bool:
        """Whether the file is so long that what is missing was damaged, which FFmpeg tells of AVI alone."""
        stream = self._stream
        by_length = stream.duration is not None and float(stream.duration * stream.time_base)
        return self._container.format.name == "avi" and by_length > 0.99 * declared

    def _end(self) -> float:
        """Return when what was read ends, in seconds: of the film alone, where its header tells of it alone."""
        streams = [self._stream]
        if self._stream.duration is None:
            streams = [*self._container.streams.video, *self._container.streams.audio]
        return max(float(self._ends.get(stream.index, 0) * stream.time_base) for stream in streams)

    def _declared(self) -> float | None:
        """Return how many seconds the container says that it holds; None: it says nothing that can be trusted."""
        name, stream = self._container.format.name, self._stream
        if name not in _DECLARE:
            return None
        if name == "avi":  # where FFmpeg takes the length of the file for the duration
            return stream.frames / self.rate if 0 < stream.frames < _UNTOLD else None
        if stream.duration is not None:
            return float(stream.duration * stream.time_base)
        return self._container.duration and self._container.duration / av.time_base


def _film_in(container: Any) -> Any:
    """Return the video stream that is a film, or raise a MediaError."""
    for stream in container.streams.video:
        if stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails):
            continue
        if stream.codec_context is None:
            raise MediaError("is coded in a way that FFmpeg does not know; convert it")
        if stream.codec_context.name in _TEXT:
            raise MediaError("is text, no film")
        return stream
    covers = " but a cover picture" if container.streams.video else ""
    what = "sound and nothing to see" if container.streams.audio else "nothing to see"
    raise MediaError(f"is no film: it holds {what}{covers}")
