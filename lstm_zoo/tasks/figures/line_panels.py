"""Lines of text with what was read: each letter under its place, and the probabilities behind it."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ..ctc.reading import Reading

_MOST = 24  # letters whose probabilities are drawn


def answer_panel(picture: np.ndarray, text: str, truth: str) -> Figure:
    """Draw a line (H, W) above its truth and its answer."""
    figure, axis = _line(picture, rows=1)
    axis.set_xlabel(f"truth   {truth}\nanswer {text}", loc="left", fontsize=11)
    return figure


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
        centre = (letter.start + letter.end) / 2 * width / steps
        axis.text(centre, picture.shape[0] * 1.05, letter.text, ha="center", va="top", fontsize=11, color="tab:blue")
    shares = np.exp(log_probabilities[:, :-1])
    chosen = sorted(np.argsort(-shares.max(axis=0))[:_MOST])
    shown = np.concatenate([shares[:, chosen], np.exp(log_probabilities[:, -1:])], axis=1).T
    below.imshow(shown, aspect="auto", cmap="Greys", vmin=0, vmax=1, extent=(0, width, len(shown), 0))
    below.set_yticks(np.arange(len(shown)) + 0.5, [*(alphabet[number] for number in chosen), "blank"], fontsize=7)
    below.set_xlabel("pixels", fontsize=8)
    return figure


def _line(picture: np.ndarray, rows: int) -> tuple:
    """Return a figure with a line on top, and its axes."""
    height, width = picture.shape
    wide = float(np.clip(width / 80, 4, 16))
    heights = [max(0.5, wide * height / width), 3.5][:rows]
    figure, axes = plt.subplots(
        rows, 1, figsize=(wide, sum(heights) + 0.9), height_ratios=heights, squeeze=False, layout="constrained"
    )
    axes[0, 0].imshow(picture, cmap="gray", vmin=0, vmax=255)
    axes[0, 0].set_xticks([])
    axes[0, 0].set_yticks([])
    return figure, *axes[:, 0]
