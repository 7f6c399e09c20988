"""Errors of letters while a network is trained, as a Keras metric."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ...contracts.text import PADDING


class LetterErrors(keras.metrics.Metric):
    """Edits that greedy answers need to become the texts, over the letters of the texts."""

    def __init__(self, name: str = "cer", **kwargs):
        super().__init__(name=name, **kwargs)
        self.edits = self.add_weight(name="edits", initializer="zeros")
        self.letters = self.add_weight(name="letters", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add texts (B, L), -1 behind their ends, and logits (B, S, K + 1)."""
        best, texts = ops.cast(ops.argmax(y_pred, axis=-1), "int32"), ops.cast(y_true, "int32")
        new = ops.concatenate([ops.ones_like(best[:, :1], "bool"), best[:, 1:] != best[:, :-1]], axis=1)
        read, there = new & (best != y_pred.shape[-1] - 1), texts != PADDING
        edits = edits_of_kernel if keras.backend.backend() == "tensorflow" else edits_of_rows
        self.edits.assign_add(ops.cast(ops.sum(edits(best, read, texts, there)), "float32"))
        self.letters.assign_add(ops.cast(ops.sum(ops.cast(there, "int32")), "float32"))

    def result(self):
        """Return the share so far."""
        return self.edits / ops.maximum(self.letters, 1.0)


def edits_of_kernel(answers: Any, read: Any, texts: Any, there: Any) -> Any:
    """Return the edits between answers (B, S), as far as `read`, and texts (B, L), as far as `there`: (B,) float32."""
    import tensorflow as tf

    rows = (tf.ragged.boolean_mask(*row).to_sparse() for row in ((answers, read), (texts, there)))
    return tf.edit_distance(*rows, normalize=False)


def edits_of_rows(answers: Any, read: Any, texts: Any, there: Any) -> Any:
    """Return the same as `edits_of_kernel` on any backend, (B,) int32: Wagner and Fischer (1974), a row at a time.

    Within a row, only insertions look at the row itself, and the cheapest of them are a running minimum.
    """
    answers, texts = _packed(answers, read), _packed(texts, there)
    place = ops.arange(answers.shape[1] + 1, dtype="int32")  # (S + 1,)

    def next_row(row: Any, letter: Any) -> tuple[Any, None]:
        letter, counts = letter  # (B,) both
        replaced = row[:, :-1] + ops.cast(answers != letter[:, None], "int32")
        cheapest = ops.concatenate([row[:, :1] + 1, ops.minimum(row[:, 1:] + 1, replaced)], axis=1)
        inserted = place + ops.associative_scan(ops.minimum, cheapest - place, axis=1)
        return ops.where(counts[:, None], inserted, row), None

    first = ops.broadcast_to(place, (ops.shape(answers)[0], len(place)))
    counts = ops.arange(texts.shape[1]) < ops.sum(ops.cast(there, "int32"), axis=1, keepdims=True)
    last, _ = ops.scan(next_row, first, (ops.transpose(texts), ops.transpose(counts)))
    return ops.take_along_axis(last, ops.sum(ops.cast(read, "int32"), axis=1, keepdims=True), axis=1)[:, 0]


def _packed(numbers: Any, kept: Any) -> Any:
    """Return rows with what is kept in front."""
    return ops.take_along_axis(numbers, ops.argsort(ops.cast(~kept, "int32"), axis=1), axis=1)
