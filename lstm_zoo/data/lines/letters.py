"""From transcriptions to letters: what counts as text, which letters there are, and how many steps a text takes."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from ...contracts import Section
from ...contracts.text import PADDING, UNKNOWN

_BYTE_ORDER_MARK = "\ufeff"
_LINE_ENDS = re.compile(r"[\r\n]+")


class TextConfig(Section):
    """What counts as text, in transcriptions and in answers alike."""

    unicode: Literal["NFC", "NFD", "none"] = "NFC"
    """Form of composed letters: `NFC` makes each one letter, `NFD` a letter and its marks, `none` leaves texts as they
    are. A long s stays a long s in each of them."""
    white_space: Literal["single", "kept"] = "single"
    """`single`: runs of white space (no-break spaces and tabs, too) count as one space, and none at the ends; `kept`:
    only line ends are cut off, and a space stands for those within a text."""

    def normalized(self, text: str) -> str:
        """Return a text by these rules; byte order marks and line ends are never part of it."""
        text = _LINE_ENDS.sub(" ", text.replace(_BYTE_ORDER_MARK, "").strip("\r\n"))
        if self.unicode != "none":
            text = unicodedata.normalize(self.unicode, text)
        return " ".join(text.split()) if self.white_space == "single" else text


def alphabet_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the letters of texts, in the order of their code points: whatever order the texts come in."""
    return tuple(sorted(set().union(*texts)))


def numbered(texts: Sequence[str], alphabet: Sequence[str]) -> np.ndarray:
    """Return texts as numbers of letters, (texts, longest) int32, with `PADDING` and `UNKNOWN`."""
    numbers = {letter: number for number, letter in enumerate(alphabet)}
    rows = np.full((len(texts), max(map(len, texts), default=0) or 1), PADDING, np.int32)
    for row, text in zip(rows, texts, strict=True):
        row[: len(text)] = [numbers.get(letter, UNKNOWN) for letter in text]
    return rows


def equal_neighbours(text: str) -> int:
    """Return how often a letter follows itself: CTC needs a step between the two."""
    return sum(one == other for one, other in zip(text, text[1:], strict=False))


def right_to_left(letters: Iterable[str]) -> list[str]:
    """Return the letters of scripts that run from right to left, as people call them."""
    return [called(letter) for letter in letters if unicodedata.bidirectional(letter) in ("R", "AL")]


def letter_counts(texts: Iterable[str]) -> dict[str, int]:
    """Return how often each letter stands in texts, by what people call it, the most frequent first."""
    counts = Counter(letter for text in texts for letter in text)
    return {called(letter): count for letter, count in counts.most_common()}


def called(letter: str) -> str:
    """Return a letter with its code point and name, such as `s U+0073 LATIN SMALL LETTER S`."""
    kind = unicodedata.category(letter)
    name = unicodedata.name(letter, "private use" if kind == "Co" else "without a name")
    # A mark needs something to stand on, and what steers a terminal is better named only.
    shown = "\u25cc" + letter if unicodedata.combining(letter) else "" if kind in ("Cc", "Cf") else letter
    return f"{shown} U+{ord(letter):04X} {name}"
