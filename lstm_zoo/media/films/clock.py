"""The clock of a film: when each frame is shown, from stamps that may be missing, go back or jump."""

from __future__ import annotations

import av

_HELD_BACK = 16  # frames at most, in H.264


class Clock:
    """Tells when the frames of a film are shown, which come in the order in which they are.

    A decoder that holds frames back puts them in another order than that of their packets. Where stamps are not in that
    order, they are those of decoding: then a frame is timed by the packet that let it out. Where a clock was set while
    the camera ran, or transport streams were joined, the film goes on a frame's length later.

    Args:
        rate: Frames per second, on average.
        farthest: Seconds from one frame to the next; where stamps are farther apart, a clock was set. Films of very few
            frames a second may go farther.
        presents: Whether the container keeps when frames are shown, and not when they are decoded alone, as AVI does.
    """

    def __init__(self, rate: float, farthest: float, presents: bool):
        self.jumps = 0
        self._rate = rate  # of the frames before, where it is known
        self._held_back = _HELD_BACK / rate
        self._farthest = max(farthest, 4 / rate)
        self._presents = presents
        self._sent = 0  # packets before the first frame
        self._by_decoding = False
        self._before: av.VideoFrame | None = None
        self._start = self._zero = self._last = 0.0  # of the frame before; the stamps of the start and of that frame
        self._known, self._untold = 0.0, 0  # the last stamp that was told, and the frames since

    def send(self, packet: av.Packet) -> None:
        """Take note of a packet that goes to the decoder."""
        self._sent += bool(packet.size) and self._before is None

    def start(self, frame: av.VideoFrame) -> float:
        """Return when the next frame is shown, in seconds since the first one; never before the frame before."""
        if self._before is None:
            self._by_decoding = self._sent > 1 and not self._presents
        elif not self._by_decoding and self._is_out_of_order(frame):
            self._by_decoding = True
            before = _let_out(self._before) or 0.0
            self._zero += before - self._last
            self._last = before
        stamp = self._stamp(_let_out(frame) if self._by_decoding else frame.time)
        if self._before is None:
            self._zero = stamp
        elif not 0 <= stamp - self._last <= self._farthest:
            self.jumps += 1
            self._zero = stamp - self._start - 1 / self._rate
        elif stamp > self._last and not self._untold:
            self._rate = 1 / (stamp - self._last)
        self._start, self._last, self._before = stamp - self._zero, stamp, frame
        return self._start

    def _is_out_of_order(self, frame: av.VideoFrame) -> bool:
        """Whether stamps of presentation fall where those of decoding rise, by no more than a decoder holds back."""
        before = self._before
        if before is None or before.time is None or frame.time is None or before.dts is None or frame.dts is None:
            return False
        return 0 < before.time - frame.time <= self._held_back and frame.dts > before.dts

    def _stamp(self, told: float | None) -> float:
        """Return a stamp, or where it would be if all frames were equally long."""
        if told is None:
            self._untold += self._before is not None
            return self._known + self._untold / self._rate
        self._known, self._untold = told, 0
        return told


def _let_out(frame: av.VideoFrame) -> float | None:
    """Return when the packet that let out a frame was decoded, in seconds."""
    tick = frame.time_base
    return None if frame.dts is None or tick is None else frame.dts * tick.numerator / tick.denominator
