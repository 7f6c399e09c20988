"""Frames that were shown, those that followed, and what was foretold, in rows one above the other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from .canvas import styled

_MOST = 10  # frames of a row
_GAP = 2  # pixels between frames
_WIDTH = 9.0  # inches


@styled
def frame_strips(rows: Mapping[str, np.ndarray], num_shown: int = 0) -> Figure:
    """Draw rows of frames, (n, H, W, C) uint8 each, by their names; of many, some that are evenly spaced.

    Args:
        rows: The first one holds what was shown, if anything, and all others start with the frame that follows it.
        num_shown: How many frames were shown.
    """
    columns = min(_MOST, max(map(len, rows.values())))
    strips = [_strip(frames, columns) for frames in rows.values()]
    picture = np.concatenate(strips)
    height, width = picture.shape[0] / len(strips), picture.shape[1] / columns
    figure = Figure(figsize=(_WIDTH, _WIDTH * picture.shape[0] / picture.shape[1] + 0.6), layout="constrained")
    axis = figure.subplots()
    axis.imshow(picture, interpolation="nearest")
    middles = width * (np.arange(columns) + 0.5)
    axis.set_yticks(height * (np.arange(len(strips)) + 0.5), list(rows))
    named = list(rows.values())
    if num_shown:
        above = axis.secondary_xaxis("top")
        places = _places(num_shown, columns)
        above.set_xticks(middles[: len(places)], [str(place - num_shown + 1) for place in places.tolist()])
        _bare(above)
        named = named[1:]
    places = _places(max(map(len, named)), columns)
    axis.set_xticks(middles[: len(places)], [f"+{place + 1}" for place in places.tolist()])
    _bare(axis)
    return figure


def _bare(axis) -> None:
    axis.tick_params(length=0, labelsize=9)
    for spine in axis.spines.values():
        spine.set_visible(False)


def _places(count: int, columns: int) -> np.ndarray:
    """Return the numbers of the frames that are drawn of a row."""
    return np.linspace(0, count - 1, min(columns, count)).round().astype(int)


def _strip(frames: np.ndarray, columns: int) -> np.ndarray:
    """Return frames side by side, (H + gap, columns * (W + gap), 3), white where there are none."""
    chosen = frames[_places(len(frames), columns)]
    chosen = np.broadcast_to(chosen, (*chosen.shape[:3], 3))
    padded = np.pad(chosen, ((0, columns - len(chosen)), (0, _GAP), (0, _GAP), (0, 0)), constant_values=255)
    return np.concatenate(list(padded), axis=1)
