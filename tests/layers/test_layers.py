"""Layers against NumPy loops of their equations, with random weights."""

import keras
import numpy as np
import pytest

from lstm_zoo.layers import AttentionPooling1D, FoldTime, ImageScaling
from lstm_zoo.layers.recurrent.cudnn import cudnn_verdict

RANDOM = np.random.default_rng(0)


def test_attention_pooling_is_bahdanau_s():
    x = RANDOM.normal(size=(3, 5, 4)).astype("float32")
    layer = AttentionPooling1D(units=6)
    y = keras.ops.convert_to_numpy(layer(x))
    w, b, v = (RANDOM.normal(size=weight.shape) for weight in layer.weights)
    layer.set_weights([w, b, v])
    y = keras.ops.convert_to_numpy(layer(x))
    for row in range(3):
        e = np.array([(np.tanh(x[row, t] @ w + b) @ v)[0] for t in range(5)])
        alpha = np.exp(e) / np.exp(e).sum()
        np.testing.assert_allclose(y[row], sum(alpha[t] * x[row, t] for t in range(5)), atol=1e-5)


def test_fold_time_equals_time_distributed():
    inner = keras.Sequential([keras.layers.Input((6, 5, 2)), keras.layers.Conv2D(3, 3), keras.layers.Flatten()])
    x = RANDOM.normal(size=(2, 4, 6, 5, 2)).astype("float32")
    folded = FoldTime(inner)(x)
    assert folded.shape == (2, 4, 36)
    np.testing.assert_allclose(folded, keras.layers.TimeDistributed(inner)(x), atol=1e-6)


def test_fold_time_takes_any_number_of_frames():
    inputs = keras.Input((None, 6))
    model = keras.Model(inputs, FoldTime(keras.layers.Dense(3))(inputs))
    assert model.output_shape == (None, None, 3)
    for frames in (2, 5):
        assert model.predict(np.ones((1, frames, 6)), verbose=0).shape == (1, frames, 3)


@pytest.mark.parametrize(("mode", "network"), [("caffe", "vgg16"), ("tf", "mobilenet_v2"), ("torch", "densenet")])
def test_scaling_is_that_of_the_weights(mode, network):
    pixels = RANDOM.integers(0, 256, (2, 3, 3, 3), dtype=np.uint8)
    expected = getattr(keras.applications, network).preprocess_input(pixels.astype("float32"))
    np.testing.assert_allclose(ImageScaling(mode)(keras.ops.convert_to_tensor(pixels)), expected, atol=1e-4)


def test_plain_scaling():
    pixels = np.array([[[[0, 51, 255]]]], np.uint8)
    np.testing.assert_allclose(ImageScaling("unit")(keras.ops.convert_to_tensor(pixels)), [[[[0, 0.2, 1]]]], atol=1e-6)
    np.testing.assert_allclose(ImageScaling("none")(keras.ops.convert_to_tensor(pixels)), [[[[0, 51, 255]]]])
    with pytest.raises(ValueError, match="got 'imagenet', expected one of caffe"):
        ImageScaling("imagenet")


def test_a_saved_network_loads_in_safe_mode(tmp_path):
    inputs = keras.Input((4, 8, 8, 3), dtype="uint8")
    frame = keras.Input((8, 8, 3), dtype="uint8")
    encoder = keras.Model(frame, keras.layers.Flatten()(ImageScaling("caffe")(frame)))
    model = keras.Model(inputs, AttentionPooling1D(7)(FoldTime(encoder)(inputs)))
    model.save(tmp_path / "x.keras")
    again = keras.saving.load_model(tmp_path / "x.keras")
    clips = RANDOM.integers(0, 256, (2, 4, 8, 8, 3), dtype=np.uint8)
    np.testing.assert_allclose(again.predict(clips, verbose=0), model.predict(clips, verbose=0), atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (keras.layers.LSTM(2, activation="relu"), "activation is not tanh"),
        (keras.layers.GRU(2, reset_after=False), "reset_after is off"),
        (keras.layers.LSTM(2, use_bias=False, unroll=True), "it is unrolled; it has no bias"),
        (keras.layers.LSTM(2, use_cudnn=False), "use_cudnn is off"),
        (keras.layers.SimpleRNN(2), "no cuDNN kernel"),
    ],
)
def test_the_verdict_on_cudnn_names_the_condition(layer, reason):
    assert reason in cudnn_verdict(layer)
    assert cudnn_verdict(keras.layers.LSTM(2)) in ("cuDNN", "no cuDNN: no GPU is visible")
