"""Frames on the time line of a film: a segment of it, so many a second, and where those that are kept lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from .film import Moment

_ROUNDING = 0.002  # seconds by which stamps are off in containers that count milliseconds


def of_segment(moments: Iterable[Moment], start: float, end: float | None) -> Iterator[Moment]:
    """Yield the frames that are shown between two times, which count from the first one then; the last one is cut off.

    Args:
        moments: Frames of a film.
        start: When the segment begins, in seconds; the frame that is on display then is its first one.
        end: When it ends; None: with the film.
    """
    on_display = None
    for moment in moments if end is None else _cut_off(moments, end):
        if moment.start < start - _ROUNDING:
            on_display = moment
            continue
        if on_display is not None and moment.start > start + _ROUNDING:
            yield on_display._replace(start=0.0)
        on_display = None
        yield moment._replace(start=max(moment.start - start, 0.0))
    if on_display is not None and on_display.length and on_display.start + on_display.length > start + _ROUNDING:
        yield on_display._replace(start=0.0, length=on_display.start + on_display.length - start)


def _cut_off(moments: Iterable[Moment], end: float) -> Iterator[Moment]:
    """Yield the frames that begin before a time, the last one no longer than to then."""
    before = None
    for moment in moments:
        goes_on = moment.start >= end - _ROUNDING
        if before is not None:
            yield before._replace(length=end - before.start) if goes_on else before
        before = None if goes_on else moment
        if goes_on:
            return
    if before is not None:
        too_long = before.length is not None and before.start + before.length > end
        yield before._replace(length=end - before.start) if too_long else before


def thinned(moments: Iterable[Moment], max_fps: float | None, rate: float) -> Iterator[Moment]:
    """Yield so many frames a second at most, those nearest to where they are due; None: all."""
    if max_fps is None:
        yield from moments
        return
    due, before = 0.0, 0.0
    for moment in moments:
        length, before = moment.start - before, moment.start
        if length > 0.5 / rate:
            length = 1 / rate  # but for rounding
        if moment.start < due - 0.5 * length:  # nearer to an earlier tick than to the one that is due
            continue
        due = max(due + 1 / max_fps, moment.start)
        yield moment


class Timeline:
    """Where frames lie that are kept of a film, which may show some longer than others.

    Args:
        rate: Frames per second, on average.
    """

    def __init__(self, rate: float):
        self._rate = rate
        self._starts: list[float] = []  # of all frames, kept or not
        self._last: float | None = None

    def noting(self, moments: Iterable[Moment]) -> Iterator[Moment]:
        """Yield frames, of which note is taken."""
        for moment in moments:
            self._starts.append(moment.start)
            self._last = moment.length
            yield moment

    def laid_out(self, kept: list[float], max_fps: float | None) -> tuple[np.ndarray, float]:
        """Return where kept frames lie, and when the last one ends.

        Args:
            kept: When they start, in seconds; at least one of them.
            max_fps: Frames kept per second at most.

        Returns:
            Their starts, (frames,) float32, in mean lengths of a kept frame, so that they are whole numbers where all
            are shown equally long; and the end, in seconds.
        """
        if self._is_steady():
            length = self._length()
            last = length if max_fps is None else max(length, 1 / max_fps)
            return np.arange(len(kept), dtype=np.float32), kept[-1] + last
        seconds = self._starts[-1] + (self._last or self._length())
        return (np.array(kept) * (len(kept) / seconds)).astype(np.float32), seconds

    def missing(self) -> int:
        """Return how many frames are missing, as gaps tell where nearly all frames are equally long."""
        steps = np.diff(self._starts)
        usual = np.median(steps) if len(steps) else 0.0
        if not usual or np.mean(np.abs(steps - usual) < 0.25 * usual) < 0.9:
            return 0
        return int(np.maximum(np.round(steps / usual) - 1, 0).sum())

    def _is_steady(self) -> bool:
        """Whether all frames are shown equally long, to half a frame."""
        starts = np.array(self._starts)
        length = (starts[-1] - starts[0]) / max(len(starts) - 1, 1)
        apart = np.abs(starts - starts[0] - np.arange(len(starts)) * length).max()
        usual = length if len(starts) > 1 else 1 / self._rate
        return bool(apart <= 0.5 * length) and (usual == 0 or (self._last or 0) < 2.5 * usual)

    def _length(self) -> float:
        """Return the length of a frame, in seconds: as the container tells, unless frames tell quite another."""
        mean = (self._starts[-1] - self._starts[0]) / max(len(self._starts) - 1, 1)
        return mean if mean and not 0.5 < mean * self._rate < 2 else 1 / self._rate
