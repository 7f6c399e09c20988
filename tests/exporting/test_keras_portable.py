"""`.keras` files of Keras' own layers alone."""

import subprocess
import sys
from contextlib import closing

import keras
import numpy as np
import pytest

from lstm_zoo import layers
from lstm_zoo.contracts import InputError
from lstm_zoo.exporting.keras_file import save
from lstm_zoo.exporting.keras_portable import portable
from lstm_zoo.exporting.network import answering
from lstm_zoo.exporting.options import ExportError, Options
from lstm_zoo.exporting.runner import Runner


@pytest.mark.xdist_group("exports")
@pytest.mark.usefixtures("warm")
def test_a_portable_file_loads_where_the_package_is_not(exported):
    about = exported("keras", portable=True).about
    assert about["needs"] == "Keras alone" and about["max_difference"] <= 1e-6 and about["agreement"] == 1
    assert about["signatures"]["serving_default"]["inputs"][0]["shape"] == [None, None, 16, 16, 3]
    assert not {"FoldTime", "ImageScaling", "AttentionPooling1D"} & {*about["ops"]}
    code = "import sys; sys.modules['lstm_zoo'] = None; import keras; print(keras.saving.load_model(sys.argv[1]).name)"
    path = exported("keras", portable=True).path
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert done.stdout == "cnn_lstm\n", done.stderr[-2000:]
    assert exported("keras").about["needs"] == "lstm_zoo, imported before the file is loaded"


@pytest.mark.xdist_group("exports")
def test_a_portable_step_has_its_states_as_inputs_and_outputs(exported):
    about = exported("keras", portable=True, streaming=True).about
    assert about["needs"] == "Keras alone" and about["max_difference"] <= 1e-5 and about["agreement"] == 1


def clip_network(frames):
    """A network of all layers of the package that Keras has counterparts for, with random weights."""
    frame, clip = keras.Input((6, 6, 3), dtype="uint8"), keras.Input((frames, 6, 6, 3), dtype="uint8", name="clip")
    caffe, torch = (layers.ImageScaling(mode)(frame) for mode in ("caffe", "torch"))
    encoder = keras.Model(frame, keras.layers.Conv2D(2, 3)(caffe + torch), name="encoder")
    encoder = keras.Model(frame, layers.ImageEncoder(encoder)(frame))
    x = layers.ConvLSTM2D(2, 3, padding="same", return_sequences=True)(layers.FoldTime(encoder)(clip))
    x = layers.FoldTime(keras.layers.Flatten())(x)
    for kind in (layers.LSTM, layers.GRU, layers.SimpleRNN):
        x = kind(3, return_sequences=True, go_backwards=kind is layers.GRU)(x)
    network = keras.Model({"clip": clip}, {"y": layers.AttentionPooling1D(4)(x)})
    random = np.random.default_rng(0)
    network.set_weights([random.normal(0, 0.5, one.shape) for one in network.get_weights()])
    return network


@pytest.mark.parametrize("frames", [None, 5])
def test_each_layer_has_its_counterpart_for_clips_of_any_length(tmp_path, frames):
    network = clip_network(frames)
    save(network, tmp_path / "network.keras", None, Options(portable=True))
    answers = answering(network)
    with closing(Runner(tmp_path / "network.keras", "keras")) as runner:  # without lstm_zoo, as it is not needed
        assert {"LSTM", "GRU", "SimpleRNN", "ConvLSTM2D", "Dense"} <= {*runner.ops}
        for shown in (frames,) if frames else (5, 1, 3, 7):
            clips = np.random.default_rng(1).integers(0, 256, (2, shown, 6, 6, 3), np.uint8)
            found = runner.run({"clip": clips})[0]["y"]
            np.testing.assert_allclose(found, answers({"clip": clips})["y"], atol=1e-6)


def test_layers_that_keras_has_nothing_like_are_named():
    image = keras.Input((4, 4, 3))
    frame = keras.Model(image, layers.MDLSTM2D(2, name="corners")(image))
    clip = keras.Input((2, 4, 4, 3))
    x = layers.PyraMiDLSTM(2, 3, name="sweeps")(layers.FoldTime(frame)(clip))
    with pytest.raises(InputError, match=r"Keras has nothing like MDLSTM2D \(corners\), PyraMiDLSTM \(sweeps\); leave"):
        portable(keras.Model(clip, x))


def test_layers_within_those_of_keras_are_not_overlooked(tmp_path):
    x = keras.Input((4, 3), name="x")
    network = keras.Model({"x": x}, {"y": keras.layers.Bidirectional(layers.LSTM(2))(x)})
    with pytest.raises(ExportError, match="holds layers of lstm_zoo within a layer of Keras"):
        save(network, tmp_path / "network.keras", None, Options(portable=True))
