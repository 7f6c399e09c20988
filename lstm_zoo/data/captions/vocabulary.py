"""Words and their numbers: the vocabulary of the training captions, and captions as rows of numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from ...contracts.words import END, PADDING, SPECIAL, UNKNOWN, Split, words_in


def build_vocabulary(captions: Iterable[str], min_count: int, split: Split = "blanks") -> tuple[str, ...]:
    """Return the special words, then the captions' own, the most frequent first.

    Args:
        captions: The training captions.
        min_count: Words that are seen less often are left out.
        split: How captions are cut into words.
    """
    counts = Counter(word for caption in captions for word in words_in(caption, split))
    kept = [(-count, word) for word, count in counts.items() if count >= min_count]
    return (*SPECIAL, *(word for _, word in sorted(kept)))


def number_words(
    captions: Sequence[str], vocabulary: Sequence[str], max_words: int, split: Split = "blanks"
) -> np.ndarray:
    """Return captions as numbers: the words, `END` where there is room for it, then `PADDING`; (captions, T) int32."""
    numbers = {word: number for number, word in enumerate(vocabulary)}
    rows = np.full((len(captions), max_words), PADDING, np.int32)
    for row, caption in zip(rows, captions, strict=True):
        words = [*(numbers.get(word, UNKNOWN) for word in words_in(caption, split)), END][:max_words]
        row[: len(words)] = words
    return rows
