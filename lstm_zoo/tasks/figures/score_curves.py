"""Scores of the frames of films over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from .canvas import plt

if TYPE_CHECKING:
    from ..metrics.film_scores import FilmOfScores

_MOST = 12  # films in a figure: those with the highest scores
_SCORE, _ABNORMAL, _THRESHOLD = "#0072b2", "#e69f00", "#000000"  # told apart by colour-blind people


def score_curves(films: Sequence[FilmOfScores], threshold: float) -> Figure:
    """Draw running means of scores over seconds, a row a film, on another ground where abnormal. NaN: no threshold."""
    highest = {film.name for film in sorted(films, key=lambda film: -np.nanmax(film.smoothed))[:_MOST]}
    shown = [film for film in films if film.name in highest]
    figure, axes = plt.subplots(
        len(shown), figsize=(9, 1.1 * len(shown) + 0.8), layout="constrained", sharey=True, squeeze=False
    )
    for axis, film in zip(axes[:, 0], shown, strict=True):
        seconds = np.arange(len(film.scores)) / film.fps
        axis.plot(seconds, film.smoothed, color=_SCORE, linewidth=1.2)
        below, above = axis.get_ylim()
        axis.fill_between(seconds, below, above, where=film.flags, color=_ABNORMAL, alpha=0.35, step="mid", linewidth=0)
        axis.set_ylim(below, above)
        if not np.isnan(threshold):
            axis.axhline(threshold, color=_THRESHOLD, linewidth=0.8, linestyle="--")
        axis.set_title(film.name, fontsize=8, loc="left", pad=2)
        axis.tick_params(labelsize=7)
    axes[-1, 0].set_xlabel(
        f"seconds (orange: abnormal{'' if np.isnan(threshold) else '; dashed: threshold'})", fontsize=8
    )
    return figure
