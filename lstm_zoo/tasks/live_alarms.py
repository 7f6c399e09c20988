"""What is told of a film while it comes: the score of each frame, and events as they begin and end."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..contracts import SCORE, Outputs, Told, Watcher
from .metrics.detection import running_mean
from .metrics.threshold import Threshold
from .span import Span, counted, in_json


class LiveAlarms(Watcher):
    """Smooths the scores of a film, and compares them with a threshold, frame by frame.

    Args:
        smoothing: Weight of a frame in the running mean.
        threshold: Above it is an event.
    """

    def __init__(self, smoothing: float, threshold: Threshold):
        self._smoothing, self._threshold, self._about = smoothing, threshold.score, threshold
        self._mean = np.nan
        self._scored = False
        self._event: Span | None = None  # that which goes on
        self._events = self._frames = 0

    def see(self, seconds: float, outputs: Outputs | None) -> Told:
        """Take the score of a frame; one that is NaN is none.

        Returns:
            `score` and `smoothed`, null where there is none yet, `threshold` and `alarm`, null where none is known; and
            `event` where one begins (`start`) or has ended (`start`, `end`, `peak`, `score`). For people, events alone.
        """
        self._frames += 1
        score = np.nan if outputs is None else float(outputs[SCORE])
        mean, first = np.nan, False
        if not np.isnan(score):
            first, self._scored = not self._scored, True
            self._mean = mean = running_mean(self._mean, score, self._smoothing)
        event, text = self._follow(seconds, mean)
        known = {"score": score, "smoothed": mean, "threshold": self._threshold}
        facts: dict[str, Any] = {name: in_json(value) for name, value in known.items()}
        facts |= {"alarm": None if np.isnan(self._threshold) else self._event is not None}
        facts |= {"event": event} if event else {}
        return Told(facts, text or (self._beginning() if first else ""), *self._so_far(seconds))

    def _follow(self, seconds: float, mean: float) -> tuple[dict[str, float | None], str]:
        """Return the event that begins or has ended at a frame, by its mean, and what is said of it; else nothing."""
        event, above = self._event, mean > self._threshold
        if event is None and above:
            self._event, self._events = Span(seconds, seconds, seconds, mean), self._events + 1
            told = f"event {self._events} begins: {mean:.4g}, above the threshold {self._threshold:.4g}"
            return {"start": round(seconds, 3)}, told
        if event is not None and above and mean > event.score:
            self._event = event._replace(peak=seconds, score=mean)
        if event is not None and not above:
            self._event = None
            whole = event._replace(end=seconds)
            return whole.facts, f"event {self._events} has ended: {whole.text} ({whole.score:.4g})"
        return {}, ""

    def _beginning(self) -> str:
        """Return what is said with the first score."""
        if np.isnan(self._threshold):
            return self._about.missing
        return f"scores begin; an event is above {self._threshold:.4g}"

    def _so_far(self, seconds: float) -> tuple[dict[str, Any], str]:
        """Return the threshold and the number of events, and that which a film ends in: a mean frame after its last.

        Of no threshold, why none is known.
        """
        facts: dict[str, Any] = dict(self._about.facts)
        if not self._scored:
            return facts, "too few frames for a score"
        if np.isnan(self._threshold):
            return facts, ""
        facts["events"] = self._events
        text = counted(self._events)
        if self._event is not None:
            length = seconds / max(self._frames - 1, 1)
            facts["event"] = self._event._replace(end=seconds + length).facts
            text += f", the last one goes on since {self._event.start:.1f} s"
        return facts, text
