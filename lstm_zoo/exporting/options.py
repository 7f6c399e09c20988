"""What is asked of an export, and what is said where it cannot be had."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

QUANTIZATIONS = ("none", "float16", "dynamic_int8")


class ExportError(RuntimeError):
    """A file that cannot be made, or does not do what the run does."""


class Options(NamedTuple):
    """What is asked of an export beside its format."""

    quantize: str = "none"
    """One of `QUANTIZATIONS`."""
    streaming: bool = False
    """Whether the network takes one frame at a time."""
    allow_flex: bool = False
    """Whether a LiteRT file may hold TensorFlow's operations."""
    portable: bool = False
    """Whether a `.keras` file is to be made of Keras' own layers alone."""
    static_shape: Mapping[str, int] = MappingProxyType({})
    """Sizes to fix, by the names of the axes."""
    recipe: Mapping[str, Any] | None = None
    """What a file tells of its recipe; None: the run's own."""
