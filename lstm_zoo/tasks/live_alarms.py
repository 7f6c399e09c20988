"""What is told of a film while it comes: the score of each frame, and events as they begin and end."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..contracts import SCORE, Outputs, Told, Watcher
from .alarms import NO_THRESHOLD
from .metrics.detection import running_mean


class _Event(NamedTuple):
    """A run of frames whose smoothed scores are above the threshold, as far as it has come."""

    start: float
    """In seconds."""
    peak: float
    """When the highest one is, in seconds."""
    score: float
    """The highest one."""

    def facts(self, end: float) -> dict[str, float]:
        """Return the same as `predict` tells of events."""
        times = {"start": self.start, "end": end, "peak": self.peak}
        return {**{name: round(seconds, 3) for name, seconds in times.items()}, "score": self.score}


class LiveAlarms(Watcher):
    """Smooths the scores of a film, and compares them with a threshold, frame by frame.

    Args:
        smoothing: Weight of a frame in the running mean.
        threshold: Above it is an event; NaN: none is known.
    """

    def __init__(self, smoothing: float, threshold: float):
        self._smoothing, self._threshold = smoothing, threshold
        self._mean = np.nan
        self._event: _Event | None = None
        self._events = self._frames = 0

    def see(self, seconds: float, outputs: Outputs | None) -> Told:
        """Take the score of a frame.

        Returns:
            `score` and `smoothed`, null where there is none yet, `threshold` and `alarm`, null where none is known; and
            `event` where one begins (`start`) or has ended (`start`, `end`, `peak`, `score`). For people, events alone.
        """
        self._frames += 1
        score = mean = np.nan
        first = outputs is not None and np.isnan(self._mean)
        if outputs is not None:
            score = float(outputs[SCORE])
            self._mean = mean = running_mean(self._mean, score, self._smoothing)
        event, text = self._follow(seconds, mean)
        known = {"score": score, "smoothed": mean, "threshold": self._threshold}
        facts: dict[str, Any] = {name: None if np.isnan(value) else value for name, value in known.items()}
        facts |= {"alarm": None if np.isnan(self._threshold) else self._event is not None}
        facts |= {"event": event} if event else {}
        return Told(facts, text or (self._beginning() if first else ""), *self._so_far(seconds))

    def _follow(self, seconds: float, mean: float) -> tuple[dict[str, float], str]:
        """Return the event that begins or has ended at a frame, by its mean, and what is said of it; else nothing."""
        event, above = self._event, mean > self._threshold
        if event is None and above:
            self._event, self._events = _Event(seconds, seconds, mean), self._events + 1
            told = f"event {self._events} begins: {mean:.4g}, above the threshold {self._threshold:.4g}"
            return {"start": round(seconds, 3)}, told
        if event is not None and above and mean > event.score:
            self._event = event._replace(peak=seconds, score=mean)
        if event is not None and not above:
            self._event = None
            span = f"{event.start:.1f}-{seconds:.1f} s, highest at {event.peak:.1f} s ({event.score:.4g})"
            return event.facts(seconds), f"event {self._events} has ended: {span}"
        return {}, ""

    def _beginning(self) -> str:
        """Return what is said with the first score."""
        if np.isnan(self._threshold):
            return NO_THRESHOLD
        return f"scores begin; an event is above {self._threshold:.4g}"

    def _so_far(self, seconds: float) -> tuple[dict[str, Any], str]:
        """Return the threshold and the number of events, and that which a film ends in: with its last frame."""
        if np.isnan(self._threshold):
            return {"threshold": None}, ""
        facts: dict[str, Any] = {"threshold": self._threshold, "events": self._events}
        text = f"{self._events} event{'s' * (self._events != 1)}"
        if np.isnan(self._mean):
            text = "too few frames for a score"
        if self._event is not None:
            length = seconds / max(self._frames - 1, 1)
            facts["event"] = self._event.facts(seconds + length)
            text += f", the last one goes on since {self._event.start:.1f} s"
        return facts, text
