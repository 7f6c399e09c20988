"""Where figures are drawn, and how they become files."""

from __future__ import annotations

import io

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

matplotlib.rcParams["text.parse_math"] = False  # a `$` in a name is a dollar


def png_of(figure: Figure) -> bytes:
    """Return a figure as a PNG file, and free its memory."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    plt.close(figure)
    return file.getvalue()
