"""Label maps beside the picture or the volume they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch

from ...contracts.labels import VOID
from .canvas import styled
from .class_colours import laid_over, palette

WRONG = (222, 22, 28)
"""Colour of a wrong pixel."""
_PANEL, _NARROWEST, _GAP, _LINE = 3.1, 1.2, 0.05, 0.21  # inches: longer side of a panel, its least width, and so on


@styled
def label_panels(
    picture: np.ndarray, predicted: np.ndarray, class_names: Sequence[str], truth: np.ndarray | None = None
) -> Figure:
    """Draw a picture beside its truth, the prediction and the wrong pixels; without truth, the prediction over it.

    Of a volume the middle slices are drawn, a row for each axis; a slice through few planes is stretched. The share of
    wrong voxels is that of the whole volume.

    Args:
        picture: (H, W, C) or (Z, H, W, C) uint8; of other than three channels the first is shown, in grey.
        predicted: Classes, (H, W) or (Z, H, W) uint8.
        class_names: Name of each class.
        truth: Classes or `VOID`, as predicted.
    """
    assert picture.shape[:-1] == predicted.shape, (picture.shape, predicted.shape)
    maps = [predicted] if truth is None else [predicted, truth]
    slices = [("", picture, maps)]
    if predicted.ndim == 3:
        middles = [(axis, side // 2) for axis, side in enumerate(predicted.shape)]
        slices = [
            (f"{'zyx'[axis]} = {middle}", picture.take(middle, axis), [one.take(middle, axis) for one in maps])
            for axis, middle in middles
        ]
    colours = palette(len(class_names))
    rows = [_panels(part, colours, *labels) for _, part, labels in slices]
    legend = _legend((one for _, _, labels in slices for one in labels), colours, class_names)
    return _sheet(rows, _headings(*maps), [name for name, _, _ in slices], legend)


def _panels(
    image: np.ndarray, colours: np.ndarray, predicted: np.ndarray, truth: np.ndarray | None = None
) -> list[np.ndarray]:
    """Return the panels of one image, each (H, W, 3) uint8."""
    image = image if image.shape[-1] == 3 else np.repeat(image[..., :1], 3, axis=-1)
    painted = colours[predicted]
    if truth is None:
        return [image, painted, laid_over(image, painted)]
    grey = np.repeat(image.mean(axis=-1, keepdims=True), 3, axis=-1)
    void = truth == VOID
    errors = np.where(void[..., None], 225 + 0.1 * grey, 60 + 0.6 * grey).astype(np.uint8)
    errors[(truth != predicted) & ~void] = WRONG
    return [image, colours[truth], painted, errors]


def _headings(predicted: np.ndarray, truth: np.ndarray | None = None) -> list[str]:
    """Return what stands above each column."""
    if truth is None:
        return ["image", "prediction", "prediction over the image"]
    labelled = truth != VOID
    share = (truth != predicted)[labelled].mean() if labelled.any() else 0.0
    return ["image", "truth", "prediction", f"wrong: {share:.1%}"]


def _legend(maps: Iterable[np.ndarray], colours: np.ndarray, class_names: Sequence[str]) -> list[Patch]:
    """Return a patch of colour with its name for each class that occurs, and for void."""
    found = np.unique(np.concatenate([one.ravel() for one in maps]))
    names = {label: "void" if label == VOID else class_names[label] for label in found.tolist()}
    return [Patch(color=tuple(colours[label] / 255), label=name) for label, name in names.items()]


def _sheet(
    rows: Sequence[Sequence[np.ndarray]], headings: Sequence[str], names: Sequence[str], legend: list[Patch]
) -> Figure:
    """Draw rows of panels of the same columns, with a legend below."""
    sides = [row[0].shape[:2] for row in rows]
    ratios = [min(max(high / wide, 0.25), 5.0) for high, wide in sides]  # a few planes are stretched, to be seen
    wide = max(_PANEL / max(1.0, *ratios), _NARROWEST)
    width = max(len(headings) * (wide + 2 * _GAP) + (_LINE if any(names) else 0), 6.0)
    a_row = max(int(width / (0.55 + 0.075 * max(len(str(patch.get_label())) for patch in legend))), 1)
    num_lines = -(-len(legend) // a_row) + 1.3
    height = wide * sum(ratios) + 2 * _GAP * len(rows) + _LINE * num_lines
    layout = ConstrainedLayoutEngine(w_pad=_GAP, h_pad=_GAP, wspace=0, hspace=0, compress=True)
    figure = Figure(figsize=(width, height), layout=layout)
    axes = figure.subplots(len(rows), len(headings), height_ratios=ratios, squeeze=False)
    for line, row, ratio in zip(axes, rows, ratios, strict=True):
        for axis, panel in zip(line, row, strict=True):
            axis.imshow(panel, aspect=ratio * panel.shape[1] / panel.shape[0], interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
    for axis, heading in zip(axes[0], headings, strict=True):
        axis.set_title(heading, fontsize=10)
    for axis, name in zip(axes[:, 0], names, strict=True):
        axis.set_ylabel(name)
    figure.legend(handles=legend, loc="outside lower center", ncols=a_row, frameon=False, fontsize=9)
    return figure
