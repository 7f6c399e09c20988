"""How scores change from the first foretold frame to the last."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .canvas import FLOOR, OURS, styled

_STYLES = ("-", "--", ":")  # of floors
_MOST = 3  # times the greatest score of the run: what is far above is cut off


@styled
def horizon_curves(scores: Mapping[str, np.ndarray], floors: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Draw each score over the frames that are foretold, (horizon,), beside the floors that have it and are near.

    Args:
        scores: By their titles.
        floors: The same of each floor.
    """
    figure = Figure(figsize=(3.6 * len(scores), 3.2), layout="constrained")
    axes = figure.subplots(1, len(scores), squeeze=False)
    for axis, (title, values) in zip(axes[0], scores.items(), strict=True):
        frames = np.arange(1, len(values) + 1)
        for style, (name, of_floor) in zip(_STYLES, floors.items(), strict=False):
            if title in of_floor:
                axis.plot(frames, of_floor[title], style, color=FLOOR, label=f"floor: {name}")
        axis.plot(frames, values, color=OURS, marker=".", label="this run")
        axis.set(title=title, xlabel="frames ahead")
        axis.set_ylim(0, min(1.05 * axis.get_ylim()[1], _MOST * max(values)))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(alpha=0.25)
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return figure
