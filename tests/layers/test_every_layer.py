"""What every layer of the zoo owes a Keras user, whatever model he puts it into."""

import keras
import numpy as np
import pytest

from lstm_zoo import layers

RANDOM = np.random.default_rng(0)
SEQUENCE, PICTURE, CLIP = (2, 4, 3), (2, 5, 4, 3), (2, 3, 8, 8, 1)


def floats(*shape):
    return RANDOM.normal(size=shape).astype("float32")


def pixels(*shape):
    return keras.ops.convert_to_tensor(RANDOM.integers(0, 255, shape, np.uint8))


def words():
    return RANDOM.integers(4, 9, (2, 1, 3))


CAPTIONS = {"vocabulary_size": 9, "embedding_units": 4, "units": 5, "dropout": 0.0}
CASES = {
    "LSTM": (layers.LSTM, {"units": 5}, [floats(*SEQUENCE)]),
    "GRU": (layers.GRU, {"units": 5}, [floats(*SEQUENCE)]),
    "SimpleRNN": (layers.SimpleRNN, {"units": 5}, [floats(*SEQUENCE)]),
    "TextbookLSTMCell": (layers.TextbookLSTMCell, {"units": 5}, [floats(2, 3), [floats(2, 5), floats(2, 5)]]),
    "AttentionPooling1D": (layers.AttentionPooling1D, {"units": 5}, [floats(*SEQUENCE)]),
    "AdditiveAttention": (layers.AdditiveAttention, {"units": 5}, [floats(2, 1, 4), floats(*SEQUENCE)]),
    "ConvLSTM2D": (layers.ConvLSTM2D, {"filters": 2, "kernel_size": 3, "padding": "same"}, [floats(2, 3, 5, 4, 2)]),
    "STLSTM": (layers.STLSTM, {"filters": 2, "kernel_size": 3}, [floats(*PICTURE), *[floats(2, 5, 4, 2)] * 3]),
    "PredRNN": (layers.PredRNN, {"horizon": 2, "units": 2, "kernel_size": 3}, [floats(*CLIP)]),
    "MDLSTM2D": (layers.MDLSTM2D, {"units": 4}, [floats(*PICTURE)]),
    "PyraMiDLSTM": (layers.PyraMiDLSTM, {"units": 4, "kernel_size": 3}, [floats(*PICTURE)]),
    "ShowTellDecoder": (layers.ShowTellDecoder, CAPTIONS, [floats(2, 3), words()]),
    "ShowAttendTellDecoder": (
        layers.ShowAttendTellDecoder,
        {**CAPTIONS, "penalty": 0.0},
        [floats(*SEQUENCE), words()],
    ),
    "ImageScaling": (
        layers.ImageScaling,
        {"mode": "tf"},
        [pixels(*PICTURE)],
    ),
}
TIED = {
    f"{name}, tied": (kind, {**CAPTIONS, "units": 4, "tied": True}, inputs)
    for name, (kind, _, inputs) in CASES.items()
    if name in ("ShowTellDecoder", "ShowAttendTellDecoder")
}
CELLS = ("TextbookLSTMCell", "STLSTM")
"""They are no layers of a model."""
WITHOUT_WEIGHTS = {"ImageScaling"}
FLOAT32_ANSWERS = {"PredRNN", "ShowTellDecoder", "ShowAttendTellDecoder"}
"""Those that give logits or scores, of which losses are to be made."""
ORTHOGONAL_BY_KERAS = {"LSTM", "GRU", "SimpleRNN", "ConvLSTM2D", "ShowTellDecoder", "ShowAttendTellDecoder"}
"""Those that are, or are made of, Keras' recurrent layers: the first weights of these cannot be drawn in bfloat16."""


@pytest.fixture(params=CASES)
def case(request):
    return request.param


def called(layer, inputs):
    return keras.tree.map_structure(keras.ops.convert_to_numpy, layer(*inputs))


def test_no_layer_is_forgotten():
    wrappers = {"FoldTime", "ImageEncoder", "CaptionSearch"}  # of layers, whose tests are their own
    of_masks = {"BlankBeyond", "ColumnMask", "StepMask", "TurnWithin", "WithinWidth"}  # without weights
    assert {*CASES} | wrappers | of_masks | {"ChronoBias"} == {*layers.__all__}


def test_a_copy_by_config_and_weights_answers_alike(case):
    kind, options, inputs = CASES[case]
    layer = kind(**options)
    first = called(layer, inputs)
    copy = kind.from_config(layer.get_config())
    called(copy, inputs)
    copy.set_weights(layer.get_weights())
    keras.tree.map_structure(np.testing.assert_array_equal, called(copy, inputs), first)
    assert copy.get_config() == layer.get_config()


@pytest.mark.parametrize("policy", ["float64", "mixed_bfloat16", "bfloat16"])
def test_it_computes_in_its_own_dtype(case, policy):
    if (case, policy, keras.backend.backend()) == ("AdditiveAttention", "float64", "torch"):
        pytest.skip("Keras' own product of float64 is float32 on PyTorch (3.15)")
    kind, options, inputs = CASES[case]
    if policy == "bfloat16" and case in ORTHOGONAL_BY_KERAS:
        if issubclass(kind, layers.ShowTellDecoder | layers.ShowAttendTellDecoder):
            pytest.skip("its recurrent layers have no option for other first weights than orthogonal ones")
        options = {**options, "recurrent_initializer": "glorot_uniform"}
    layer = kind.from_config(kind(**options, dtype=policy).get_config())
    outputs = keras.tree.flatten(layer(*inputs))
    expected = "float32" if case in FLOAT32_ANSWERS else layer.compute_dtype
    assert {keras.backend.standardize_dtype(one.dtype) for one in outputs} == {expected}
    weights = {keras.backend.standardize_dtype(one.dtype) for one in layer.trainable_weights}
    assert weights == (set() if case in WITHOUT_WEIGHTS else {layer.variable_dtype})


def test_frozen_stays_frozen(case):
    kind, options, inputs = CASES[case]
    for layer in (kind(**options, trainable=False), kind.from_config(kind(**options, trainable=False).get_config())):
        called(layer, inputs)
        assert layer.trainable_weights == [] and not any(one.trainable for one in layer.variables)
        assert bool(layer.weights) == (case not in WITHOUT_WEIGHTS)
        layer.trainable = True
        assert bool(layer.trainable_weights) == (case not in WITHOUT_WEIGHTS)


@pytest.mark.filterwarnings("ignore:.*does not have a `quantize` method")
@pytest.mark.parametrize("name", [name for name in CASES | TIED if name not in CELLS])
def test_a_quantized_model_is_saved_and_loaded(name, tmp_path):
    kind, options, inputs = (CASES | TIED)[name]
    given = [keras.Input(one.shape[1:], dtype=keras.backend.standardize_dtype(one.dtype)) for one in inputs]
    model = keras.Model(given, kind(**options)(*given))
    model.quantize("int8")
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    answers, expected = (keras.tree.flatten(called(one, [inputs])) for one in (loaded, model))
    for values, of_model in zip(answers, expected, strict=True):
        np.testing.assert_array_equal(values, of_model)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN", "AttentionPooling1D"])
def test_steps_that_a_mask_leaves_out_change_nothing(name):
    kind, options, _ = CASES[name]
    x = floats(*SEQUENCE) + 1
    model = keras.Sequential([keras.layers.Masking(), layers.LSTM(4, return_sequences=True), kind(**options)])
    padded = [np.pad(x, [(0, 0), (0, more), (0, 0)]) for more in (0, 2, 6)]
    first, *others = (keras.ops.convert_to_numpy(model(one)) for one in padded)
    for one in others:
        np.testing.assert_allclose(one, first, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in CASES if name not in WITHOUT_WEIGHTS.union(CELLS)])
def test_training_in_a_model_follows_the_gradient(name):
    kind, options, inputs = CASES[name]
    given = [keras.Input(one.shape[1:], dtype=keras.backend.standardize_dtype(one.dtype)) for one in inputs]
    model = keras.Model(given, kind(**options)(*given))
    factors = [floats(*one.shape) for one in keras.tree.flatten(called(model, [inputs]))]

    def loss():
        answers = keras.tree.flatten(called(model, [inputs]))
        return sum((one.astype("float64") * of_one).mean() for one, of_one in zip(answers, factors, strict=True))

    before = [keras.ops.convert_to_numpy(one).copy() for one in model.trainable_weights]
    weighed = [lambda factors, answers: keras.ops.mean(factors * answers)] * len(factors)
    model.compile(keras.optimizers.SGD(1.0), weighed, run_eagerly=keras.backend.backend() != "jax")
    model.train_on_batch(inputs, factors)
    after = [keras.ops.convert_to_numpy(one) for one in model.trainable_weights]
    model.set_weights(before)
    for weight, old, new in zip(model.trainable_weights, before, after, strict=True):
        length, losses = np.linalg.norm(old - new), []
        for step in (0.02, -0.02):
            weight.assign(old + step * (old - new) / length)
            losses.append(loss())
        weight.assign(old)
        np.testing.assert_allclose((losses[0] - losses[1]) / 0.04, length, rtol=0.02, atol=1e-4, err_msg=weight.path)


OF_IMAGES = [(layers.MDLSTM2D, {"units": 4}), (layers.PyraMiDLSTM, {"units": 4, "kernel_size": 3})]


@pytest.mark.parametrize(("kind", "options"), OF_IMAGES)
def test_layers_over_images_take_what_keras_recurrent_layers_take(kind, options):
    held = {"kernel_regularizer": keras.regularizers.L2(0.5), "recurrent_constraint": keras.constraints.MaxNorm(0.1)}
    first = {"kernel_initializer": "ones", "recurrent_initializer": "zeros", "use_bias": False}
    layer = kind.from_config(kind(**options, **held, **first).get_config())
    called(layer, [floats(*PICTURE)])
    assert not [one.name for one in layer.weights if "bias" in one.name]
    by_name = {one.name: one for one in layer.weights}
    inputs = [one for name, one in by_name.items() if "recurrent" not in name]
    recurrent = [one for name, one in by_name.items() if "recurrent" in name]
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(sum(layer.losses)), 0.5 * sum(np.prod(one.shape) for one in inputs), rtol=1e-5
    )
    for weight in recurrent:
        assert not np.any(keras.ops.convert_to_numpy(weight))
        bound = keras.ops.convert_to_numpy(weight.constraint(keras.ops.ones(weight.shape)))
        of_one = bound if kind is layers.PyraMiDLSTM else bound[0]
        np.testing.assert_allclose(np.sqrt((of_one**2).sum(axis=0)), 0.1, rtol=1e-3)


@pytest.mark.parametrize(("kind", "options"), OF_IMAGES)
def test_dropout_is_that_of_the_seed(kind, options):
    x = floats(*PICTURE)
    keras.utils.set_random_seed(0)
    layer, plain = kind(**options, dropout=0.5, seed=3), kind(**options)
    calm = called(layer, [x])
    called(plain, [x])
    plain.set_weights(layer.get_weights())
    np.testing.assert_array_equal(calm, called(plain, [x]))
    copy = kind.from_config(layer.get_config())
    called(copy, [x])
    copy.set_weights(layer.get_weights())
    drawn, again = (keras.ops.convert_to_numpy(one(x, training=True)) for one in (layer, copy))
    np.testing.assert_array_equal(drawn, again)
    assert not np.allclose(drawn, calm)
    with pytest.raises(ValueError, match="dropout is 1; expected 0 or more, and less than 1"):
        kind(**options, dropout=1)
