"""Classes for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..console.visible import visible

_MOST = 5


def class_lines(classes: Sequence[dict[str, Any]], value: str) -> str:
    """Return the first classes, each on a line with its value (a probability, say), one below the other."""
    shown = classes[:_MOST]
    names = [visible(one["name"]) for one in shown]
    width = max(map(len, names))
    return "\n".join(f"{name:{width}}  {one[value]:.4f}" for name, one in zip(names, shown, strict=True))
