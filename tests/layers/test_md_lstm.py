"""The 2-D LSTM against loops in raster order, in float64, with derivatives by complex steps."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import run_on_jax

from lstm_zoo.layers import MDLSTM2D
from lstm_zoo.layers.spatial import wavefront
from lstm_zoo.layers.spatial.md_lstm import CORNERS

CELLS = ["stable", "graves", "leaky_lp"]
SHAPES = [(3, 5), (5, 3), (1, 4), (4, 1), (1, 1), (4, 4)]
UNITS, WIDTH, BATCH = 2, 3, 2


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def one_pixel(cell, z, c_up, c_left, p):
    """The papers' equations; z (..., 5, U), states (..., U), peepholes p (..., 5, 1, U)."""
    if cell == "stable":
        i, f, o, w = (sigmoid(z[..., k, :]) for k in range(4))
        c = i * np.tanh(z[..., 4, :]) + f * (w * c_up + (1 - w) * c_left)
        return o * np.tanh(c), c
    if cell == "graves":
        i = sigmoid(z[..., 0, :] + p[0] * c_up + p[1] * c_left)
        f_y, f_x = sigmoid(z[..., 1, :] + p[2] * c_up), sigmoid(z[..., 2, :] + p[3] * c_left)
        c = i * np.tanh(z[..., 4, :]) + f_y * c_up + f_x * c_left
        return sigmoid(z[..., 3, :] + p[4] * c) * np.tanh(c), c
    f, w, o_1, o_2 = (sigmoid(z[..., k, :]) for k in range(4))
    mixed = w * c_up + (1 - w) * c_left
    c = (1 - f) * np.tanh(z[..., 4, :]) + f * mixed
    return np.tanh(o_1 * c + o_2 * mixed), c


def raster(cell, corner, x, mask, kernel, recurrent, bias, peepholes=None):
    """One direction, pixel by pixel; everything may have a leading axis of variants. Returns (..., B, H, W, U)."""
    height, width = x.shape[-3:-1]
    step_y, step_x = (-1 if flip else 1 for flip in CORNERS[corner])
    p = None if peepholes is None else [peepholes[..., k, None, :] for k in range(peepholes.shape[-2])]
    h, c = {}, {}
    start = x[..., 0, 0, :1] + kernel[..., :1, :1] + recurrent[..., :1, :1] + bias[..., None, :1]
    start = 0 * (start if p is None else start + p[0][..., :1])  # (..., B, 1)
    nothing = np.repeat(start, recurrent.shape[-1] // 5, axis=-1)
    for y in range(height)[::step_y]:
        for x_ in range(width)[::step_x]:
            up, left = (y - step_y, x_), (y, x_ - step_x)
            seen = np.concatenate([h.get(up, nothing), h.get(left, nothing)], axis=-1)
            z = x[..., y, x_, :] @ kernel + seen @ recurrent + bias[..., None, :]
            z = z.reshape(*z.shape[:-1], 5, -1)
            new_h, new_c = one_pixel(cell, z, c.get(up, nothing), c.get(left, nothing), p)
            there = mask[:, y, x_, None]
            h[y, x_], c[y, x_] = new_h * there, new_c * there
    rows = [np.stack([h[y, x_] for x_ in range(width)], axis=-2) for y in range(height)]
    return np.stack(rows, axis=-3)


def gradients_by_complex_steps(loss, arrays):
    """Return the derivatives of a loss of arrays; it gets each with a leading axis of variants or without."""
    found = []
    for number, array in enumerate(arrays):
        variants = array + 1e-30j * np.eye(array.size).reshape(-1, *array.shape)
        losses = loss(*arrays[:number], variants, *arrays[number + 1 :])
        found.append((losses.imag / 1e-30).reshape(array.shape))
    return found


def random_layer(cell, seed=0, **options):
    layer = MDLSTM2D(UNITS, cell, dtype="float64", **options)
    layer.build((None, None, None, WIDTH))
    random = np.random.default_rng(seed)
    layer.set_weights([random.normal(scale=0.7, size=weight.shape) for weight in layer.weights])
    return layer


def gradients_of(layer, x, mask, factors):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, mask=None if mask is None else tf.constant(mask))
        loss = tf.reduce_sum(outputs * factors)
    return outputs.numpy(), [part.numpy() for part in tape.gradient(loss, [x, *layer.trainable_variables])]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    ("shape", "side_by_side"), [*((shape, True) for shape in SHAPES), ((3, 5), False), ((5, 3), False)], ids=str
)
@pytest.mark.parametrize("cell", CELLS)
def test_outputs_and_gradients_equal_raster_order(cell, shape, side_by_side, masked, monkeypatch):
    monkeypatch.setattr(wavefront, "_LANES", 1 if side_by_side else 1000)
    random = np.random.default_rng(1)
    layer = random_layer(cell, merge="concat")
    x = random.normal(size=(BATCH, *shape, WIDTH))
    mask = random.random((BATCH, *shape)) < 0.7 if masked else np.ones((BATCH, *shape), bool)
    factors = random.normal(size=(BATCH, *shape, 4 * UNITS))
    outputs, (by_x, *by_weights) = gradients_of(layer, x, mask if masked else None, factors)
    weights, expected_by_x = layer.get_weights(), 0
    for number, corner in enumerate(CORNERS):
        of_direction = slice(number * UNITS, (number + 1) * UNITS)
        own = [weight[number] for weight in weights]
        expected = raster(cell, corner, x, mask, *own)
        np.testing.assert_allclose(outputs[..., of_direction], expected, rtol=1e-9, atol=1e-12)

        def loss(x, *own, corner=corner, of_direction=of_direction):
            return (raster(cell, corner, x if x.ndim == 5 else x[None], mask, *own) * factors[..., of_direction]).sum(
                axis=(1, 2, 3, 4)
            )

        found = gradients_by_complex_steps(loss, [x, *own])
        expected_by_x = expected_by_x + found[0]
        for by_weight, by_own in zip(by_weights, found[1:], strict=True):
            np.testing.assert_allclose(by_weight[number], by_own, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(by_x, expected_by_x, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_are_those_of_differences(cell):
    random = np.random.default_rng(2)
    layer = random_layer(cell)
    x, factors = random.normal(size=(1, 4, 3, WIDTH)), random.normal(size=(1, 4, 3, UNITS))
    _, (_, *by_weights) = gradients_of(layer, x, None, factors)
    for variable, by_weight in zip(layer.trainable_variables, by_weights, strict=True):
        start = variable.numpy()
        where = tuple(random.integers(start.shape))
        losses = []
        for step in (1e-6, -1e-6):
            changed = start.copy()
            changed[where] += step
            variable.assign(changed)
            losses.append(float(keras.ops.sum(layer(x) * factors)))
        variable.assign(start)
        assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(by_weight[where], rel=1e-6, abs=1e-9)


def test_flipping_image_and_direction_flips_the_output_exactly():
    x = np.random.default_rng(3).normal(size=(2, 5, 4, WIDTH))
    for one, other in itertools.product(CORNERS, CORNERS):
        axes = [1 + axis for axis in (0, 1) if CORNERS[one][axis] != CORNERS[other][axis]]
        expected = np.flip(random_layer("stable", directions=(one,))(x).numpy(), axes)
        actual = random_layer("stable", directions=(other,))(np.flip(x, axes)).numpy()
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("cell", CELLS)
def test_float32_is_within_a_hundred_thousandth_also_in_a_graph_of_unknown_size(cell):
    exact = random_layer(cell)
    layer = MDLSTM2D(UNITS, cell)
    layer.build((None, None, None, WIDTH))
    layer.set_weights(exact.get_weights())
    x = np.random.default_rng(4).normal(size=(2, 7, 5, WIDTH))
    expected, by_expected = gradients_of(exact, x, None, np.ones((2, 7, 5, UNITS)))

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, WIDTH])])
    def compute(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x)
            loss = tf.reduce_sum(outputs)
        return outputs, tape.gradient(loss, [x, *layer.trainable_variables])

    outputs, gradients = compute(x.astype(np.float32))
    for actual, wanted in zip([outputs, *gradients], [expected, *by_expected], strict=True):
        np.testing.assert_allclose(actual, wanted, atol=1e-5 * np.abs(wanted).max(), rtol=1e-5)


def test_padding_changes_nothing_inside():
    layer = random_layer("stable")
    x = np.random.default_rng(5).normal(size=(1, 3, 4, WIDTH))
    padded = np.full((1, 6, 7, WIDTH), 9.0)
    padded[:, 1:4, 2:6] = x
    mask = np.zeros((1, 6, 7), bool)
    mask[:, 1:4, 2:6] = True
    outputs = layer(padded, mask=tf.constant(mask)).numpy()
    np.testing.assert_allclose(outputs[:, 1:4, 2:6], layer(x).numpy(), atol=1e-14)
    assert (outputs[~mask] == 0).all()


def test_merges_and_shapes():
    x = np.random.default_rng(6).normal(size=(1, 2, 3, WIDTH))
    each = random_layer("stable", merge="concat")(x).numpy().reshape(1, 2, 3, 4, UNITS)
    np.testing.assert_allclose(random_layer("stable")(x).numpy(), each.sum(axis=3))
    np.testing.assert_allclose(random_layer("stable", merge="mean")(x).numpy(), each.mean(axis=3))
    one = random_layer("stable", merge="concat", directions=("bottom_left",))
    assert one(x).shape == one.compute_output_shape(x.shape) == (1, 2, 3, UNITS)


@pytest.mark.parametrize("masked", [False, True])
def test_without_return_sequences_each_direction_gives_its_last_pixel(masked):
    random = np.random.default_rng(10)
    x, mask = random.normal(size=(2, 4, 5, WIDTH)), np.ones((2, 4, 5), bool)
    if masked:
        mask[1] = False
        mask[1, 1:3, :4] = True
    tops, bottoms, lefts, rights = ((0, 1), (3, 2), (0, 0), (4, 3)) if masked else ((0, 0), (3, 3), (0, 0), (4, 4))
    ends = {
        "top_left": (bottoms, rights),
        "top_right": (bottoms, lefts),
        "bottom_left": (tops, rights),
        "bottom_right": (tops, lefts),
    }
    layers = {merge: random_layer("graves", merge=merge, return_sequences=False) for merge in ("sum", "mean", "concat")}
    weights = layers["sum"].get_weights()
    expected = []
    for number, (corner, (rows, columns)) in enumerate(ends.items()):
        of_all = raster("graves", corner, x, mask, *(weight[number] for weight in weights))
        expected.append(of_all[[0, 1], rows, columns])
    for merge, wanted in (("sum", sum(expected)), ("mean", sum(expected) / 4), ("concat", np.hstack(expected))):
        found = layers[merge](x, mask=tf.constant(mask) if masked else None)
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
        assert found.shape == layers[merge].compute_output_shape(x.shape)


def test_without_return_sequences_it_ends_a_network_of_any_size(tmp_path):
    image = keras.Input((None, None, WIDTH))
    layer = MDLSTM2D(UNITS, merge="concat", directions=("top_left", "bottom_left"), return_sequences=False)
    model = keras.Model(image, keras.layers.Dense(3)(layer(keras.layers.Masking()(image))))
    assert layer.output.shape == (None, 2 * UNITS) and model.output_shape == (None, 3)
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(11).normal(size=(2, 3, 4, WIDTH)).astype(np.float32)
    padded = np.pad(x, ((0, 0), (0, 2), (0, 3), (0, 0)))
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict(padded, verbose=0), model(x), atol=1e-6)


def test_states_stay_bounded_where_a_plain_cell_with_bias_one_explodes():
    x = np.ones((1, 64, 64, 1), np.float32)

    def largest_state(cell, forget_bias=None):
        layer = MDLSTM2D(1, cell, directions=("top_left",), forget_bias=forget_bias, kernel_initializer="zeros")
        layer.build(x.shape)
        bias = layer.bias.numpy()
        bias[0, -1] = 20.0  # g = 1
        layer.bias.assign(bias)
        c = np.arctanh(np.minimum(np.abs(layer(x).numpy()).max() * 2, 1 - 1e-7))  # o = 0.5, h = o tanh(c)
        return c, np.abs(layer(x).numpy()).max() * 2

    assert largest_state("graves", forget_bias=1.0)[1] == 1.0  # tanh is full
    assert largest_state("graves")[0] < 3
    assert largest_state("stable")[0] < 3


def test_mixed_precision_and_saving(tmp_path):
    x = np.random.default_rng(7).normal(size=(2, 5, 6, WIDTH)).astype(np.float32)
    inputs = keras.Input((5, 6, WIDTH))
    model = keras.Model(inputs, MDLSTM2D(UNITS, "graves", ("top_left", "bottom_right"), "mean", -1.0)(inputs))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x), model(x))
    assert again.layers[1].get_config() == model.layers[1].get_config()
    layer = MDLSTM2D(UNITS, dtype="mixed_float16")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x))
    assert loss.dtype == tf.float16
    assert all(np.isfinite(part).all() for part in tape.gradient(loss, layer.trainable_variables))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": 0}, "units is 0"),
        ({"cell": "lstm"}, "expected one of stable, graves, leaky_lp"),
        ({"directions": ("top_left", "top_left")}, "expected different ones of top_left"),
        ({"merge": "max"}, "expected one of sum, mean, concat"),
    ],
)
def test_wrong_options_say_what_was_expected(options, message):
    with pytest.raises(ValueError, match=message):
        MDLSTM2D(**{"units": 2, **options})


def test_inputs_of_another_rank_are_refused():
    with pytest.raises(ValueError, match=r"expected \(batch, height, width, channels\)"):
        MDLSTM2D(2).build((None, 3, 4))


def test_jax_gives_the_same(tmp_path):
    x = np.random.default_rng(8).normal(size=(2, 3, 5, WIDTH))
    layer = random_layer("graves")
    outputs, gradients = gradients_of(layer, x, None, np.ones((2, 3, 5, UNITS)))
    np.savez(tmp_path / "in.npz", x, *layer.get_weights())
    script = """
import sys, jax, numpy as np
from keras import ops
from lstm_zoo.layers import MDLSTM2D
x, *weights = np.load(sys.argv[1]).values()
layer = MDLSTM2D(2, "graves")
layer.build(x.shape)
def loss(x, weights):
    outputs = layer.stateless_call(weights, [], x)[0]
    return ops.sum(outputs), outputs
(by_x, by_weights), outputs = jax.jit(jax.grad(loss, (0, 1), has_aux=True))(x, weights)
np.savez(sys.argv[2], outputs, by_x, *by_weights)
"""
    files = [str(tmp_path / "in.npz"), str(tmp_path / "out.npz")]
    run_on_jax(script, *files, JAX_PLATFORMS="cpu")
    for actual, wanted in zip(np.load(files[1]).values(), [outputs, *gradients], strict=True):
        np.testing.assert_allclose(actual, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


def test_layers_hand_the_mask_on():
    layers = [random_layer("stable") for _ in range(2)]
    layers[1] = MDLSTM2D(UNITS, dtype="float64")
    layers[1].build((None, None, None, UNITS))
    x = np.random.default_rng(9).normal(size=(1, 3, 4, WIDTH))
    padded = np.pad(x, ((0, 0), (0, 2), (0, 1), (0, 0)))
    masked = keras.layers.Masking(dtype="float64")(padded)
    for layer in layers:
        x, masked = layer(x), layer(masked)
    np.testing.assert_allclose(masked[:, :3, :4], x, atol=1e-12)
    assert np.abs(masked[:, 3:]).max() == np.abs(masked[:, :, 4:]).max() == 0
