"""Errors of letters while a network is trained, as a Keras metric."""

from __future__ import annotations

import keras
from keras import ops

from ...contracts.text import PADDING


class LetterErrors(keras.metrics.Metric):
    """Edits that greedy answers need to become the texts, over the letters of the texts; TensorFlow alone has it."""

    def __init__(self, name: str = "cer", **kwargs):
        super().__init__(name=name, **kwargs)
        self.edits = self.add_weight(name="edits", initializer="zeros")
        self.letters = self.add_weight(name="letters", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add texts (B, L), -1 behind their ends, and logits (B, S, K + 1)."""
        import tensorflow as tf

        best = tf.argmax(y_pred, axis=-1, output_type=tf.int32)  # (B, S)
        new = tf.concat([tf.ones_like(best[:, :1], tf.bool), best[:, 1:] != best[:, :-1]], axis=1)
        answers = tf.ragged.boolean_mask(best, new & (best != y_pred.shape[-1] - 1))
        texts = tf.ragged.boolean_mask(tf.cast(y_true, tf.int32), y_true != PADDING)
        edits = tf.edit_distance(answers.to_sparse(), texts.to_sparse(), normalize=False)
        self.edits.assign_add(ops.sum(edits))
        self.letters.assign_add(ops.cast(ops.sum(texts.row_lengths()), "float32"))

    def result(self):
        """Return the share so far."""
        return self.edits / ops.maximum(self.letters, 1.0)
