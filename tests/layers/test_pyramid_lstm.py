"""PyraMiD-LSTM against Keras' ConvLSTM and a plain loop in NumPy, and the network that is made of it."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import run_on_jax

from lstm_zoo.contracts import LabelMap, Spec, Tensor
from lstm_zoo.layers.spatial.pyramid_lstm import PyraMiDLSTM
from lstm_zoo.models.pyramid_lstm import PyramidLstm


def spec_of(name, shape, *classes):
    return Spec(inputs={name: Tensor(shape=shape)}, target=LabelMap(names=classes))


IMAGE = spec_of("image", (5, 4, 3), "a", "b")
VOLUME = spec_of("volume", (3, 5, 4, 1), "a", "b", "c")
TINY = PyramidLstm(units=(3, 2), dense=(4,), kernel_size=3)


def randomised(units, kernel_size, x, **options):
    """Return a layer with larger random weights."""
    layer = PyraMiDLSTM(units, kernel_size, **options)
    layer.build(x.shape)
    random = np.random.default_rng(0)
    layer.set_weights([random.normal(0, 0.5, weight.shape) for weight in layer.weights])
    return layer


def inputs_of(*shape):
    return np.random.default_rng(shape).normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def convolution(plane, kernel):
    """Return a plane (B, *plane, D) under a kernel (*k, D, n), zeros around, offset by offset."""
    sizes, reach = plane.shape[1:-1], kernel.shape[0] // 2
    padded = np.pad(plane, [(0, 0), *[(reach, reach)] * len(sizes), (0, 0)])
    total = 0.0
    for offset in np.ndindex(*kernel.shape[:-2]):
        window = tuple(slice(first, first + size) for first, size in zip(offset, sizes, strict=True))
        total = total + padded[(slice(None), *window)] @ kernel[offset]
    return total


def plain(x, weights):
    """Return the layer's outputs from the paper's equations, one plane after the other."""
    x, weights = x.astype("float64"), [weight.astype("float64") for weight in weights]
    total = 0.0
    for axis, backwards in itertools.product(range(1, x.ndim - 1), (False, True)):
        first = 3 * (2 * (axis - 1) + backwards)
        kernel, recurrent_kernel, bias = weights[first : first + 3]
        planes = np.moveaxis(x, axis, 0)
        planes = planes[::-1] if backwards else planes
        h = c = np.zeros((*planes.shape[1:-1], bias.size // 4))
        outputs = []
        for plane in planes:
            z = convolution(plane, kernel) + convolution(h, recurrent_kernel) + bias
            i, f, g, o = np.split(z, 4, axis=-1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            outputs.append(h)
        outputs = outputs[::-1] if backwards else outputs
        total = total + np.moveaxis(np.stack(outputs), 0, axis)
    return total


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("shape", [(2, 5, 4, 3), (2, 3, 5, 4, 2)], ids=["image", "volume"])
def test_one_sweep_is_keras_conv_lstm(shape, backwards):
    x = inputs_of(*shape)
    kind = keras.layers.ConvLSTM1D if x.ndim == 4 else keras.layers.ConvLSTM2D
    other = kind(4, 3, padding="same", recurrent_activation="sigmoid", return_sequences=True, go_backwards=backwards)
    layer = randomised(4, 3, x)
    for number, sweep in enumerate(np.split(np.arange(len(layer.weights)), len(layer.weights) // 3)):
        if number != backwards:  # what is closed for good gives zeros
            layer.weights[sweep[0]].assign(np.zeros(layer.weights[sweep[0]].shape))
            layer.weights[sweep[2]].assign(np.zeros(16))
    other.build(x.shape)
    other.set_weights([weight.numpy() for weight in layer.weights[3 * backwards : 3 * backwards + 3]])
    theirs = other(x).numpy()
    np.testing.assert_allclose(layer(x), theirs[:, ::-1] if backwards else theirs, atol=1e-5)


def test_first_weights_are_those_of_keras_conv_lstm():
    layer, other = PyraMiDLSTM(4, 3), keras.layers.ConvLSTM2D(4, 3)
    layer.build((None, 3, 5, 4, 2)), other.build((None, 3, 5, 4, 2))
    assert len(layer.weights) == 3 * 6
    for one, theirs in zip(layer.weights, [*other.weights] * 6, strict=True):
        assert one.shape == theirs.shape
    np.testing.assert_array_equal(layer.weights[-1], other.weights[-1])
    assert layer.weights[0].name == "z_forward_kernel" and layer.weights[-1].name == "w_backward_bias"


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
@pytest.mark.parametrize("shape", [(2, 5, 3, 2), (1, 1, 4, 1), (2, 3, 5, 4, 2), (1, 4, 1, 3, 1)], ids=str)
def test_outputs_are_the_paper_s(shape, kernel_size):
    x = inputs_of(*shape)
    layer = randomised(3, kernel_size, x)
    expected = plain(x, layer.get_weights())
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(layer(x, training=True), expected, rtol=1e-5, atol=1e-5)  # without a loop
    mean = randomised(3, kernel_size, x, merge="mean")
    np.testing.assert_allclose(mean(x), expected / (2 * len(shape) - 4), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 5, 4, 3), (2, 3, 5, 4, 2)], ids=["image", "volume"])
def test_a_flipped_input_with_swapped_sweeps_gives_the_flipped_output(shape):
    x = inputs_of(*shape)
    layer = randomised(3, 3, x)
    outputs, weights = layer(x).numpy(), layer.get_weights()
    for axis in range(1, x.ndim - 1):
        at = 6 * (axis - 1)
        swapped = [*weights[:at], *weights[at + 3 : at + 6], *weights[at : at + 3], *weights[at + 6 :]]
        for across in {*range(1, x.ndim - 1)} - {axis}:  # within the planes of the other sweeps, kernels are flipped
            for sweep in (6 * (across - 1), 6 * (across - 1) + 3):
                within = [one for one in range(1, x.ndim - 1) if one != across].index(axis)
                for number in (sweep, sweep + 1):
                    swapped[number] = np.flip(swapped[number], within)
        layer.set_weights(swapped)
        np.testing.assert_allclose(layer(np.flip(x, axis).copy()), np.flip(outputs, axis), atol=1e-5)


@pytest.mark.parametrize("training", [False, True], ids=["in_a_loop", "written_out"])
@pytest.mark.parametrize("shape", [(2, 4, 3, 2), (1, 3, 4, 3, 2)], ids=["image", "volume"])
def test_gradients_are_those_of_small_changes(shape, training):
    x = inputs_of(*shape)
    layer = randomised(2, 3, x)
    weights = layer.get_weights()
    factors = np.random.default_rng(1).normal(size=(*shape[:-1], 2))

    @tf.function
    def gradients(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x, training=training) * factors)
        return tape.gradient(loss, [x, *(weight.value for weight in layer.trainable_variables)])

    found = [one.numpy() for one in gradients(tf.constant(x))]
    arrays = [one.astype("float64") for one in (x, *weights)]
    random = np.random.default_rng(2)
    for array, gradient in zip(arrays, found, strict=True):
        place = tuple(random.integers(size) for size in array.shape)
        losses = []
        for change in (1e-5, -2e-5):
            array[place] += change
            losses.append((plain(arrays[0], arrays[1:]) * factors).sum())
        array[place] += 1e-5
        np.testing.assert_allclose(gradient[place], (losses[0] - losses[1]) / 2e-5, rtol=1e-3, atol=1e-4)


def test_training_has_no_loop_up_to_32_planes():
    layer = PyraMiDLSTM(1, 1)
    layer.build((None, None, None, 1))
    for planes, training, loops in ((32, True, 0), (33, True, 2), (None, True, 2), (32, False, 2)):
        signature = tf.TensorSpec([1, planes, 2, 1])  # along the other axis 2 planes
        nodes = tf.function(layer).get_concrete_function(signature, training=training).graph.get_operations()
        assert sum("While" in node.type for node in nodes) == loops + 2 * (not training), (planes, training)


def test_sizes_need_not_be_known_and_files_load(tmp_path):
    x = inputs_of(2, 5, 4, 3)
    inputs = keras.Input((None, None, 3))
    layer = PyraMiDLSTM(3, 3, merge="mean", name="pyramid")
    model = keras.Model(inputs, layer(inputs))
    assert model.output_shape == (None, None, None, 3)
    model.compile("sgd", "mse")
    model.optimizer.build(model.trainable_variables)  # within `fit`, a second trace would follow
    model.fit(x, np.zeros_like(x), verbose=0)  # not with XLA, which cannot take the gradient
    model.save(tmp_path / "x.keras")
    again = keras.saving.load_model(tmp_path / "x.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), layer(x))


def test_sizes_of_volumes_need_not_be_known():
    x = inputs_of(2, 3, 5, 4, 2)
    layer = randomised(3, 3, x)
    unknown = tf.function(layer, input_signature=[tf.TensorSpec([None, None, None, None, 2])])
    np.testing.assert_allclose(unknown(tf.constant(x)), layer(x), atol=1e-5)


JAX = """
import jax, keras, numpy as np
from lstm_zoo.layers.spatial.pyramid_lstm import PyraMiDLSTM

saved = np.load("tensorflow.npz")
x, *weights = [saved[f"arr_{number}"] for number in range(13)]
layer = PyraMiDLSTM(3, 3)
layer.build(x.shape)
gradient = jax.jit(jax.grad(lambda weights: (layer.stateless_call(weights, [], x)[0] ** 2).sum()))
np.savez("jax.npz", *gradient(weights))
"""


def test_gradients_are_equal_on_jax(tmp_path):
    x = inputs_of(2, 5, 4, 3)
    layer = randomised(3, 3, x)
    np.savez(tmp_path / "tensorflow.npz", x, *layer.get_weights())
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x) ** 2)
    gradients = tape.gradient(loss, [weight.value for weight in layer.trainable_variables])
    run_on_jax(JAX, cwd=tmp_path)
    for one, other in zip(np.load(tmp_path / "jax.npz").values(), gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel_size": 4}, "kernel_size: got 4, expected an odd number"),
        ({"kernel_size": 3.0}, "kernel_size: got 3.0"),
        ({"merge": "max"}, "merge: got 'max', expected 'sum' or 'mean'"),
        ({"return_sequences": False}, "expected True: sweeps along different axes end with planes of different shapes"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        PyraMiDLSTM(2, **options)


@pytest.mark.parametrize("shape", [(None, 4, 3), (None, 2, 3, 4, 5, 1), (None, 4, 4, None)], ids=str)
def test_wrong_shapes_are_named(shape):
    with pytest.raises(ValueError, match="expected \\(B, H, W, D\\) or \\(B, Z, H, W, D\\)"):
        PyraMiDLSTM(2).build(shape)


@pytest.mark.parametrize("spec", [IMAGE, VOLUME], ids=["image", "volume"])
def test_the_network_scores_every_voxel(spec):
    model = TINY.build(spec)
    assert model.inputs[0].shape == (None, *spec.only_input[1].shape)
    assert model.output_shape == (None, *spec.only_input[1].shape[:-1], spec.num_classes)
    assert [layer.name for layer in model.layers[2:]] == ["pyramid_1", "dense_1", "dropout_1", "pyramid_2", "logits"]


def test_every_weight_of_the_network_is_trained():
    model = TINY.build(VOLUME)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (2, *VOLUME.only_input[1].shape), dtype=np.uint8)
    labels = random.integers(0, VOLUME.num_classes, pixels.shape[:-1])
    with tf.GradientTape() as tape:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(
            labels, model({"volume": pixels}, training=True)
        )
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_variables])
    for weight, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.abs(gradient).max() > 0, weight.path


def test_the_network_under_mixed_precision_gives_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = TINY.build(VOLUME)
    finally:
        keras.config.set_dtype_policy("float32")
    pixels = np.random.default_rng(0).integers(0, 256, (2, *VOLUME.only_input[1].shape), dtype=np.uint8)
    assert model.get_layer("pyramid_1").compute_dtype == "bfloat16"
    outputs = model.predict({"volume": pixels}, verbose=0)
    assert outputs.dtype == "float32" and np.isfinite(outputs).all()


def test_the_default_network_has_kernels_of_7_x_7():
    model = PyramidLstm().build(spec_of("volume", (4, 16, 16, 1), "membrane", "inside"))
    widths = [(1, 16), (25, 32), (45, 64)]
    sweeps = sum(6 * (49 * (width + units) * 4 * units + 4 * units) for width, units in widths)
    assert model.count_params() == sweeps + (16 + 1) * 25 + (32 + 1) * 45 + (64 + 1) * 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": (4, 4)}, "dense has 2 numbers and units 2; dense needs one fewer"),
        ({"kernel_size": 4}, "got 4, expected an odd number"),
        ({"units": ()}, "at least 1"),
        ({"dropout": 1.0}, "less than 1"),
    ],
)
def test_options_that_do_not_fit_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        PyramidLstm(**options)
