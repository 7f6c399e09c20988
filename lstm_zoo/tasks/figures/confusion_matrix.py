"""Which classes were taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .canvas import styled

_MOST_CLASSES_WITH_NUMBERS = 25


@styled
def confusion_matrix(counts: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Draw a confusion matrix, (K, K) of whole numbers, each row (a true class) scaled to its sum."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    num_classes = len(class_names)
    side = min(14.0, 2.2 + 0.45 * num_classes)
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axis = figure.subplots()
    image = axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, shrink=0.7, label="share of the true class")
    size = 9 if num_classes <= 40 else 5
    axis.set_xticks(range(num_classes), class_names, rotation=60, ha="right", rotation_mode="anchor", fontsize=size)
    axis.set_yticks(range(num_classes), class_names, fontsize=size)
    axis.set(xlabel="predicted", ylabel="true")
    if num_classes <= _MOST_CLASSES_WITH_NUMBERS:
        for row, column in np.argwhere(counts):
            colour = "white" if shares[row, column] > 0.55 else "black"
            axis.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=8)
    return figure
