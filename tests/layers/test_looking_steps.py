"""The hand-written gradient of the decoder that looks at regions, against the one that TensorFlow derives."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import run_on_jax

from lstm_zoo.contracts.words import END, PADDING
from lstm_zoo.layers import ShowAttendTellDecoder


@pytest.mark.parametrize("policy", ["float64", "mixed_bfloat16"])
def test_the_gradient_in_training_is_that_of_the_steps(policy, monkeypatch):
    random = np.random.default_rng(0)
    features = tf.constant(random.normal(size=(3, 4, 8)), policy if policy == "float64" else "float32")
    captions = random.integers(END, 30, (3, 2, 6))
    captions[0, 1, 3:] = captions[2, 0] = PADDING
    captions = tf.constant(captions, tf.int32)
    decoder = ShowAttendTellDecoder(30, 6, 7, attention_units=5, dropout=0.0, dtype=policy)
    decoder(features, captions)
    by_hand = results(decoder, features, captions, compiled=2)  # a step, and one backwards
    monkeypatch.setattr(ShowAttendTellDecoder, "_trained_steps", ShowAttendTellDecoder._steps)
    derived = results(decoder, features, captions, compiled=0)
    largest = max(np.abs(one).max() for one in derived[1:])
    for one, other in zip(by_hand, derived, strict=True):
        # Terms of a small gradient cancel: of rounding to 8 bits more may be left than of the gradient.
        tolerance = 1e-12 * np.abs(other).max() if policy == "float64" else 0.05 * largest
        np.testing.assert_allclose(one, other, atol=tolerance)


def results(decoder, features, captions, compiled):
    """Return loss, penalty too, and its gradients by features and weights."""

    @tf.function(autograph=False)
    def compute(features):
        with tf.GradientTape() as tape:
            tape.watch(features)
            scores = decoder(features, captions, training=True)
            loss = tf.reduce_mean(scores * scores) + tf.add_n(decoder.losses)
        sources = [features, *(weight.value for weight in decoder.trainable_variables)]
        return [loss, *map(tf.convert_to_tensor, tape.gradient(loss, sources))]

    functions = compute.get_concrete_function(features).graph.as_graph_def().library.function
    pieces = {one.signature.name.rstrip("0123456789_") for one in functions if one.attr["_XlaMustCompile"].b}
    assert len({one for one in pieces if "step_back" in one or "forward" in one}) == compiled, pieces
    return [one.numpy() for one in compute(features)]


JAX = """
import jax, numpy as np
from lstm_zoo.layers import ShowAttendTellDecoder

random = np.random.default_rng(0)
features, captions = random.normal(size=(3, 4, 8)).astype("float32"), random.integers(4, 30, (3, 2, 6))
for policy, tolerance in (("float32", 1e-5), ("mixed_bfloat16", 0.05)):
    decoder = ShowAttendTellDecoder(30, 6, 7, attention_units=5, dropout=0.0, dtype=policy)
    decoder(features, captions)
    decoder.penalty = 0.0  # which training alone has
    rest = [one.value for one in decoder.non_trainable_variables]

    def loss(weights, training):
        return (decoder.stateless_call(weights, rest, features, captions, training=training)[0] ** 2).mean()

    weights = [one.value for one in decoder.trainable_variables]
    by_hand, derived = (jax.jit(jax.grad(lambda now: loss(now, training)))(weights) for training in (True, False))
    largest = max(float(abs(one).max()) for one in derived)
    for one, other in zip(by_hand, derived, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * largest)
"""


def test_the_gradient_in_training_is_that_of_the_steps_on_jax():
    run_on_jax(JAX)
