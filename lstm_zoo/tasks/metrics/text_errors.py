"""Errors of whole lines: edits of letters and of words, and which letters are taken for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from rapidfuzz.distance import Levenshtein

_CONFUSIONS = 20  # told at the most


def letter_edits(answer: str, truth: str) -> int:
    """Return how many letters have to be put in, left out or replaced to make one text the other."""
    return Levenshtein.distance(answer, truth)


class TextErrors:
    """Answers beside the truth: rates over all letters and words, not means over lines."""

    def __init__(self, alphabet: Sequence[str]):
        self._alphabet = frozenset(alphabet)
        self.edits: list[int] = []
        """Of the letters of each line."""
        self._letters: list[int] = []
        self._exact = self._word_edits = self._words = 0
        self._confused: Counter[tuple[str, str]] = Counter()
        self._unknown: Counter[str] = Counter()

    def add(self, answer: str, truth: str) -> None:
        """Take the answer to one line."""
        edits = letter_edits(answer, truth)
        self.edits.append(edits)
        self._letters.append(len(truth))
        self._exact += not edits
        self._word_edits += Levenshtein.distance(answer.split(), truth.split())
        self._words += len(truth.split())
        self._confused.update(_confusions(answer, truth))
        self._unknown.update(letter for letter in truth if letter not in self._alphabet)

    @property
    def rate(self) -> float:
        """Edits over letters."""
        return _share(sum(self.edits), sum(self._letters))

    def scores(self) -> dict[str, Any]:
        """Return the rates, and what to say of them in words."""
        per_line = [_share(edits, letters) for edits, letters in zip(self.edits, self._letters, strict=True)]
        edits, letters, unknown = sum(self.edits), sum(self._letters), self._unknown.total()
        # An unknown letter equals none of an answer's: each one is an edit of its own, of whatever kind.
        of_known = {"cer_of_known_letters": _share(edits - unknown, letters - unknown)} if unknown else {}
        return {
            "cer": self.rate,
            "wer": _share(self._word_edits, self._words),
            "exact_lines": _share(self._exact, len(self.edits)),
            "median_line_cer": float(median(per_line)) if per_line else 0.0,
            "letter_accuracy": 1 - self.rate,
            **of_known,
            "letters": letters,
            "unknown_letters": dict(self._unknown.most_common()),
            "confusions": [
                {"truth": truth, "answer": answer, "times": times}
                for (truth, answer), times in self._confused.most_common(_CONFUSIONS)
            ],
        }


def _confusions(answer: str, truth: str) -> Iterator[tuple[str, str]]:
    """Yield each letter of the truth that was taken for another, for none (""), or was put in ("" in the truth)."""
    for kind, place, other in Levenshtein.editops(truth, answer):
        yield "" if kind == "insert" else truth[place], "" if kind == "delete" else answer[other]


def _share(part: int, whole: int) -> float:
    """Return a part over a whole; of nothing, each edit counts as one whole."""
    return part / max(whole, 1)
