"""Labels of frames: which ones of a film are abnormal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...contracts import InputError
from ...media.errors import MediaError

KEY = "data.labels"
FLAGS, RANGES, SECONDS, COUNTS = "flags", "ranges", "seconds", "num_frames"
Labels = dict[str, Any]
"""Of one film, ready for JSON: its `FLAGS`, a 0 or 1 a frame; or its `RANGES`, abnormal frames from a first one up to,
not including, another, counted from 0; or `SECONDS`, the same in time; and `COUNTS`,
for how many frames they are."""


def flags_of(labels: Labels, num_frames: int, starts: Sequence[float]) -> np.ndarray:
    """Return whether each frame is abnormal, (frames,) bool.

    Args:
        labels: Those of the film.
        num_frames: How many frames it has.
        starts: When each begins, in seconds.

    Raises:
        MediaError: They are those of another number of frames.
    """
    labelled = len(labels[FLAGS]) if FLAGS in labels else labels.get(COUNTS, num_frames)
    if labelled != num_frames:
        raise MediaError(f"has {num_frames} frames, but labels of {labelled}; expected one a frame")
    if FLAGS in labels:
        return np.array(labels[FLAGS], bool)
    flags = np.zeros(num_frames, bool)
    for first, end in labels.get(RANGES, ()):
        if end > num_frames:
            raise MediaError(f"has {num_frames} frames, but frames {first + 1} to {end} are labelled (counted from 1)")
        flags[first:end] = True
    for start, end in labels.get(SECONDS, ()):
        flags |= (np.asarray(starts) >= start - 1e-6) & (np.asarray(starts) < end - 1e-6)
    return flags


def labels_of_flags(values: Any, where: str) -> Labels:
    """Return labels of a 0 or 1 a frame; `where` they stand is for messages."""
    try:
        flags = np.asarray(values, float).ravel()
    except (ValueError, TypeError):
        flags = np.array([np.nan])
    if not np.isin(flags, (0, 1)).all():
        raise InputError(KEY, f"{where}: expected a 0 or 1 a frame, got {np.ravel(values)[:3].tolist()!r:.60}")
    return {FLAGS: flags.astype(int).tolist()}


def labels_of_ranges(ranges: Iterable[tuple[int, int]], where: str) -> Labels:
    """Return labels of ranges from 0, the end not in."""
    checked = []
    for first, end in ranges:
        if not 0 <= first < end:
            raise InputError(
                KEY,
                f"{where}: abnormal from frame {first + 1} to {end} (from 1); expected 1 or more, and no end before",
            )
        checked.append([first, end])
    return {RANGES: checked}
