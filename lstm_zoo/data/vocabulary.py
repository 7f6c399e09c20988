"""Words and their numbers: the vocabulary of the training captions, and captions as rows of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import keras
import numpy as np
import tensorflow as tf

from ..words import END, PADDING, SPECIAL


def build_vocabulary(captions: Iterable[str], min_count: int) -> tuple[str, ...]:
    """Return the special words, then the captions' own, the most frequent first.

    Args:
        captions: The training captions.
        min_count: Words that are seen less often are left out.
    """
    captions = [caption for caption in captions if any(map(str.isalnum, caption))]  # the layer wants one word at least
    if not captions:
        return SPECIAL
    layer = keras.layers.TextVectorization(ragged=True)  # lower case, without punctuation
    layer.adapt(captions)
    words = layer.get_vocabulary()
    counts = np.bincount(layer(captions).flat_values, minlength=len(words))
    kept = [(-count, word) for word, count in zip(words, counts.tolist(), strict=True) if count >= min_count]
    return (*SPECIAL, *(str(word) for _, word in sorted(kept)))


def number_words(captions: Sequence[str], vocabulary: Sequence[str], max_words: int) -> np.ndarray:
    """Return captions as numbers: the words, `END` where there is room for it, then `PADDING`; (captions, T) int32."""
    layer = keras.layers.TextVectorization(vocabulary=list(vocabulary[2:]), ragged=True)  # it adds the first two
    numbers = layer(list(captions))
    ends = tf.fill([numbers.nrows(), 1], tf.constant(END, numbers.dtype))
    return tf.concat([numbers, ends], axis=1).to_tensor(PADDING, shape=[None, max_words]).numpy().astype(np.int32)
