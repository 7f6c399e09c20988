"""Label maps beside the picture or the volume they belong to, as matplotlib figures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch

from .labels import VOID

matplotlib.rcParams["text.parse_math"] = False  # a `$` in a name is a dollar

WRONG = (222, 22, 28)
"""Colour of a wrong pixel."""
VOID_COLOUR = (176, 176, 176)
"""Colour of void; no class has a grey."""

_FIRST_COLOURS = "4e79a7 f28e2b 59a14f e15759 76b7b2 edc948 b07aa1 ff9da7 9c755f"  # Tableau's, without its grey
_PANEL, _NARROWEST, _GAP, _LINE = 3.1, 1.2, 0.05, 0.21  # inches: longer side of a panel, its least width, and so on


def class_colours(num_classes: int) -> np.ndarray:
    """Return a colour for each class, (K, 3) uint8; a class has the same one however many follow.

    The first are a well-known palette. Each further one is as unlike all before it as can be, by OKLab (Ottosson,
    2020), where distance is what an eye sees.
    """
    return _colour_series()[:num_classes].copy()


def label_panels(
    image: np.ndarray,
    predicted: np.ndarray,
    class_names: Sequence[str],
    truth: np.ndarray | None = None,
    title: str = "",
) -> Figure:
    """Draw an image beside its truth, the prediction and the wrong pixels; without truth, the prediction over it.

    Args:
        image: (H, W, C) uint8; of other than three channels the first is shown, in grey.
        predicted: Classes, (H, W) uint8.
        class_names: Name of each class.
        truth: Classes or `VOID`, (H, W) uint8.
        title: Text above.
    """
    maps = [predicted] if truth is None else [predicted, truth]
    panels = _panels(image, *maps, palette=_palette(len(class_names)))
    return _sheet([panels], _headings(*maps), [""], _legend(maps, class_names), title)


def volume_panels(
    volume: np.ndarray,
    predicted: np.ndarray,
    class_names: Sequence[str],
    truth: np.ndarray | None = None,
    title: str = "",
) -> Figure:
    """Draw the middle slices of a volume, a row for each axis, with the columns of `label_panels`.

    The share of wrong voxels is that of the whole volume. A slice through few planes is stretched.

    Args:
        volume: (Z, H, W, C) uint8; channels as there.
        predicted: Classes, (Z, H, W) uint8.
        class_names: Name of each class.
        truth: Classes or `VOID`, (Z, H, W) uint8.
        title: Text above.
    """
    maps = [predicted] if truth is None else [predicted, truth]
    rows, names, shown = [], [], []
    for axis, letter in enumerate("zyx"):
        middle = predicted.shape[axis] // 2
        slices = [one.take(middle, axis) for one in maps]
        rows.append(_panels(volume.take(middle, axis), *slices, palette=_palette(len(class_names))))
        names.append(f"{letter} = {middle}")
        shown += slices
    return _sheet(rows, _headings(*maps), names, _legend(shown, class_names), title)


@cache
def _colour_series() -> np.ndarray:
    """Return 255 colours, neither greyish nor very dark or pale, (255, 3) uint8."""
    steps = np.linspace(0, 255, 18).round()
    candidates = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    points = _oklab(candidates)
    lightness, chroma = points[:, 0], np.hypot(points[:, 1], points[:, 2])
    fit = (lightness > 0.4) & (lightness < 0.92) & (chroma > 0.07) & (chroma < 0.21)
    candidates, points = candidates[fit], points[fit]
    chosen = [np.array(tuple(bytes.fromhex(code))) for code in _FIRST_COLOURS.split()]
    distances = np.full(len(points), np.inf)
    for colour in [np.array(VOID_COLOUR), *chosen]:
        distances = np.minimum(distances, np.square(points - _oklab(colour)).sum(axis=-1))
    while len(chosen) < VOID:
        furthest = int(distances.argmax())
        chosen.append(candidates[furthest])
        distances = np.minimum(distances, np.square(points - points[furthest]).sum(axis=-1))
    return np.array(chosen).astype(np.uint8)


def _oklab(colours: np.ndarray) -> np.ndarray:
    """Return sRGB colours (..., 3) of 0 to 255 in OKLab: lightness from 0 to 1, green to red, blue to yellow."""
    share = colours / 255
    linear = np.where(share > 0.04045, ((share + 0.055) / 1.055) ** 2.4, share / 12.92)
    cones = [[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]
    axes = [[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]]
    return np.cbrt(linear @ np.array(cones).T) @ np.array(axes).T


def _palette(num_classes: int) -> np.ndarray:
    """Return the colour of every number a label map may hold, (256, 3) uint8."""
    palette = np.full((256, 3), VOID_COLOUR, np.uint8)
    palette[:num_classes] = class_colours(num_classes)
    return palette


def _panels(
    image: np.ndarray, predicted: np.ndarray, truth: np.ndarray | None = None, *, palette: np.ndarray
) -> list[np.ndarray]:
    """Return the panels of one image, each (H, W, 3) uint8."""
    assert image.shape[:2] == predicted.shape, (image.shape, predicted.shape)
    image = image if image.shape[-1] == 3 else np.repeat(image[..., :1], 3, axis=-1)
    painted = palette[predicted]
    if truth is None:
        return [image, painted, (0.45 * image + 0.55 * painted).astype(np.uint8)]
    grey = np.repeat(image.mean(axis=-1, keepdims=True), 3, axis=-1)
    void = truth == VOID
    errors = np.where(void[..., None], 225 + 0.1 * grey, 60 + 0.6 * grey).astype(np.uint8)
    errors[(truth != predicted) & ~void] = WRONG
    return [image, palette[truth], painted, errors]


def _headings(predicted: np.ndarray, truth: np.ndarray | None = None) -> list[str]:
    """Return what stands above each column."""
    if truth is None:
        return ["image", "prediction", "prediction over the image"]
    labelled = truth != VOID
    share = (truth != predicted)[labelled].mean() if labelled.any() else 0.0
    return ["image", "truth", "prediction", f"wrong: {share:.1%}"]


def _legend(maps: Sequence[np.ndarray], class_names: Sequence[str]) -> list[Patch]:
    """Return a patch of colour with its name for each class that occurs, and for void."""
    palette = _palette(len(class_names)) / 255
    found = np.unique(np.concatenate([one.ravel() for one in maps]))
    names = {label: "void" if label == VOID else class_names[label] for label in found.tolist()}
    return [Patch(color=tuple(palette[label]), label=name) for label, name in names.items()]


def _sheet(
    rows: Sequence[Sequence[np.ndarray]], headings: Sequence[str], names: Sequence[str], legend: list[Patch], title: str
) -> Figure:
    """Draw rows of panels of the same columns, with a legend below."""
    sides = [row[0].shape[:2] for row in rows]
    ratios = [min(max(high / wide, 0.25), 5.0) for high, wide in sides]  # a few planes are stretched, to be seen
    wide = max(_PANEL / max(1.0, *ratios), _NARROWEST)
    width = max(len(headings) * (wide + 2 * _GAP) + (_LINE if any(names) else 0), 6.0)
    a_row = max(int(width / (0.55 + 0.075 * max(len(str(patch.get_label())) for patch in legend))), 1)
    num_lines = -(-len(legend) // a_row) + (2.7 if title else 1.3)
    height = wide * sum(ratios) + 2 * _GAP * len(rows) + _LINE * num_lines
    layout = ConstrainedLayoutEngine(w_pad=_GAP, h_pad=_GAP, wspace=0, hspace=0, compress=True)
    figure, axes = plt.subplots(
        len(rows), len(headings), figsize=(width, height), height_ratios=ratios, layout=layout, squeeze=False
    )
    for line, row, ratio in zip(axes, rows, ratios, strict=True):
        for axis, panel in zip(line, row, strict=True):
            axis.imshow(panel, aspect=ratio * panel.shape[1] / panel.shape[0], interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
    for axis, heading in zip(axes[0], headings, strict=True):
        axis.set_title(heading, fontsize=10)
    for axis, name in zip(axes[:, 0], names, strict=True):
        axis.set_ylabel(name)
    figure.suptitle(title, fontsize=11)
    figure.legend(handles=legend, loc="outside lower center", ncols=a_row, frameon=False, fontsize=9)
    return figure
