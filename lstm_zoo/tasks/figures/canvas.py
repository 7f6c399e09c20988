"""Where figures are drawn, and how they become files."""

from __future__ import annotations

import io

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names

OURS, OTHER, FLOOR = "#1f6feb", "#d1732c", "#8a919c"
"""Colours of what the figure is about, of what stands beside it, and of floors."""
_OF_SYSTEMS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Yu Gothic",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Sans Khmer",
    "Nirmala UI",
    "Leelawadee UI",
    "Arial Unicode MS",
)
"""Type faces with letters that Matplotlib's own one lacks, as systems have them."""

matplotlib.rcParams["text.parse_math"] = False  # a `$` in a name is a dollar
_installed = set(get_font_names())
matplotlib.rcParams["font.family"] = ["sans-serif", *(name for name in _OF_SYSTEMS if name in _installed)]


def png_of(figure: Figure) -> bytes:
    """Return a figure as a PNG file, and free its memory."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    plt.close(figure)
    return file.getvalue()
