"""What one look at all files of a data set finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .spec import Spec

if TYPE_CHECKING:
    import numpy as np


class BadFile(NamedTuple):
    """A file of a data set that cannot be used."""

    split: str
    name: str
    """Its path below the root of the data set."""
    reason: str


class GoodFile(NamedTuple):
    """A file of a data set that can be used, or a part of it that is one example."""

    split: str
    name: str
    content: str
    """Hash of what a network sees of it, before it is cut and scaled; labels do not count."""
    measures: dict[str, float]
    """How large and how long it is as it would be stored, by name."""
    classes: dict[str, int]
    """What it holds of each class: 1 of its own, or pixels; empty where classes are not asked for."""
    remarks: Sequence[str] = ()
    """What a user should know of it."""


class Example(NamedTuple):
    """One example as a network sees it in evaluation."""

    split: str
    name: str
    inputs: dict[str, np.ndarray]
    """One of its views, by the names of `Spec.inputs`."""
    target: np.ndarray
    """What is to be answered, as training has it."""


class Neighbour(NamedTuple):
    """An example of another split, and the training example that an encoder takes for the most similar one."""

    split: str
    name: str
    training: str
    """Name of the training example."""
    similarity: float
    """Cosine of their features, from the mean of the training examples; 1 where they are the same."""


class Survey(NamedTuple):
    """What one look at all files of a data set found."""

    files: Sequence[GoodFile]
    bad_files: Sequence[BadFile]
    problems: Sequence[str] = ()
    """What training would stop at, besides bad files."""
    spec: Spec | None = None
    """What the data tell; None where they make no data set."""
    examples: Sequence[Example] = ()
    """Some of them, from all splits and classes."""
    neighbours: Sequence[Neighbour] | None = None
    """The nearest training example of each other one; None where no features are kept."""
