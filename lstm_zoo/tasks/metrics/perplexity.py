"""Perplexity, as a Keras metric."""

from __future__ import annotations

import keras
from keras import ops

from ...contracts.words import PADDING


class Perplexity(keras.metrics.Metric):
    """`exp` of the mean negative log probability of a word, padding left out; by teacher forcing.

    A network that gave all V words the same probability would have V.
    """

    def __init__(self, name: str = "perplexity", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_weight(name="total", initializer="zeros")
        self.words = self.add_weight(name="words", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add captions (..., T) and scores (..., T, V)."""
        counted = ops.cast(y_true != PADDING, "float32")
        lost = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        self.total.assign_add(ops.sum(lost * counted))
        self.words.assign_add(ops.sum(counted))

    def result(self):
        """Return the perplexity so far."""
        return ops.exp(self.total / ops.maximum(self.words, 1.0))
