"""Classes for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_MOST = 5


def class_lines(classes: Sequence[dict[str, Any]], value: str) -> str:
    """Return the first classes, each on a line with its value (a probability, say), one below the other."""
    shown = classes[:_MOST]
    width = max(len(one["name"]) for one in shown)
    return "\n".join(f"{one['name']:{width}}  {one[value]:.4f}" for one in shown)
