"""The score above which a frame is called abnormal: what a run keeps of it, and what it was found with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ...contracts import Memory

THRESHOLD = "threshold"
"""Its name in what a run keeps and in scores."""
NONE_FOUND = "no threshold is known: training had no held-out normal films"


class Threshold(NamedTuple):
    """The score above which a frame is called abnormal."""

    score: float
    """NaN: none is known."""
    missing: str = NONE_FOUND
    """Why none is known, if so."""

    @property
    def facts(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return {THRESHOLD: None, "no_threshold": self.missing} if np.isnan(self.score) else {THRESHOLD: self.score}


def threshold_in(memory: Memory | None, settings: Mapping[str, float]) -> Threshold:
    """Return the threshold that a run keeps.

    Args:
        memory: What the run keeps.
        settings: Those of the task that a threshold rests on: with others, that of the run means nothing. Runs that did
            not keep theirs have not changed them.
    """
    kept = memory or {}
    if differ := [name for name, value in settings.items() if name in kept and kept[name] != value]:
        now, then = (" ".join(f"task.{name}={of[name]}" for name in differ) for of in (settings, kept))
        change = " ".join(f"--set task.{name}={settings[name]}" for name in differ)
        return Threshold(
            np.nan,
            f"no threshold is known with {now}: training found one with {then}; to find another without training anew: "
            f"lstmzoo train --config RUN/config.yaml {change} --run-dir RUN --resume-anyway",
        )
    return Threshold(float(kept.get(THRESHOLD, np.nan)))
