"""How figures look, and how they become files; what a user draws in the same process stays as he has it."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

import matplotlib
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names

Arguments = ParamSpec("Arguments")
Drawn = TypeVar("Drawn")

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


@cache
def _style() -> dict[str, Any]:
    installed = set(get_font_names())
    return {
        "text.parse_math": False,  # a `$` in a name is a dollar
        "font.family": ["sans-serif", *(name for name in _OF_SYSTEMS if name in installed)],
    }


def styled(draw: Callable[Arguments, Drawn]) -> Callable[Arguments, Drawn]:
    """Return a function that draws in the style of our figures."""

    @wraps(draw)
    def drawn(*arguments: Arguments.args, **options: Arguments.kwargs) -> Drawn:
        with matplotlib.rc_context(_style()):  # type: ignore[arg-type]
            return draw(*arguments, **options)

    return drawn


@styled
def png_of(figure: Figure) -> bytes:
    """Return a figure as a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return file.getvalue()
