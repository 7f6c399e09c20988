"""One harness for every network of the zoo, over the smoke recipes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_zoo.config.catalogue import shipped_configs
from lstm_zoo.config.fitting import fits
from lstm_zoo.config.recipe import load
from lstm_zoo.contracts import Classes, Frames, InputError, LabelMap, Normal, Spec, Tensor, Text, Words
from lstm_zoo.contracts.words import END, PADDING, SPECIAL
from lstm_zoo.data import DATA
from lstm_zoo.models import MODELS
from lstm_zoo.models.cnn_lstm import CnnLstm
from lstm_zoo.models.flatten_lstm import FlattenLstm
from lstm_zoo.models.parts.backbones import SCALING, BackboneConfig
from lstm_zoo.tasks import TASKS
from lstm_zoo.tasks.ctc.reading import greedy

SMOKE = {load(name).model.kind: name for name in shipped_configs() if name.startswith("smoke/")}  # one of each kind
IMAGE = (32, 32, 3)
TINY = BackboneConfig(name="small_cnn", weights=None, features=5)
ABC = ("a", "background", "c")


def clips(*shape, classes=ABC):
    return Spec(inputs={"clip": Tensor(shape=shape)}, target=Classes(names=classes))


CLIPS = clips(4, 16, 16, 3)
PLACES = (2, 3)  # of a frame of 16 x 24 pixels
SHAPES = {"image": (8, 12, 3), "volume": (2, 4, 3, 1)}


def spec_of(config):
    """Return what the smoke recipe's network could be given."""
    spec = spec_for(config.data.gives, config.data.target)
    if isinstance(spec.target, Normal):  # which some networks learn by tempos, and others without
        return spec.model_copy(update={"target": Normal(tempos=config.data.tempos)})
    return spec


def spec_for(gives, target):
    """Return a small spec of an input and a kind of target."""
    if target == "words":
        words = Words(vocabulary=(*SPECIAL, *"abcde"), max_words=4)
        hints = {"words": Tensor(shape=(1, 4), dtype="int32")}
        return Spec(inputs={"image": Tensor(shape=IMAGE)}, hints=hints, target=words)
    if target == "frames":
        later = Frames(horizon=2, height=9, width=10, channels=1)
        clip, hint = Tensor(shape=(2, 9, 10, 1)), Tensor(shape=later.shape)
        return Spec(inputs={"clip": clip}, hints={"later": hint}, target=later)
    if target == "normal":
        return Spec(inputs={"clip": Tensor(shape=(4, 16, 24, 1))}, target=Normal(tempos=(2,)))
    if gives == "clip":
        return CLIPS
    if target == "text":
        inputs = {"line": Tensor(shape=(16, None, 1)), "width": Tensor(shape=(), dtype="int32")}
        return Spec(inputs=inputs, target=Text(alphabet=ABC, pixels_per_step=2))
    names = {"classes": Classes, "label_map": LabelMap}[target](names=ABC)
    return Spec(inputs={gives: Tensor(shape=SHAPES[gives])}, target=names)


def batch(spec=CLIPS, size=6):
    """Return inputs (and hints) by name, and targets."""
    random = np.random.default_rng(0)
    if isinstance(spec.target, Text):
        return lines(random, size)
    (name, tensor) = spec.only_input
    pixels = random.integers(0, 256, (size, *tensor.shape), dtype=np.uint8)
    if isinstance(spec.target, Words):
        high = len(spec.target.vocabulary)
        words = random.integers(END + 1, high, (size, 1, spec.target.max_words)).astype(np.int32)
        words[:, :, 3] = np.where(words[:, :, 2] % 2, END, words[:, :, 3])
        return {name: pixels, "words": words}, words
    if isinstance(spec.target, Frames):
        dark = np.arange(size, dtype=np.uint8).reshape(-1, 1, 1, 1, 1) % 2
        later = np.broadcast_to(255 * dark, (size, *spec.target.shape))
        return {name: pixels // 4 + 160 * dark, "later": later}, later
    if isinstance(spec.target, Normal):
        fast = np.arange(size, dtype=np.uint8).reshape(-1, 1, 1, 1, 1) % 2
        flicker = np.arange(tensor.shape[0], dtype=np.uint8).reshape(-1, 1, 1, 1) % 2 * 120
        return {name: pixels // 32 + 60 + fast * flicker}, fast.ravel().astype(np.float32)
    if isinstance(spec.target, Classes):
        return {name: pixels}, np.arange(size, dtype=np.int32) % spec.num_classes
    apart = (np.arange(size, dtype=np.uint8) % spec.num_classes).reshape(-1, *[1] * len(tensor.shape)) * 80
    return {name: pixels // 4 + apart}, np.broadcast_to(apart[..., 0] // 80, pixels.shape[:-1])


def lines(random, size):
    """Return lines of one to three letters, each a bar at another height, of different widths."""
    texts = np.array([[0, 1, 2], [2, -1, -1], [1, 1, -1], [0, -1, -1], [2, 0, -1], [1, 2, 0]], np.int32)[:size]
    pixels = random.integers(200, 256, (size, 16, 36, 1), dtype=np.uint8)
    for picture, text in zip(pixels, texts, strict=True):
        for place, letter in enumerate(text[text >= 0]):
            picture[5 * letter : 5 * letter + 4, 12 * place + 3 : 12 * place + 9] = 20
    widths = (12 * (texts >= 0).sum(axis=1)).astype(np.int32)
    return {"line": pixels, "width": widths}, texts


def some(inputs, rows):
    """Return some rows of inputs."""
    return {name: one[rows] for name, one in inputs.items()}


def loss_of(config, spec):
    return config.task.objective(spec, list).loss


def gradients(model, loss, inputs, targets):
    with tf.GradientTape() as tape:
        value = tf.reduce_mean(loss(targets, model(inputs, training=True)))
    return tape.gradient(value, model.trainable_variables)


def outputs_of(model, inputs):
    """Return what a network gives, as arrays; `predict` would trace it first, which takes seconds."""
    return keras.tree.map_structure(np.asarray, model(inputs, training=False))


PAIRS = sorted({(data.gives, data.target, model.__name__) for data in DATA for model in MODELS if fits(data, model)})


@pytest.mark.parametrize(("gives", "target", "name"), PAIRS)
def test_every_pair_that_is_accepted_can_be_built(gives, target, name):
    """What data give depends on name and kind of target alone; `tests/config/test_fitting.py` runs all pairs."""
    model = next(model for model in MODELS if model.__name__ == name)
    settings = {"backbone": TINY} if "backbone" in model.model_fields else {}
    spec = spec_for(gives, target)
    network = model(**settings).build(spec)
    inputs, targets = batch(spec, 2)
    task = next(task for task in TASKS if task.target == target)()
    assert np.isfinite(task.objective(spec, list).loss(targets, network(inputs, training=False))).all()
    used = task.network(network, spec)
    assert set(used.input) == set(spec.inputs) and isinstance(used.output, dict)
    meanings = task.meanings(spec)
    assert {name: 1 + len(meanings[name].axes) for name in used.output} == {
        name: len(one.shape) for name, one in used.output.items()
    }


def test_every_kind_has_a_smoke_recipe():
    assert set(SMOKE) == {model.model_fields["kind"].default for model in MODELS}


@pytest.mark.parametrize("name", SMOKE.values())
def test_a_network_keeps_the_contract(name, tmp_path):
    config = load(name)
    spec = spec_of(config)
    inputs, targets = batch(spec)
    loss = loss_of(config, spec)
    keras.utils.set_random_seed(3)
    model = config.model.build(spec)
    grid = {"md_lstm_labeller": (2, 3), "window_dense": (2, 3), "pyramid_lstm": (2, 4, 3)}.get(config.model.kind, ())
    writes = isinstance(spec.target, Words)
    reads = isinstance(spec.target, Text)
    foretells = isinstance(spec.target, Frames)
    shape = (None, 4, 9) if writes else (None, 4) if reads else spec.target.shape if foretells else (*grid, 3)
    shape = PLACES if isinstance(spec.target, Normal) else shape
    assert model.output_shape == (None, *shape)
    assert {name: one.name for name, one in model.input.items()} == {name: name for name in inputs}
    for name, tensor in spec.inputs.items():
        assert model.input[name].shape == (None, *tensor.shape)
        assert keras.backend.standardize_dtype(model.input[name].dtype) == tensor.dtype

    for weight, gradient in zip(model.trainable_variables, gradients(model, loss, inputs, targets), strict=True):
        assert gradient is not None and np.abs(tf.convert_to_tensor(gradient)).max() > 0, weight.path

    outputs = outputs_of(model, inputs)
    alone = outputs_of(model, some(inputs, slice(2, 3)))
    np.testing.assert_allclose(alone[0], outputs[2], atol=1e-5)
    model.save_weights(tmp_path / "x.weights.h5")
    again = config.model.build(spec, pretrained=False)
    again.load_weights(tmp_path / "x.weights.h5")
    np.testing.assert_allclose(outputs_of(again, inputs), outputs, atol=1e-6)

    def trained(seed):
        keras.utils.set_random_seed(seed)
        fresh = config.model.build(spec)
        first = fresh.get_weights()
        fresh.compile("sgd", loss, run_eagerly=True)
        fresh.train_on_batch(some(inputs, slice(2)), targets[:2])
        return first, fresh.get_weights()

    (_, one), (first, other) = trained(1), trained(1)
    assert all(map(np.array_equal, one, other)) and not all(map(np.array_equal, first, other))
    assert not all(map(np.array_equal, first, model.get_weights()))  # which another seed drew

    rate, rounds = (0.003, 10) if writes else (0.01, 6 if reads or shape == PLACES else 2)
    often = [
        {name: np.tile(one, (30, *[1] * (one.ndim - 1))) for name, one in inputs.items()},
        np.tile(targets, (30, *[1] * (targets.ndim - 1))),
    ]
    metrics = config.task.objective(spec, list).metrics  # runs that tests train eagerly do not trace them
    model.compile(keras.optimizers.Adam(rate), loss, metrics=list(metrics))
    model.optimizer.build(model.trainable_variables)  # within `fit`, a second trace would follow
    np.testing.assert_allclose(model.predict(inputs, verbose=0), outputs, atol=1e-5)
    while rounds and not knows(model.predict(inputs, verbose=0), targets, spec, grid):
        model.fit(*often, epochs=1, batch_size=6, shuffle=False, verbose=0)  # an epoch's start takes longer than a step
        rounds -= 1
    assert knows(model.predict(inputs, verbose=0), targets, spec, grid)


def knows(outputs, targets, spec, grid):
    """Say whether a network knows a batch by heart."""
    if isinstance(spec.target, Text):
        read = [greedy(one, spec.target.alphabet).text for one in outputs]
        return read == ["".join(spec.target.alphabet[number] for number in row if number >= 0) for row in targets]
    if isinstance(spec.target, Frames):
        return ((outputs > 0) == (targets > 127)).all()
    if isinstance(spec.target, Normal):
        means = outputs.mean(axis=(1, 2))
        return ((means > 0) == (targets > 0)).all() if spec.target.tempos else (means < 0.02).all()
    # A picture has one label here, so that a coarser grid is compared with any pixels.
    known = targets[(slice(None), *[slice(0, side) for side in grid])] if grid else targets
    counted = known != PADDING if isinstance(spec.target, Words) else np.ones(known.shape, bool)
    return (outputs.argmax(axis=-1) == known)[counted].all()


@pytest.mark.parametrize(
    ("kind", "precision"),
    [
        ("cnn_lstm", "mixed_float16"),
        ("cnn_lstm", "mixed_bfloat16"),
        ("show_attend_tell", "mixed_float16"),
        ("md_lstm_labeller", "mixed_bfloat16"),
    ],
)
def test_mixed_precision_stays_finite(kind, precision):
    config = load(SMOKE[kind])
    spec = spec_of(config)
    inputs, targets = batch(spec)
    writes = isinstance(spec.target, Words)
    keras.config.set_dtype_policy(precision)
    try:
        model = config.model.build(spec)
        model.compile("adam", loss_of(config, spec))
        model.optimizer.build(model.trainable_variables)
        history = model.fit(inputs, targets, epochs=2, verbose=0).history["loss"]
        network = config.task.network(model, spec)
        used = network.predict({"image": inputs["image"][:2]}, verbose=0) if writes else {}
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(history).all() and all(np.isfinite(values).all() for values in used.values())
    assert model.output.dtype == "float32" and all(weight.dtype == "float32" for weight in model.weights)


def test_flatten_lstm_has_the_founding_document_s_size():
    assert FlattenLstm().build(clips(16, 112, 112, 3, classes=tuple("0123456789"))).count_params() == 38_866_698


def test_frame_average_is_blind_to_order_and_cnn_lstm_is_not():
    inputs, _ = batch()
    for kind, blind in (("frame_average", True), ("cnn_lstm", False)):
        model = load(f"smoke/{kind}.yaml").model.build(CLIPS)
        backwards = {"clip": inputs["clip"][:, ::-1].copy()}
        difference = np.abs(model.predict(inputs, verbose=0) - model.predict(backwards, verbose=0)).max()
        assert (difference < 1e-5) == blind


@pytest.mark.parametrize("cell", ["lstm", "gru", "simple_rnn"])
@pytest.mark.parametrize("readout", ["last", "mean", "attention"])
def test_every_cell_and_readout_stacks(cell, readout):
    model = CnnLstm(backbone=TINY, cell=cell, units=(4, 3), readout=readout, bidirectional=True).build(CLIPS)
    assert model.output_shape == (None, 3)
    assert model.get_layer("dropout").output.shape == (None, 6)


def test_backbone_names_are_those_of_keras():
    functions = {name for name, value in vars(keras.applications).items() if name[0].isupper() and callable(value)}
    assert set(SCALING) == functions


@pytest.mark.usefixtures("eager")
def test_a_frozen_backbone_keeps_weights_and_statistics(mobilenet_file):
    spec = clips(2, *IMAGE, classes=("a", "b"))
    backbone = BackboneConfig(weights=mobilenet_file, options={"alpha": 0.35})
    model = CnnLstm(backbone=backbone, units=(4,)).build(spec)
    encoder = model.get_layer("encoder")
    before = [weight.copy() for weight in encoder.get_weights()]
    assert not encoder.trainable_weights
    model.compile("adam", loss_of(load("smoke/cnn_lstm.yaml"), spec))
    model.optimizer.build(model.trainable_variables)
    model.fit(*batch(spec, 4), epochs=2, verbose=0)
    for old, new in zip(before, encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_fine_tuning_starts_at_the_named_layer(mobilenet_file):
    options = {"weights": mobilenet_file, "options": {"alpha": 0.35}}
    encoder = BackboneConfig(**options, train_from="block_15_expand").build(IMAGE)
    network = next(layer for layer in encoder.layers if isinstance(layer, keras.Model))
    trained = [layer.name for layer in network.layers if layer.trainable_weights]
    assert trained[0] == "block_15_expand" and trained[-1] == "Conv_1"
    assert not any("BN" in name or "bn" in name for name in trained)
    encoder = BackboneConfig(**options, train_from="all").build(IMAGE)
    assert len(encoder.trainable_weights) == 52  # all convolutions, no batch normalisation
    assert (
        BackboneConfig(weights=None, options={"alpha": 0.35}).build(IMAGE).trainable_weights[1].path.startswith("bn_")
    )


@pytest.mark.parametrize(("pooling", "width"), [("avg", 1280), ("max", 1280), ("flatten", 1280), (None, 96)])
def test_pooling_and_inner_layers(pooling, width):
    options = {"pooling": pooling} if pooling else {"output_layer": "block_13_expand_relu", "pooling": "avg"}
    encoder = BackboneConfig(weights=None, options={"alpha": 0.35}, **options).build(IMAGE)
    assert encoder.output_shape == (None, width if pooling else encoder.output_shape[1])
    assert pooling or encoder.output_shape[1] == 192


def test_wrong_backbone_settings_say_what_is_wrong(mobilenet_file, tmp_path):
    def message(**options):
        with pytest.raises(InputError) as caught:
            BackboneConfig(**options).build(IMAGE)
        return str(caught.value)

    assert "does not fit MobileNetV2 as configured" in message(weights=mobilenet_file, options={"alpha": 0.5})
    (tmp_path / "text.h5").write_text("no weights")
    assert "does not fit MobileNetV2" in message(weights=tmp_path / "text.h5")
    assert "model.backbone: MobileNetV2 cannot be built: " in message(weights=None, options={"beta": 1})
    assert "near: block_15_expand" in message(weights=None, train_from="x", output_layer="block_15_expnd")
    assert "model.backbone.train_from" in message(
        weights=mobilenet_file, options={"alpha": 0.35}, train_from="block_99"
    )


def test_a_failed_download_names_file_and_place(monkeypatch):
    import urllib.error

    from keras.src.utils import file_utils

    def fail(*args):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(file_utils, "urlretrieve", fail)
    with pytest.raises(InputError) as caught:
        BackboneConfig(options={"alpha": 0.75}).build((96, 96, 3))
    message = str(caught.value)
    assert message.startswith("model.backbone.weights: the ImageNet weights of MobileNetV2 could not be downloaded")
    assert "fetch https://" in message and "tf_kernels_0.75_96_no_top.h5 elsewhere and put it into" in message
    assert ".keras/models" in message


@pytest.mark.parametrize("forget_bias", [0, 1, "chrono"])
def test_the_taught_cell_and_the_fast_layer_are_one_network(forget_bias):
    options = {"backbone": TINY, "units": (6,), "forget_bias": forget_bias, "readout": "mean"}
    keras.utils.set_random_seed(0)
    taught = CnnLstm(cell="textbook_lstm", **options).build(CLIPS)
    fast = CnnLstm(cell="lstm", **options).build(CLIPS)
    fast.get_layer("lstm_1").set_weights(taught.get_layer("textbook_lstm_1").cell.packed_weights())
    fast.get_layer("encoder").set_weights(taught.get_layer("encoder").get_weights())
    fast.get_layer("logits").set_weights(taught.get_layer("logits").get_weights())
    inputs, _ = batch()
    np.testing.assert_allclose(fast.predict(inputs, verbose=0), taught.predict(inputs, verbose=0), atol=1e-5)


def test_a_forget_bias_without_a_forget_gate_or_for_too_short_clips_is_refused():
    (problem,) = CnnLstm(cell="gru", forget_bias="chrono").problems()
    assert problem.key == "forget_bias" and "no forget gate" in problem.message
    with pytest.raises(InputError, match="3 frames or more"):
        CnnLstm(backbone=TINY, forget_bias="chrono").build(clips(2, 16, 16, 3))


@pytest.mark.parametrize("kind", ["md_lstm_labeller", "md_lstm_classifier", "pyramid_lstm"])
def test_padding_changes_nothing_of_a_picture(kind):
    config = load(SMOKE[kind])
    picture = np.random.default_rng(2).integers(0, 256, (1, 8, 8, 3), dtype=np.uint8)
    answers, weights = [], None
    for side in (8, 16):
        target = (Classes if kind == "md_lstm_classifier" else LabelMap)(names=ABC)
        spec = Spec(inputs={"image": Tensor(shape=(side, side, 4), masked=True)}, target=target)
        inputs = np.zeros((1, side, side, 4), np.uint8)
        inputs[:, :8, :8, :3], inputs[:, :8, :8, 3] = picture, 255
        keras.utils.set_random_seed(1)
        model = config.model.build(spec)
        weights = weights or model.get_weights()
        model.set_weights(weights)
        answers.append(config.task.network(model, spec).predict({"image": inputs}, verbose=0)["probabilities"])
    if kind != "md_lstm_classifier":  # a picture of classes
        answers = [answer[:, :8, :8] for answer in answers]
    if kind == "md_lstm_labeller":  # next to padding, interpolated scores are smaller, and alike
        answers = [answer.argmax(axis=-1) for answer in answers]
    np.testing.assert_allclose(*answers, atol=1e-5)
