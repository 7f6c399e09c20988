"""What a row of the benchmark is: one piece of work, done by us and by others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Work = Callable[[int], None]
"""Does so many units of work."""


@dataclass(frozen=True)
class Context:
    """What the rows of one run share."""

    scratch: Path
    """A folder for files."""
    videos: Path | None = None
    """A folder with one folder a class with videos; None: videos are drawn."""
    quick: bool = False
    """Sizes so small that only the code is tried."""


@dataclass(frozen=True)
class Contender:
    """One way to do a row's work."""

    start: Callable[[Context], Work]
    """Gets ready; an ImportError says that a package is missing here."""
    plain: bool = False
    """In TensorFlow's default settings, without this package's."""


@dataclass(frozen=True)
class Row:
    """One piece of work; each contender does it in a process of its own."""

    name: str
    unit: str
    """What is counted: a step, a clip."""
    contenders: Mapping[str, Contender]
    """Ours first."""
    backends: tuple[str, ...] = ("tensorflow",)
    setup: Callable[[Context], None] | None = None
    """Makes files that the contenders need, in a process of its own."""
