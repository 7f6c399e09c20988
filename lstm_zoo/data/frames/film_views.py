"""A film as a network's input: its end, whose future is foretold, and its windows, whose future is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...contracts import FRAMES, KNOWN_FRAMES, Outputs, Part, Views
from ...media.errors import MediaError
from ..pipeline.family import Record
from .family import FrameWindows
from .film_frames import end_of_film


def film_views(path: Path, film: Record, family: FrameWindows, max_fps: float | None, pictures_fps: float) -> Views:
    """Return a film's last clip, and the clip before its last frames that can be compared with these, if it is so long.

    Args:
        path: The film.
        film: What `read_film` gives of it.
        family: How windows are cut out of it.
        max_fps: Frames kept per second at most.
        pictures_fps: Frames per second of what tells no times.

    Raises:
        MediaError: It has fewer frames than are shown.
    """
    shown, there = family.num_frames, len(film["video"])
    if there < shown:
        raise MediaError(f"has {there} frame{'s' * (there > 1)}; {shown} are needed to foretell those that follow")
    starts = family.starts(there)
    firsts = [there - shown, *starts[-1:]]
    clips = np.stack([family.window(film, first)[:shown] for first in firsts])

    def merge(outputs: Iterator[Outputs]) -> Outputs:
        """Name what is foretold of frames that are known otherwise."""
        coming = next(outputs)
        return {**coming, KNOWN_FRAMES: next(outputs)[FRAMES]} if starts else coming

    picture = end_of_film(path, shown + (family.horizon if starts else 0), film, max_fps, pictures_fps)
    parts = (_part(film, family, first) for first in starts)
    return Views({"clip": clips}, merge, picture, parts, "windows", film["remarks"])


def _part(film: Record, family: FrameWindows, first: int) -> Part:
    """Return a window, whose times are those of the frames that are foretold."""
    window = family.window(film, first)
    begin, end = first + family.num_frames, first + len(window)
    start = float(film["starts"][begin])
    stop = float(film["starts"][end]) if end < len(film["starts"]) else float(film["starts"][-1]) + 1 / film["fps"]
    views = Views(
        {"clip": window[np.newaxis, : family.num_frames]},
        lambda outputs: {KNOWN_FRAMES: next(outputs)[FRAMES]},
        window,
    )
    return Part({"start": round(start, 3), "end": round(stop, 3)}, f"{start:.1f}-{stop:.1f} s", views)
