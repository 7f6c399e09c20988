"""A line of text as a network reads it, and the fastest way to one: the best path (Graves et al., ICML 2006)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ...contracts import Text


class Letter(NamedTuple):
    """A letter, and where it was seen."""

    text: str
    start: int
    """The first of its steps."""
    end: int
    """The step after its last."""
    confidence: float
    """Its probability at the surest of its steps, in [0, 1]."""


class Reading(NamedTuple):
    """The letters of a line."""

    letters: tuple[Letter, ...]
    confidence: float
    """Probability of the line by the network's outputs, in [0, 1]."""

    @property
    def text(self) -> str:
        """The letters as one text."""
        return "".join(letter.text for letter in self.letters)


def greedy(log_probabilities: np.ndarray, alphabet: Sequence[str]) -> Reading:
    """Read the most probable class at each step; the line's confidence is the probability of that one path.

    Args:
        log_probabilities: Natural logarithms, (S, K + 1); the last class is the blank.
        alphabet: The letters of the other K classes.
    """
    path = log_probabilities.argmax(axis=1)
    logs = np.take_along_axis(log_probabilities, path[:, None], axis=1)[:, 0]
    starts = np.flatnonzero(np.diff(path, prepend=-1))  # of runs of one class, the blank among them
    surest = np.exp(np.maximum.reduceat(logs, starts)) if len(path) else logs
    ends = np.append(starts, len(path))[1:]
    classes: list[int] = path[starts].tolist()
    runs = zip(classes, starts.tolist(), ends.tolist(), surest.tolist(), strict=True)
    blank = len(alphabet)
    letters = tuple(Letter(alphabet[one], start, end, min(top, 1.0)) for one, start, end, top in runs if one != blank)
    return Reading(letters, min(float(np.exp(logs.sum(dtype=np.float64))), 1.0))


def as_text(reading: Reading, target: Text) -> Reading:
    """Return a reading by the rules for marks and white space that the transcriptions follow."""
    letters = _composed(reading.letters) if target.composed else list(reading.letters)
    if not target.single_spaces:
        return reading._replace(letters=tuple(letters))
    kept = [
        letter
        for before, letter in zip([None, *letters], letters, strict=False)
        if letter.text != " " or (before is not None and before.text != " ")
    ]
    return reading._replace(letters=tuple(kept[: -1 if kept and kept[-1].text == " " else None]))


def _composed(letters: Iterable[Letter]) -> list[Letter]:
    """Return letters with each mark joined to the one before it, where Unicode has one letter for both."""
    kept: list[Letter] = []
    for letter in letters:
        if kept and unicodedata.combining(letter.text):
            both = unicodedata.normalize("NFC", kept[-1].text + letter.text)
            if len(both) == 1:
                before = kept.pop()
                letter = Letter(both, before.start, letter.end, min(before.confidence, letter.confidence))
        kept.append(letter)
    return kept
