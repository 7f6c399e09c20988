"""The ConvLSTM against Keras' own, and all convolutional LSTMs against plain loops in NumPy and on JAX."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import run_on_jax

from lstm_zoo.layers import STLSTM, ConvLSTM2D
from lstm_zoo.layers.recurrent.implementation import helps_xla, implementation

RANDOM = np.random.default_rng(0)
OPTIONS = {
    "encoder": {"kernel_size": 3, "padding": "same", "return_sequences": True, "return_state": True},
    "one answer": {"kernel_size": (1, 3), "padding": "same", "use_bias": False},
    "strides": {"kernel_size": 3, "strides": 2, "go_backwards": True, "return_sequences": True},
    "activations": {"kernel_size": 2, "activation": "relu", "recurrent_activation": "hard_sigmoid", "dilation_rate": 2},
}


def normal(*shape):
    return RANDOM.normal(size=shape).astype("float32")


def twins(shape, weights=None, **options):
    """Return our layer and Keras' with the same random weights."""
    pair = ConvLSTM2D(3, **options), keras.layers.ConvLSTM2D(3, **options)
    for layer in pair:
        layer.build(shape)
        weights = weights or [normal(*weight.shape) * 0.4 for weight in layer.weights]
        layer.set_weights(weights)
    return pair


def results(layer, x, states):
    """Return outputs and gradients of a loss that sees all of them."""
    with tf.GradientTape() as tape:
        inputs = [tf.constant(one) for one in (x, *states)]
        tape.watch(inputs)
        outputs = tf.nest.flatten(layer(inputs[0], initial_state=inputs[1:] or None))
        loss = sum(tf.reduce_sum(tf.sin(3 * one)) for one in outputs)
    return [*outputs, *tape.gradient(loss, [*inputs, *(weight.value for weight in layer.trainable_variables)])]


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_outputs_and_gradients_equal_keras(options):
    x = normal(2, 4, 7, 6, 2)
    ours, theirs = twins(x.shape, **options)
    assert [one.path.split("/", 1)[1] for one in ours.weights] == [one.path.split("/", 1)[1] for one in theirs.weights]
    sides = theirs.compute_output_shape(x.shape)
    sides = (sides[0] if options.get("return_state") else sides)[-3:-1]
    for states in ([], [normal(2, *sides, 3), normal(2, *sides, 3)]):
        for one, other in zip(results(ours, x, states), results(theirs, x, states), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-5)


def convolved(picture, kernel):
    """Return a picture (H, W, D) under a kernel (k, k, D, n), zeros around."""
    reach, (height, width, _) = kernel.shape[0] // 2, picture.shape
    padded = np.pad(picture, [(reach, reach), (reach, reach), (0, 0)])
    places = np.ndindex(*kernel.shape[:2])
    return sum(padded[row : row + height, column : column + width] @ kernel[row, column] for row, column in places)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_outputs_are_the_paper_s():
    x = normal(1, 3, 5, 4, 2)
    layer, _ = twins(x.shape, kernel_size=3, padding="same", return_sequences=True)
    kernel, recurrent, bias = layer.get_weights()
    h = c = np.zeros((5, 4, 3))
    for time, shown in enumerate(np.asarray(layer(x)[0])):
        i, f, g, o = np.split(convolved(x[0, time], kernel) + convolved(h, recurrent) + bias, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        np.testing.assert_allclose(shown, h, atol=1e-5)


def test_masks_and_lengths_that_are_not_known_are_left_to_keras():
    x, mask = normal(2, 4, 5, 4, 2), np.array([[1, 1, 0, 1], [1, 0, 0, 0]], bool)
    ours, theirs = twins(x.shape, kernel_size=3, return_sequences=True)
    np.testing.assert_array_equal(ours(x, mask=mask), theirs(x, mask=mask))
    longer = ConvLSTM2D(3, 3)
    longer.build((None, None, 5, 4, 2))
    longer.set_weights(ours.get_weights())
    np.testing.assert_allclose(longer(x), ours(x)[:, -1], atol=1e-6)
    assert implementation(ours).kind == "unrolled"
    assert implementation(longer) == ("Keras' loop", f"{longer.slow_because()}; no cuDNN kernel for this kind of cell")


def network(layer, shape=(3, 6, 6, 2)):
    clip = keras.Input(shape, name="clip")
    return keras.Model({"clip": clip}, {"shown": layer(3, 3, padding="same", name="conv_lstm")(clip)})


def test_no_xla_on_a_cpu_unless_keras_own_layer_is_taken():
    for layer, supported in ((ConvLSTM2D, False), (keras.layers.ConvLSTM2D, True)):
        model = network(layer)
        assert not helps_xla(model) and model.get_layer("conv_lstm").supports_jit == supported


def test_a_network_is_saved_and_takes_keras_weights(tmp_path):
    ours, theirs, x = network(ConvLSTM2D), network(keras.layers.ConvLSTM2D), {"clip": normal(2, 3, 6, 6, 2)}
    theirs.save_weights(tmp_path / "x.weights.h5")
    ours.load_weights(tmp_path / "x.weights.h5")
    ours.save(tmp_path / "x.keras")
    again = keras.saving.load_model(tmp_path / "x.keras")
    np.testing.assert_array_equal(again(x)["shown"], ours(x)["shown"])
    np.testing.assert_allclose(ours(x)["shown"], theirs(x)["shown"], atol=1e-6)


def test_mixed_precision_stays_near_keras():
    x = normal(2, 3, 6, 6, 2)
    ours, theirs = twins(x.shape, kernel_size=3, dtype="mixed_bfloat16")
    assert ours(x).dtype == theirs(x).dtype == "bfloat16"
    np.testing.assert_allclose(*(np.asarray(layer(x), "float32") for layer in (ours, theirs)), atol=2e-2)


def randomised(layer, *shape):
    layer.build(shape)
    layer.set_weights([normal(*weight.shape) * 0.3 for weight in layer.weights])
    return layer


def test_spatiotemporal_steps_are_the_paper_s():
    layer = randomised(STLSTM(3, 3), 2, 5, 4, 2)
    kernel, by_h, by_m, by_memories, mixing, bias = layer.get_weights()
    x, h, c, m = normal(2, 5, 4, 2), *(normal(2, 5, 4, 3) for _ in range(3))
    found = [np.asarray(one) for one in layer(x, h, c, m)]
    for row in range(2):
        from_x = np.split(convolved(x[row], kernel) + bias, 7, axis=-1)
        from_h = np.split(convolved(h[row], by_h), 4, axis=-1)
        from_m = np.split(convolved(m[row], by_m), 3, axis=-1)
        g, i, f = (one + other for one, other in zip(from_x[:3], from_h[:3], strict=True))
        c_after = sigmoid(f) * c[row] + sigmoid(i) * np.tanh(g)
        g, i, f = (one + other for one, other in zip(from_x[3:6], from_m, strict=True))
        m_after = sigmoid(f) * m[row] + sigmoid(i) * np.tanh(g)
        both = np.concatenate([c_after, m_after], axis=-1)
        o = sigmoid(from_x[6] + from_h[3] + convolved(both, by_memories))
        h_after = o * np.tanh(both @ mixing[0, 0])
        for one, expected in zip(found, (h_after, c_after, m_after), strict=True):
            np.testing.assert_allclose(one[row], expected, atol=1e-5)


def test_spatiotemporal_forget_gates_start_open_and_even_windows_are_refused():
    layer = STLSTM(2)
    layer.build((None, 4, 4, 1))
    np.testing.assert_array_equal(layer.bias, [0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0])
    with pytest.raises(ValueError, match="kernel_size: got 4, expected an odd number"):
        STLSTM(2, 4)


JAX = """
import jax, numpy as np
from lstm_zoo.layers import STLSTM, ConvLSTM2D

saved = np.load("tensorflow.npz")
found = []
for layer in (ConvLSTM2D(3, 3, padding="same", return_sequences=True), STLSTM(3, 3)):
    name = type(layer).__name__
    of = lambda kind: [saved[one] for one in saved if one.startswith(f"{name}_{kind}")]
    inputs, weights = of("input"), of("weight")
    layer.build(inputs[0].shape)

    def loss(weights, inputs):
        outputs = layer.stateless_call(weights, layer.non_trainable_variables, *inputs)[0]
        return sum((one**2).sum() for one in jax.tree.leaves(outputs))

    found += jax.tree.leaves(jax.jit(jax.grad(loss, argnums=(0, 1)))(weights, inputs))
np.savez("jax.npz", *found)
"""


def test_gradients_are_equal_on_jax(tmp_path):
    clip = normal(2, 2, 4, 4, 2)
    steps = [normal(2, 4, 4, 2), *(normal(2, 4, 4, 3) for _ in range(3))]
    layers = {
        randomised(ConvLSTM2D(3, 3, padding="same", return_sequences=True), *clip.shape): [clip],
        randomised(STLSTM(3, 3), *steps[0].shape): steps,
    }
    saved, expected = {}, []
    for layer, arrays in layers.items():
        for kind, values in (("input", arrays), ("weight", layer.get_weights())):
            saved |= {f"{type(layer).__name__}_{kind}_{number}": one for number, one in enumerate(values)}
        inputs = [tf.constant(one) for one in arrays]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = sum(tf.reduce_sum(one**2) for one in tf.nest.flatten(layer(*inputs)))
        expected += tape.gradient(loss, [*(weight.value for weight in layer.trainable_variables), *inputs])
    np.savez(tmp_path / "tensorflow.npz", **saved)
    run_on_jax(JAX, cwd=tmp_path)
    for one, other in zip(np.load(tmp_path / "jax.npz").values(), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-4)
