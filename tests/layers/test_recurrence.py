"""The fast recurrent layers against Keras' own, outputs and gradients, over random shapes, masks and options."""

import re
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import run_on_jax

from lstm_zoo.layers import GRU, LSTM, MDLSTM2D, SimpleRNN
from lstm_zoo.layers.compiled import for_a_file
from lstm_zoo.layers.recurrent import implementation as way
from lstm_zoo.layers.recurrent import recurrence
from lstm_zoo.layers.recurrent.cudnn import visible_devices
from lstm_zoo.layers.recurrent.implementation import helps_xla, implementation

KINDS = {
    "lstm": (LSTM, keras.layers.LSTM),
    "gru": (GRU, keras.layers.GRU),
    "simple": (SimpleRNN, keras.layers.SimpleRNN),
}

OPTIONS = {
    "plain": {},
    "sequences": {"return_sequences": True},
    "backwards": {"go_backwards": True, "return_sequences": True},
    "no bias": {"use_bias": False},
    "zero output": {"zero_output_for_mask": True, "return_sequences": True},
}


def implementation_of(layer):
    layer.build((None, 16, 3))
    return implementation(layer).kind


traced = partial(tf.function, autograph=False)


def results(layer, x, mask, weights, states, run=traced, training=None):
    """Return outputs, states and all gradients of a loss that sees both; `run` may leave out to trace it."""
    layer.build(x.shape)
    layer.set_weights(weights)

    @run
    def compute(x, states):
        with tf.GradientTape() as tape:
            tape.watch([x, states])
            outputs, *last = layer(x, mask=mask, initial_state=states, training=training)
            factors = tf.range(1, tf.size(outputs) + 1, dtype=tf.float32) / tf.cast(tf.size(outputs), tf.float32)
            loss = tf.reduce_sum(tf.reshape(outputs, [-1]) * factors) + sum(tf.reduce_sum(s * s) for s in last)
        trained = [variable.value for variable in layer.trainable_variables]
        return [outputs, *last], tape.gradient(loss, [x, *states, *trained])

    forward, gradients = compute(tf.constant(x), [tf.constant(state) for state in states])
    return [np.asarray(one) for one in [*forward, *gradients]]


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shape", [(3, 4, 30, 6), (2, 9, 3, 5)], ids=["unrolled", "scanned"])
@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS)
def test_outputs_and_gradients_equal_keras(kinds, shape, masked, options):
    batch, steps, width, units = shape
    random = np.random.default_rng([*shape, masked])
    x = random.normal(size=(batch, steps, width)).astype("float32")
    states = random.normal(size=(2 if kinds[0] is LSTM else 1, batch, units)).astype("float32")
    mask = tf.constant(random.random((batch, steps)) > 0.3) if masked else None
    ours, theirs = (kind(units, return_state=True, **options) for kind in kinds)
    theirs.build(x.shape)
    weights = [random.normal(size=weight.shape).astype("float32") * 0.5 for weight in theirs.weights]
    expected = results(theirs, x, mask, weights, states, run=lambda function: function)
    for one, other in zip(results(ours, x, mask, weights, states), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS)
def test_nothing_need_be_known_of_batch_and_time(kinds):
    ours, theirs = (kind(4, return_sequences=True) for kind in kinds)
    ours.build((None, None, 3)), theirs.build((None, None, 3))
    ours.set_weights(theirs.get_weights())
    assert ours.num_steps is None

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3]), tf.TensorSpec([None, None], tf.bool)])
    def gradients(x, mask):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            losses = [tf.reduce_sum(layer(x, mask=mask) ** 2) for layer in (ours, theirs)]
        return [tape.gradient(loss, x) for loss in losses]

    random = np.random.default_rng(0)
    for shape in ((2, 5, 3), (3, 7, 3)):
        x, mask = random.normal(size=shape).astype("float32"), random.random(shape[:2]) > 0.3
        np.testing.assert_allclose(*gradients(x, mask), atol=1e-5)


@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS)
def test_xla_takes_the_same_steps(kinds):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(4, 9, 3)).astype("float32"), random.normal(size=(4, 5)).astype("float32")
    start, weights = None, None
    for kind, jit_compile in ((kinds[0], True), (kinds[0], False), (kinds[1], False)):
        model = keras.Sequential([keras.Input((9, 3)), kind(5)])
        model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=jit_compile)
        start = start or model.get_weights()
        model.set_weights(start)
        model.fit(x, y, batch_size=2, epochs=2, shuffle=False, verbose=0)
        weights = weights or model.get_weights()
        for one, other in zip(model.get_weights(), weights, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS)
def test_states_are_kept_and_integers_taken_as_keras_does(kinds):
    x = np.random.default_rng(0).integers(0, 5, (2, 6, 3))
    ours, theirs = (kind(4, stateful=True) for kind in kinds)
    ours.build((2, 6, 3)), theirs.build((2, 6, 3))
    ours.set_weights(theirs.get_weights())
    for _ in range(2):
        np.testing.assert_allclose(ours(x), theirs(x), atol=1e-6)
    assert np.abs(ours(x) - kinds[1].from_config({**theirs.get_config(), "stateful": False})(x)).max() > 1e-3


def test_what_stands_in_masked_steps_does_not_matter():
    x = np.random.default_rng(0).normal(size=(2, 6, 3)).astype("float32")
    mask = np.array([[1, 1, 1, 0, 0, 0], [1] * 6], bool)
    broken = np.where(mask[..., None], x, np.nan).astype("float32")
    layer = LSTM(4)
    layer.build(x.shape)
    with tf.GradientTape() as tape:
        outputs = layer(broken, mask=mask)
    np.testing.assert_array_equal(outputs, layer(x, mask=mask))
    assert all(np.isfinite(one).all() for one in tape.gradient(outputs, layer.trainable_variables)[1:])


def test_cudnn_that_is_asked_for_and_missing_is_an_error():
    if implementation_of(LSTM(2)) != "cuDNN":
        with pytest.raises(ValueError, match="cuDNN is not supported"):
            LSTM(2, use_cudnn=True)(np.zeros((1, 5, 3), "float32"))


@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS)
def test_dropout_falls_on_the_same_inputs(kinds):
    x = np.random.default_rng(0).normal(size=(4, 6, 5)).astype("float32")
    outputs = []
    for kind in kinds:
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
import itertools
import jax, jax.numpy as jnp, keras, numpy as np
from lstm_zoo.layers import GRU, LSTM, MDLSTM2D, SimpleRNN

random = np.random.default_rng(0)
options = {}, {"return_sequences": True, "go_backwards": True}, {"use_bias": False, "unroll": True}
kinds = (LSTM, keras.layers.LSTM, 2), (GRU, keras.layers.GRU, 1), (SimpleRNN, keras.layers.SimpleRNN, 1)
for (ours, theirs, num_states), (number, options), masked in itertools.product(kinds, enumerate(options), (0, 1)):
    if ours is not LSTM and masked != number % 2:  # the loop is the same for all cells, and each way takes a second
        continue
    steps = 5 if bool(masked) == bool(options) else 4  # up to 4 are written out; both ways meet masks and none
    x = jnp.array(random.normal(size=(3, steps, 4)), "float32")
    state = [jnp.array(random.normal(size=(3, 5)), "float32") for _ in range(num_states)]
    mask = jnp.array(random.random((3, steps)) > 0.3) if masked else None
    results, weights = [], None
    for kind in (ours, theirs):
        first = {name: "zeros" for name in ("kernel_initializer", "recurrent_initializer")}  # nothing to compile
        written_out = {"unroll": False} if kind is theirs else {}  # the loop is the same, and sooner compiled
        layer = kind(5, return_state=True, **first, **{**options, **written_out})
        layer.build(x.shape)
        weights = weights or [random.normal(size=one.shape).astype("float32") * 0.5 for one in layer.weights]
        layer.set_weights(weights)

        def loss(trained, x, state):
            rest = [variable.value for variable in layer.non_trainable_variables]
            (y, *states), _ = layer.stateless_call(trained, rest, x, mask=mask, initial_state=state)
            factors = jnp.arange(1, y.size + 1) / y.size
            return (y.reshape(-1) * factors).sum() + sum((s * s).sum() for s in states), (y, states)

        gradient = jax.jit(jax.grad(loss, argnums=(0, 1, 2), has_aux=True))
        trained = [variable.value for variable in layer.trainable_variables]
        results.append(jax.tree.leaves(gradient(trained, x, state)))
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-4)
print("equal")
"""


def test_outputs_and_gradients_equal_keras_on_jax():
    assert run_on_jax(JAX).strip() == "equal"


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


@pytest.mark.parametrize(("training", "pieces"), [(False, {"run", "backward_run"}), (True, {"steps", "steps_back"})])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS)
def test_xla_compiles_a_large_loop_to_the_same_outputs_and_gradients(kinds, masked, training, pieces, monkeypatch):
    random = np.random.default_rng(0)
    x = random.normal(size=(3, 6, 4)).astype("float32")
    mask = tf.sequence_mask([6, 4, 1], 6) if masked else None
    ours, theirs = (kind(5, return_state=True, return_sequences=True) for kind in kinds)
    theirs.build(x.shape)
    weights = [random.normal(size=one.shape) for one in theirs.get_weights()]
    states = [random.normal(size=(3, 5)).astype("float32") for _ in range(1 + (kinds[0] is LSTM))]
    monkeypatch.setattr(recurrence, "_WORTH_COMPILING", 0)
    for one, other in zip(
        *(results(layer, x, mask, weights, states, training=training) for layer in (ours, theirs)), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=2e-5)
    assert compiled_within(ours, x, training) == pieces
    with for_a_file():
        assert not compiled_within(ours, x, training)


def compiled_within(layer, x, training):
    """Return the names of the methods that XLA must compile within the graph of a layer and its gradient."""

    @traced
    def compute(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x, training=training)[0])
        return tape.gradient(loss, layer.trainable_variables[0].value)

    functions = compute.get_concrete_function(tf.constant(x)).graph.as_graph_def().library.function
    compiled = [one.signature.name for one in functions if one.attr["_XlaMustCompile"].b]
    return {re.sub("^__(?:inference|forward)_+|_[0-9_]+$", "", name) for name in compiled}


@pytest.mark.parametrize(
    ("layer", "kind", "why"),
    [
        (LSTM(256), "scanned", "16 steps, not up to 4, compiled by XLA; no cuDNN"),
        (LSTM(2), "scanned", "16 steps, not up to 4; no cuDNN: no GPU is visible"),
        (LSTM(2, unroll=True), "unrolled", "unroll=True"),
        (GRU(2, activation="relu"), "Keras' loop", "activation is not tanh"),
        (GRU(2, reset_after=False), "Keras' loop", "reset_after is off"),
        (SimpleRNN(2, recurrent_dropout=0.5), "Keras' loop", "recurrent dropout"),
        (keras.layers.LSTM(2), "Keras' loop", "step by step over LSTMCell"),
    ],
)
def test_how_a_layer_runs_is_said_with_the_reason(layer, kind, why):
    layer.build((None, 16, 3))
    said = implementation(layer)
    assert said.kind == kind and why in said.why


def test_the_product_of_wide_inputs_is_left_out_of_what_xla_compiles(monkeypatch):
    monkeypatch.setattr(way, "_WIDE", 12)
    for units, width, helps in ((256, 11, True), (256, 12, False), (8, 12, True)):
        inputs = keras.Input((16, width))
        assert helps_xla(keras.Model(inputs, LSTM(units)(inputs))) == helps


def test_layers_that_cannot_be_fast_run_as_keras_runs_them():
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    ours, theirs = (kind(4, activation="relu") for kind in (LSTM, keras.layers.LSTM))
    ours.build(x.shape), theirs.build(x.shape)
    ours.set_weights(theirs.get_weights())
    np.testing.assert_array_equal(ours(x), theirs(x))


def test_on_pytorch_keras_own_loop_runs_and_nothing_asks_for_devices(monkeypatch):
    def list_devices(*_):
        raise AttributeError("'NoneType' object has no attribute 'list_devices'")  # as Keras 3.15 on PyTorch

    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    monkeypatch.setattr(keras.distribution, "list_devices", list_devices)
    assert visible_devices() == []
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    for kinds in KINDS.values():
        ours, theirs = (kind(4) for kind in kinds)
        ours.build(x.shape), theirs.build(x.shape)
        ours.set_weights(theirs.get_weights())
        np.testing.assert_array_equal(ours(x), theirs(x))
        said = implementation(ours)
        assert said.kind == "Keras' loop" and "not written for the backend torch" in said.why
    assert MDLSTM2D(2)(np.zeros((1, 3, 4, 2), "float32")).shape == (1, 3, 4, 2)
