"""Scores of the frames of films over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ..metrics.detection import FilmOfScores
from .canvas import OTHER, OURS, styled

_MOST = 12  # films in a figure: those with the highest scores


@styled
def score_curves(films: Sequence[FilmOfScores], threshold: float) -> Figure:
    """Draw running means of scores over seconds, a row a film, on another ground where abnormal. NaN: no threshold."""
    highest = {film.name for film in sorted(films, key=lambda film: -np.nanmax(film.smoothed))[:_MOST]}
    shown = [film for film in films if film.name in highest]
    figure = Figure(figsize=(9, 1.1 * len(shown) + 0.8), layout="constrained")
    axes = figure.subplots(len(shown), sharey=True, squeeze=False)
    for axis, film in zip(axes[:, 0], shown, strict=True):
        seconds = np.arange(len(film.scores)) / film.fps
        axis.plot(seconds, film.smoothed, color=OURS, linewidth=1.2)
        whole_height = {"transform": axis.get_xaxis_transform(), "step": "mid"}
        axis.fill_between(seconds, 0, 1, where=film.flags, color=OTHER, alpha=0.35, linewidth=0, **whole_height)
        if not np.isnan(threshold):
            axis.axhline(threshold, color="black", linewidth=0.8, linestyle="--")
        axis.set_title(film.name, fontsize=8, loc="left", pad=2)
        axis.tick_params(labelsize=7)
    known = {"orange: abnormal": any(film.flags.any() for film in shown), "dashed: threshold": not np.isnan(threshold)}
    told = "; ".join(what for what, there in known.items() if there)
    axes[-1, 0].set_xlabel(f"seconds ({told})" if told else "seconds", fontsize=8)
    return figure
