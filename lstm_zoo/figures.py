"""The figures of a run, as matplotlib figures; the report and the PNG files show the same ones."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

from .tables import plain_figures

matplotlib.rcParams["text.parse_math"] = False  # a `$` in a file's name is a dollar

_OURS, _OTHER, _FLOOR = "#1f6feb", "#d1732c", "#8a919c"
_MOST_CLASSES_WITH_NUMBERS = 25
_PANELS_A_ROW, _PANEL, _GAP = 8, 128, 10  # of captions: panels, and pixels


def learning_curves(history: Sequence[Mapping[str, str]]) -> Figure:
    """Draw each logged figure over the epochs, training and validation in one panel.

    Args:
        history: Rows of `history.csv`.
    """
    epochs = [int(row["epoch"]) + 1 for row in history]
    names = [name for name in history[0] if name not in ("epoch", "learning_rate") and not name.startswith("val_")]
    names.sort(key=lambda name: name != "loss")
    figure, axes = plt.subplots(1, len(names), figsize=(4.2 * len(names), 3.2), layout="constrained", squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        axis.plot(epochs, [float(row[name]) for row in history], color=_OTHER, marker=".", label="training")
        if history[0].get(f"val_{name}", "NA") != "NA":  # Keras writes NA where there is no validation
            axis.plot(
                epochs, [float(row[f"val_{name}"]) for row in history], color=_OURS, marker=".", label="validation"
            )
        axis.set(title=name, xlabel="epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(alpha=0.25)
        axis.legend(frameon=False)
    return figure


def result_against_floors(figures: Mapping[str, Any]) -> Figure:
    """Draw each figure beside its floors, as horizontal bars."""
    floors = figures["floors"]
    names = plain_figures(figures)
    bars = {"this run": (_OURS, figures), **{f"floor: {name}": (_FLOOR, floor) for name, floor in floors.items()}}
    height = 0.8 / len(bars)
    figure, axis = plt.subplots(figsize=(5.2, (0.3 + 0.2 * len(bars)) * len(names) + 1.0), layout="constrained")
    greatest = max(values.get(name, 0.0) for _, values in bars.values() for name in names)
    for number, (label, (colour, values)) in enumerate(bars.items()):
        known = [row for row, name in enumerate(names) if name in values]
        places = np.array(known) + height * (number - (len(bars) - 1) / 2)
        lengths = [values[names[row]] for row in known]
        shade = 1 - 0.35 * max(number - 1, 0)
        drawn = axis.barh(places, lengths, height, color=colour, alpha=shade, label=label)
        axis.bar_label(drawn, fmt="%.3f", padding=3, fontsize=8)
    axis.set(xlim=(0, 1.15 * max(1.0, greatest)), yticks=range(len(names)), yticklabels=names)
    axis.invert_yaxis()
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def confusion_matrix(confusion: Sequence[Sequence[int]], class_names: Sequence[str]) -> Figure:
    """Draw a confusion matrix, each row (a true class) scaled to its sum."""
    counts = np.array(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    num_classes = len(class_names)
    side = min(14.0, 2.2 + 0.45 * num_classes)
    figure, axis = plt.subplots(figsize=(side + 0.6, side), layout="constrained")
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


def film_strip(clip: np.ndarray, title: str, most_frames: int = 8) -> Figure:
    """Draw frames of one clip in a row.

    Args:
        clip: (T, H, W, 3) uint8.
        title: Text above the strip.
        most_frames: Frames shown at most, evenly spaced.
    """
    chosen = np.linspace(0, len(clip) - 1, min(most_frames, len(clip))).round().astype(int)
    strip = np.concatenate(list(np.pad(clip[chosen], ((0, 0), (0, 0), (0, 2), (0, 0)), constant_values=255)), axis=1)
    figure, axis = plt.subplots(figsize=(9, 9 * strip.shape[0] / strip.shape[1] + 0.4), layout="constrained")
    axis.imshow(strip)
    axis.set_axis_off()
    axis.set_title(title, fontsize=10, loc="left")
    return figure


def caption_panels(
    image: np.ndarray, words: Sequence[str], attention: np.ndarray | None, references: Sequence[str] = ()
) -> Figure:
    """Draw an image with its caption; with attention one panel a word, brighter where the network looked.

    Args:
        image: (H, W, 3) uint8.
        words: The caption's words.
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
    figure = plt.figure(figsize=size)
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
    caption = textwrap.fill(" ".join(words) or "(no words)", int(size[0] * 12))
    figure.suptitle(caption, fontsize=11, y=0.99, va="top")
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


def save(figure: Figure, target: Path | BinaryIO) -> None:
    """Write a figure as PNG, and free its memory."""
    figure.savefig(target, format="png", dpi=110)
    plt.close(figure)
