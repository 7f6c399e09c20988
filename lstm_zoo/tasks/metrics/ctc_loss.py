"""Connectionist temporal classification (Graves, Fernandez, Gomez & Schmidhuber, ICML 2006), as a Keras loss."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def ctc_loss(letters: Any, logits: Any) -> Any:
    """Return the negative log probability of each text, (B,), over its number of letters in the batch's mean.

    Divided by the mean number of letters of a batch, the loss is that of a letter, whatever lines are long.

    Args:
        letters: Texts as numbers below K, (B, L) int; what is below 0 is left out.
        logits: Of K letters and the blank, the last one, (B, S, K + 1). All S steps count: networks answer with the
            blank beyond the end of a line.
    """
    letters = ops.cast(letters, "int32")  # Keras hands over floats
    counts = ops.sum(ops.cast(letters >= 0, "int32"), axis=1)  # (B,)
    loss = _of_kernel(letters, logits) if keras.backend.backend() == "tensorflow" else _of_keras(letters, logits)
    empty = -ops.sum(ops.log_softmax(logits, axis=-1)[..., -1], axis=1)  # all steps blank
    loss = ops.where(counts == 0, empty, loss)
    return loss / ops.maximum(ops.mean(ops.cast(counts, loss.dtype)), 1.0)


def _of_kernel(letters: Any, logits: Any) -> Any:
    """Return the loss by TensorFlow's kernel; Keras' own, of dense rows, takes 18 to 27 times as long."""
    import tensorflow as tf

    there = letters >= 0
    none = ~tf.reduce_any(there, axis=1, keepdims=True)
    first = tf.one_hot(0, tf.shape(letters)[1], on_value=True, off_value=False, dtype=tf.bool)
    there |= none & first  # the kernel refuses a text without letters; its loss is replaced above
    places = tf.where(there)
    values = tf.maximum(tf.gather_nd(letters, places), 0)
    # Numbers of places within their text, where letters were left out.
    order = tf.cumsum(tf.cast(there, tf.int64), axis=1) - 1
    indices = tf.stack([places[:, 0], tf.gather_nd(order, places)], axis=1)
    sparse = tf.SparseTensor(indices, values, tf.cast(tf.shape(letters), tf.int64))
    steps = tf.fill([tf.shape(logits)[0]], tf.shape(logits)[1])
    return tf.compat.v1.nn.ctc_loss(
        sparse, tf.transpose(logits, [1, 0, 2]), steps, ignore_longer_outputs_than_inputs=True
    )


def _of_keras(letters: Any, logits: Any) -> Any:
    order = ops.argsort(ops.cast(letters < 0, "int32"), axis=1)  # letters that are left out go to the end
    packed = ops.maximum(ops.take_along_axis(letters, order, axis=1), 0)
    counts = ops.sum(ops.cast(letters >= 0, "int32"), axis=1)
    steps = ops.full((ops.shape(logits)[0],), ops.shape(logits)[1], "int32")
    return ops.ctc_loss(packed, logits, counts, steps, mask_index=logits.shape[-1] - 1)
