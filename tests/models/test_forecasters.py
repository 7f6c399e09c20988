"""What ConvLSTM forecasters and PredRNN see: no frame of the future, and in training what their sampling says."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_zoo.contracts import Frames, Spec, Tensor
from lstm_zoo.layers import PredRNN
from lstm_zoo.layers.frames.patches import from_patches, to_patches
from lstm_zoo.models.conv_lstm_forecaster import ConvLstmForecaster
from lstm_zoo.models.predrnn import Predrnn

RANDOM = np.random.default_rng(0)
TARGET = Frames(horizon=3, height=6, width=5, channels=3)
HINTS = {"later": Tensor(shape=TARGET.shape)}
SPEC = Spec(inputs={"clip": Tensor(shape=(3, 6, 5, 3))}, hints=HINTS, target=TARGET)
TINY = ConvLstmForecaster(units=(2, 3), patch=2, decoder=4), Predrnn(units=2, num_layers=2, patch=2)


def pixels(*shape):
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


def pred_rnn(sampling):
    """Return a layer, a clip and what follows it."""
    keras.utils.set_random_seed(0)  # else all frames may be true ones by chance
    layer = PredRNN(3, units=2, kernel_size=3, patch=2, sampling=sampling, sampling_steps=4)
    clip, later = pixels(2, 3, 6, 5, 3) / np.float32(255), pixels(2, *TARGET.shape)
    layer.build(clip.shape)
    for weight in layer.trainable_weights:
        weight.assign(RANDOM.normal(size=weight.shape) * 0.5)
    return layer, clip, later


@pytest.mark.parametrize("model", TINY, ids=lambda model: model.kind)
def test_in_use_nothing_of_the_future_is_seen(model):
    network = model.build(SPEC)
    inputs = {"clip": pixels(2, 3, 6, 5, 3), "later": pixels(2, *TARGET.shape)}
    shown = network(inputs, training=False)
    assert shown.shape == (2, *TARGET.shape) and shown.dtype == "float32"
    np.testing.assert_array_equal(network({**inputs, "later": pixels(2, *TARGET.shape)}, training=False), shown)


def test_every_frame_is_foretold_from_those_before_it_in_training_too():
    layer, clip, later = pred_rnn("forward")
    for number in range(3):
        other, shown = later.copy(), np.asarray(layer(clip, later, training=True))
        other[:, number:] = pixels(*other[:, number:].shape)
        layer.steps_taken.assign(0)
        changed = np.abs(np.asarray(layer(clip, other, training=True)) - shown).max(axis=(0, 2, 3, 4)) > 1e-6
        layer.steps_taken.assign(0)
        assert changed.tolist() == [frame > number for frame in range(3)]  # at first all of them are shown


@pytest.mark.parametrize(("sampling", "clip_too"), [("none", False), ("forward", False), ("reverse", True)])
def test_training_comes_to_what_use_shows(sampling, clip_too):
    layer, clip, later = pred_rnn(sampling)
    in_use = np.asarray(layer(clip))
    first = np.abs(np.asarray(layer(clip, later, training=True)) - in_use).max(axis=(0, 2, 3, 4)) > 1e-6
    assert first.tolist() == [clip_too, *[sampling != "none"] * 2]
    if sampling != "none":
        layer.steps_taken.assign(4)
    np.testing.assert_array_equal(layer(clip, later, training=True), in_use)


def test_the_memory_goes_up_through_the_layers_and_on_to_the_bottom():
    layer, clip, _ = pred_rnn("none")
    true = to_patches(clip, 2)
    memory = zeros = tf.zeros((2, 3, 3, 2))
    states, x, foretold = [(zeros, zeros)] * 2, None, []
    for step in range(5):
        x = true[:, step] if step < 3 else tf.sigmoid(foretold[-1])
        for number, cell in enumerate(layer.cells):
            x, c, memory = cell(x, *states[number], memory)
            states[number] = x, c
        foretold.append(layer.logits(x))
    np.testing.assert_allclose(layer(clip), from_patches(tf.stack(foretold[2:], 1), 2, 6, 5), atol=1e-5)


def test_patches_hold_a_square_each_and_are_put_together_again():
    frames = pixels(2, 3, 6, 5, 3)
    patches = np.asarray(to_patches(frames, 4))
    assert patches.shape == (2, 3, 2, 2, 48)
    np.testing.assert_array_equal(patches[1, 2, 0, 0], frames[1, 2, :4, :4].reshape(-1))
    assert not patches[:, :, :, 1].reshape(2, 3, 2, 4, 4, 3)[:, :, :, :, 1:].any()
    np.testing.assert_array_equal(from_patches(patches, 4, 6, 5), frames)


def test_mixed_precision_stays_finite():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        networks = [model.build(SPEC) for model in TINY]
    finally:
        keras.config.set_dtype_policy("float32")
    for network in networks:
        shown = network({"clip": pixels(2, 3, 6, 5, 3), "later": pixels(2, *TARGET.shape)}, training=True)
        assert shown.dtype == "float32" and np.isfinite(shown).all()


def test_options_that_do_nothing_or_do_not_fit_are_told():
    assert [str(one) for one in Predrnn(sampling="none", sampling_steps=5).problems()] == [
        "sampling_steps: has no effect with sampling: none; remove it"
    ]
    for kind in (Predrnn, ConvLstmForecaster):
        with pytest.raises(ValueError, match="got 4, expected an odd number"):
            kind(kernel_size=4)
