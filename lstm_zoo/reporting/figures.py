"""The figures of a report: learning curves, and scores beside those of the floors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..tasks.figures.canvas import FLOOR, OTHER, OURS, styled
from .tables import single_numbers

_NO_CURVES = ("epoch", "learning_rate", "rollbacks")


@styled
def learning_curves(history: Sequence[Mapping[str, str]]) -> Figure:
    """Draw each logged number over the epochs, training and validation in one panel.

    Args:
        history: Rows of `history.csv`.
    """
    epochs = [int(row["epoch"]) + 1 for row in history]
    names = [name for name in history[0] if name not in _NO_CURVES and not name.startswith("val_")]
    names.sort(key=lambda name: name != "loss")
    figure = Figure(figsize=(4.2 * len(names), 3.2), layout="constrained")
    axes = figure.subplots(1, len(names), squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        axis.plot(epochs, [float(row[name]) for row in history], color=OTHER, marker=".", label="training")
        if history[0].get(f"val_{name}", "NA") != "NA":  # NA: without validation, in older runs
            axis.plot(
                epochs, [float(row[f"val_{name}"]) for row in history], color=OURS, marker=".", label="validation"
            )
        axis.set(title=name, xlabel="epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(alpha=0.25)
        axis.legend(frameon=False)
    return figure


@styled
def result_against_floors(scores: Mapping[str, Any]) -> Figure:
    """Draw each score beside its floors, as horizontal bars."""
    floors = scores["floors"]
    names = list(single_numbers(scores))
    bars = {"this run": (OURS, scores), **{f"floor: {name}": (FLOOR, floor) for name, floor in floors.items()}}
    height = 0.8 / len(bars)
    figure = Figure(figsize=(5.2, (0.3 + 0.2 * len(bars)) * len(names) + 1.0), layout="constrained")
    axis = figure.subplots()
    finite = [values[name] for _, values in bars.values() for name in names if np.isfinite(values.get(name, np.nan))]
    for number, (label, (colour, values)) in enumerate(bars.items()):
        known = [row for row, name in enumerate(names) if name in values]
        places = np.array(known) + height * (number - (len(bars) - 1) / 2)
        lengths = [values[names[row]] for row in known]
        shade = 0.65 ** max(number - 1, 0)
        drawn = axis.barh(places, lengths, height, color=colour, alpha=shade, label=label)
        axis.bar_label(drawn, fmt="%.3f", padding=3, fontsize=8)
    sides = (1.15 * min(0.0, *finite), 1.15 * max(1.0, *finite)) if finite else (0.0, 1.0)
    axis.set(xlim=sides, yticks=range(len(names)), yticklabels=names)
    axis.invert_yaxis()
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure
