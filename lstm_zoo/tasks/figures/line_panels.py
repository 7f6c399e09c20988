"""Lines of text with what was read: each letter under its place, and the probabilities behind it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from ..ctc.reading import Reading
from .canvas import styled

_MOST = 24  # letters whose probabilities are drawn
_FONTS = ("DejaVu Sans Mono", "DejaVu Sans")
"""Both come with Matplotlib; the second one has letters that the first one lacks."""
_SIZE = 11
_LETTER = 0.6 * _SIZE / 72  # width in inches
_NONE = "\N{WHITE SQUARE}"  # stands for letters that the fonts lack


@styled
def answer_panel(picture: np.ndarray, text: str, truth: str) -> Figure:
    """Draw a line (H, W) above its truth and its answer."""
    longest = max(len(text), len(truth))
    figure, axis = _line(picture, rows=1, at_least=(longest + 9) * _LETTER)
    told = f"truth   {drawable(truth)}\nanswer  {drawable(text)}"
    axis.set_xlabel(told, loc="left", fontsize=_SIZE, fontfamily=_FONTS)
    return figure


@styled
def line_panels(
    picture: np.ndarray, log_probabilities: np.ndarray, reading: Reading, alphabet: Sequence[str]
) -> Figure:
    """Draw a line (H, W) with each letter under its place, above the letters' probabilities at each step.

    Args:
        picture: The line as the network sees it.
        log_probabilities: Of letters and the blank, (S, K + 1).
        reading: What was read.
        alphabet: The K letters.
    """
    figure, axis, below = _line(picture, rows=2)
    width, steps = picture.shape[1], len(log_probabilities)
    for letter in reading.letters:
        axis.annotate(
            drawable("\N{OPEN BOX}" if letter.text == " " else letter.text),
            ((letter.start + letter.end) / 2 / steps, 0),
            (0, -3),  # points below the line
            xycoords="axes fraction",
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=_SIZE,
            fontfamily=_FONTS,
            color="tab:blue",
        )
    shares = np.exp(log_probabilities[:, :-1])
    chosen: list[int] = sorted(np.argsort(-shares.max(axis=0))[:_MOST].tolist())
    shown = np.concatenate([shares[:, chosen], np.exp(log_probabilities[:, -1:])], axis=1).T
    below.imshow(shown, aspect="auto", cmap="Greys", vmin=0, vmax=1, extent=(0, width, len(shown), 0))
    names = [*(_name(alphabet[number]) for number in chosen), "blank"]
    below.set_yticks(np.arange(len(shown)) + 0.5, names, fontsize=7, fontfamily=_FONTS)
    below.set_xlabel("pixels", fontsize=8)
    return figure


def drawable(text: str) -> str:
    """Return a text with a square for each letter that cannot be drawn."""
    return "".join(letter if ord(letter) in _known() else _NONE for letter in text)


def _name(letter: str) -> str:
    """Return what stands beside a letter's probabilities."""
    if letter == " ":
        return "space"
    return letter if ord(letter) in _known() else f"U+{ord(letter):04X}"


@cache
def _known() -> frozenset[int]:
    """Return the code points that the fonts have."""
    return frozenset().union(*(get_font(findfont(name)).get_charmap() for name in _FONTS))


def _line(picture: np.ndarray, rows: int, at_least: float = 0.0) -> tuple:
    """Return a figure with a line on top, and its axes.

    Args:
        picture: The line, (H, W).
        rows: 1, or 2 with a place for more below it.
        at_least: Width of the figure, in inches.
    """
    height, width = picture.shape
    wide = float(np.clip(0.6 * width / height, max(4.0, at_least), 16.0))
    heights = [min(wide * height / width, 1.4), 3.5][:rows]
    figure = Figure(figsize=(wide, sum(heights) + 0.6), layout="constrained")
    axes = figure.subplots(rows, 1, height_ratios=heights, squeeze=False)
    # What is below stands under its place.
    axes[0, 0].imshow(picture, cmap="gray", vmin=0, vmax=255, aspect="auto" if rows > 1 else "equal")
    axes[0, 0].set_xticks([])
    axes[0, 0].set_yticks([])
    return figure, *axes[:, 0]
