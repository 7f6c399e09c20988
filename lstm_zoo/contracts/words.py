"""The special words of captions and their numbers, as data, layers and tasks agree on them."""

from __future__ import annotations

from collections.abc import Sequence

PADDING, UNKNOWN, START, END = range(4)
SPECIAL = ("", "[UNK]", "[start]", "[end]")
"""The first words of every vocabulary; captions hold none of them."""
UNWRITTEN = (PADDING, UNKNOWN, START)
"""Words that a network never writes."""


def words_of(numbers: Sequence[int], vocabulary: Sequence[str]) -> list[str]:
    """Return the words of one caption, without its end."""
    return [vocabulary[number] for number in numbers if number not in (PADDING, END)]
