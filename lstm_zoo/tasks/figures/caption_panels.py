"""An image with its caption, and where the network looked at each word."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from .canvas import styled

_PANELS_A_ROW, _PANEL, _GAP = 8, 128, 10  # panels, and pixels


@styled
def caption_panels(
    image: np.ndarray,
    caption: str,
    words: Sequence[str],
    attention: np.ndarray | None = None,
    references: Sequence[str] = (),
) -> Figure:
    """Draw an image with its caption; with attention one panel a word, brighter where the network looked.

    Args:
        image: (H, W, 3) uint8.
        caption: What stands above.
        words: The caption's words, each above its panel.
        attention: Weights of the regions at each word, (words, L), of a square grid; or None.
        references: Captions by people, written below.
    """
    panels = [_fitted(image)]
    if attention is not None:
        panels += [_looked_at(image, weights) for weights in attention]
    columns = min(len(panels), _PANELS_A_ROW)
    rows = -(-len(panels) // columns)
    step_x, step_y = _PANEL + _GAP, _PANEL + 2 * _GAP  # a word stands above each panel
    sheet = np.full((rows * step_y, columns * step_x, 3), 255, np.uint8)
    size = (max(step_x * columns / 90, 6.0), rows * step_y / 90 + 0.5 + 0.2 * len(references))
    figure = Figure(figsize=size)
    below = 0.2 * len(references) / size[1]
    axis = figure.add_axes((0.01, below, 0.98, 1 - below - 0.4 / size[1]))
    axis.set_axis_off()
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        top, left = row * step_y + 2 * _GAP, column * step_x
        sheet[top : top + _PANEL, left : left + _PANEL] = panel
        if number:
            axis.text(left + _PANEL / 2, top - 4, words[number - 1], ha="center", fontsize=9)
    axis.imshow(sheet)
    title = textwrap.fill(caption or "(no words)", int(size[0] * 12))
    figure.suptitle(title, fontsize=11, y=0.99, va="top")
    figure.text(0.01, 0.01, "\n".join(references), fontsize=8, va="bottom")
    return figure


def _fitted(image: np.ndarray) -> np.ndarray:
    """Return an image as one panel, (side, side, 3) uint8."""
    return np.asarray(Image.fromarray(image).resize((_PANEL, _PANEL), Image.Resampling.BICUBIC))


def _looked_at(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return an image in grey under the weights of a square grid of regions, as one panel."""
    grid = round(len(weights) ** 0.5)
    heat = Image.fromarray((weights.reshape(grid, grid) / max(weights.max(), 1e-12)).astype(np.float32))
    heat = np.asarray(heat.resize((_PANEL, _PANEL), Image.Resampling.BILINEAR))
    grey = _fitted(image).mean(axis=-1, keepdims=True)
    return (0.4 * grey + 0.6 * 255 * matplotlib.colormaps["inferno"](heat)[..., :3]).astype(np.uint8)
