"""An event as it is told: when it began and ended, and when its score was highest."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Span(NamedTuple):
    """A run of frames whose smoothed scores are above the threshold; all times in seconds."""

    start: float
    end: float
    """When the first frame behind it is shown."""
    peak: float
    """When the highest score is."""
    score: float
    """The highest one."""

    @property
    def facts(self) -> dict[str, float | None]:
        """The same, ready for JSON."""
        times = {"start": self.start, "end": self.end, "peak": self.peak}
        return {**{name: round(float(seconds), 3) for name, seconds in times.items()}, "score": in_json(self.score)}

    @property
    def text(self) -> str:
        """The same for people."""
        return f"{self.start:.1f}-{self.end:.1f} s, highest at {self.peak:.1f} s"


def in_json(value: Any) -> float | None:
    """Return a number as JSON has it: null where it is not finite."""
    return float(value) if np.isfinite(value) else None


def counted(events: int) -> str:
    """Return how many events there are, in words."""
    return f"{events} event{'s' * (events != 1)}"
