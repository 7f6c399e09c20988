"""The fast LSTM against Keras' own, outputs and gradients, over random shapes, masks and options."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_zoo.layers.lstm import LSTM

OPTIONS = {
    "plain": {},
    "sequences": {"return_sequences": True},
    "backwards": {"go_backwards": True, "return_sequences": True},
    "no bias, no forget bias": {"use_bias": False, "unit_forget_bias": False},
    "zero output": {"zero_output_for_mask": True, "return_sequences": True},
}


def results(layer, x, mask, weights, state):
    """Return outputs, states and all gradients of a loss that sees both."""
    layer.build(x.shape)
    layer.set_weights(weights[: len(layer.weights)])

    @tf.function
    def compute(x, h, c):
        with tf.GradientTape() as tape:
            tape.watch([x, h, c])
            outputs, *states = layer(x, mask=mask, initial_state=[h, c])
            factors = tf.range(1, tf.size(outputs) + 1, dtype=tf.float32) / tf.cast(tf.size(outputs), tf.float32)
            loss = tf.reduce_sum(tf.reshape(outputs, [-1]) * factors) + sum(tf.reduce_sum(s * s) for s in states)
        trained = [variable.value for variable in layer.trainable_variables]
        return [outputs, *states], tape.gradient(loss, [x, h, c, *trained])

    forward, gradients = compute(*map(tf.constant, (x, *state)))
    return [np.asarray(one) for one in [*forward, *gradients]]


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shape", [(3, 4, 4, 6), (2, 30, 3, 5)], ids=["unrolled", "scanned"])
def test_outputs_and_gradients_equal_keras(shape, masked, options):
    batch, steps, width, units = shape
    random = np.random.default_rng([*shape, masked])
    x = random.normal(size=(batch, steps, width)).astype("float32")
    state = random.normal(size=(2, batch, units)).astype("float32")
    weights = [
        random.normal(size=s).astype("float32") * 0.5 for s in ((width, 4 * units), (units, 4 * units), (4 * units,))
    ]
    mask = tf.constant(random.random((batch, steps)) > 0.3) if masked else None
    ours, theirs = (
        results(kind(units, return_state=True, **options), x, mask, weights, state)
        for kind in (LSTM, keras.layers.LSTM)
    )
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-4)


def test_dropout_falls_on_the_same_inputs():
    x = np.random.default_rng(0).normal(size=(4, 6, 5)).astype("float32")
    outputs = []
    for kind in (LSTM, keras.layers.LSTM):
        keras.utils.set_random_seed(1)
        layer = kind(3, dropout=0.5, seed=7)
        outputs.append(np.asarray(layer(x, training=True)))
    np.testing.assert_allclose(*outputs, atol=1e-6)


def test_bidirectional_networks_save_load_and_take_keras_weights(tmp_path):
    def network(kind):
        inputs = keras.Input((None, 4))
        x = keras.layers.Masking()(inputs)
        x = keras.layers.Bidirectional(kind(5, return_sequences=True))(x)
        return keras.Model(inputs, kind(3)(x))

    ours, theirs = network(LSTM), network(keras.layers.LSTM)
    theirs.save_weights(tmp_path / "keras.weights.h5")
    ours.set_weights(theirs.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 7, 4)).astype("float32")
    x[1, 4:] = 0
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=1e-6)
    ours.save(tmp_path / "ours.keras")
    again = keras.saving.load_model(tmp_path / "ours.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), ours.predict(x, verbose=0), atol=1e-6)


JAX = """
import jax, jax.numpy as jnp, keras, numpy as np
from lstm_zoo.layers import LSTM

random = np.random.default_rng(0)
for batch, steps, width, units in ((3, 4, 4, 6), (2, 30, 3, 5)):
    for masked in (False, True):
        for options in ({}, {"return_sequences": True, "go_backwards": True}, {"use_bias": False}):
            x = jnp.array(random.normal(size=(batch, steps, width)), "float32")
            state = [jnp.array(random.normal(size=(batch, units)), "float32") for _ in range(2)]
            shapes = (width, 4 * units), (units, 4 * units), (4 * units,)
            weights = [random.normal(size=shape).astype("float32") * 0.5 for shape in shapes]
            mask = jnp.array(random.random((batch, steps)) > 0.3) if masked else None
            results = []
            for kind in (LSTM, keras.layers.LSTM):
                layer = kind(units, return_state=True, **options)
                layer.build(x.shape)
                layer.set_weights(weights[: len(layer.weights)])

                def loss(trained, x, h, c):
                    rest = [variable.value for variable in layer.non_trainable_variables]
                    (y, *states), _ = layer.stateless_call(trained, rest, x, mask=mask, initial_state=[h, c])
                    factors = jnp.arange(1, y.size + 1) / y.size
                    return (y.reshape(-1) * factors).sum() + sum((s * s).sum() for s in states), (y, states)

                gradient = jax.jit(jax.grad(loss, argnums=(0, 1, 2, 3), has_aux=True))
                trained = [variable.value for variable in layer.trainable_variables]
                results.append(jax.tree.leaves(gradient(trained, x, *state)))
            for one, other in zip(*results, strict=True):
                np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-4)
print("equal")
"""


def test_outputs_and_gradients_equal_keras_on_jax():
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run([sys.executable, "-c", JAX], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == "equal", done.stderr[-2000:]


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_stays_near_keras(precision):
    x = np.random.default_rng(0).normal(size=(4, 6, 5)).astype("float32")
    ours, theirs = (kind(8, dtype=precision, return_sequences=True) for kind in (LSTM, keras.layers.LSTM))
    for layer in (theirs, ours):
        layer.build(x.shape)
    ours.set_weights(theirs.get_weights())
    one, other = ours(x), theirs(x)
    assert one.dtype == other.dtype
    np.testing.assert_allclose(np.asarray(one, "float32"), np.asarray(other, "float32"), atol=2e-2)
