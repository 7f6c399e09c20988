"""Frames of a clip in a row."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from .canvas import styled

_MOST_FRAMES = 8


@styled
def film_strip(clip: np.ndarray, title: str) -> Figure:
    """Draw frames of one clip, evenly spaced, in a row.

    Args:
        clip: (T, H, W, 3) uint8.
        title: Text above the strip.
    """
    chosen = np.linspace(0, len(clip) - 1, min(_MOST_FRAMES, len(clip))).round().astype(int)
    strip = np.concatenate(list(np.pad(clip[chosen], ((0, 0), (0, 0), (0, 2), (0, 0)), constant_values=255)), axis=1)
    figure = Figure(figsize=(9, 9 * strip.shape[0] / strip.shape[1] + 0.4), layout="constrained")
    axis = figure.subplots()
    axis.imshow(strip)
    axis.set_axis_off()
    axis.set_title(title, fontsize=10, loc="left")
    return figure
