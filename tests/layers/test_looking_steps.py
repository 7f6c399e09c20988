"""The hand-written gradient of the decoder that looks at regions, against the one that TensorFlow derives."""

import numpy as np
import pytest
import tensorflow as tf

from lstm_zoo.layers import ShowAttendTellDecoder


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_the_gradient_in_training_is_that_of_the_steps(policy, monkeypatch):
    random = np.random.default_rng(0)
    features = tf.constant(random.normal(size=(3, 4, 8)), tf.float32)
    captions = tf.constant(random.integers(2, 30, (3, 2, 6)), tf.int32)
    decoder = ShowAttendTellDecoder(30, 6, 7, attention_units=5, dropout=0.0, dtype=policy)
    decoder(features, captions)
    by_hand = results(decoder, features, captions)
    monkeypatch.setattr(ShowAttendTellDecoder, "_trained_steps", ShowAttendTellDecoder._steps)
    for one, other in zip(by_hand, results(decoder, features, captions), strict=True):
        np.testing.assert_allclose(one, other, atol=(1e-5 if policy == "float32" else 0.05) * np.abs(other).max())


def results(decoder, features, captions):
    """Return loss, penalty too, and its gradients by features and weights."""

    @tf.function(autograph=False)
    def compute(features):
        with tf.GradientTape() as tape:
            tape.watch(features)
            scores = decoder(features, captions, training=True)
            loss = tf.reduce_mean(scores * scores) + tf.add_n(decoder.losses)
        sources = [features, *(weight.value for weight in decoder.trainable_variables)]
        return [loss, *map(tf.convert_to_tensor, tape.gradient(loss, sources))]

    return [one.numpy() for one in compute(features)]
