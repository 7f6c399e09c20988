"""Words and their numbers: the vocabulary of the training captions, and captions as rows of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import keras
import numpy as np

from ...contracts.words import END, PADDING, SPECIAL


def build_vocabulary(captions: Iterable[str], min_count: int) -> tuple[str, ...]:
    """Return the special words, then the captions' own, the most frequent first.

    Args:
        captions: The training captions.
        min_count: Words that are seen less often are left out.
    """
    captions = [caption for caption in captions if any(map(str.isalnum, caption))]  # the layer wants one word at least
    if not captions:
        return SPECIAL
    layer = keras.layers.TextVectorization()  # lower case, without punctuation
    layer.adapt(captions)
    words = layer.get_vocabulary()
    counts = np.bincount(np.asarray(layer(captions)).ravel(), minlength=len(words))
    counts[PADDING] = 0  # it only fills rows
    kept = [(-count, word) for word, count in zip(words, counts.tolist(), strict=True) if count >= min_count]
    return (*SPECIAL, *(str(word) for _, word in sorted(kept)))


def number_words(captions: Sequence[str], vocabulary: Sequence[str], max_words: int) -> np.ndarray:
    """Return captions as numbers: the words, `END` where there is room for it, then `PADDING`; (captions, T) int32."""
    layer = keras.layers.TextVectorization(vocabulary=list(vocabulary[2:]))  # it adds the first two
    rows = np.asarray(layer(list(captions)))  # as long as the longest
    numbers = np.full((len(captions), max_words), PADDING, np.int32)
    length = min(max_words, rows.shape[1])
    numbers[:, :length] = rows[:, :length]
    lengths = (rows != PADDING).sum(axis=1)
    ended = np.flatnonzero(lengths < max_words)
    numbers[ended, lengths[ended]] = END
    return numbers
