"""One frame at a time gives the answer to the clip so far, for every unidirectional video network."""

import re

import keras
import numpy as np
import pytest

from lstm_zoo.contracts import Classes, InputError, Spec, Tensor
from lstm_zoo.exporting.network import for_any_length
from lstm_zoo.models.cnn_lstm import CnnLstm
from lstm_zoo.models.flatten_lstm import FlattenLstm
from lstm_zoo.models.frame_average import FrameAverage
from lstm_zoo.models.frame_predictor import FramePredictor
from lstm_zoo.models.md_lstm_classifier import MdLstmClassifier
from lstm_zoo.models.pyramid_lstm import PyramidLstm
from lstm_zoo.streaming.step import FRAME, NEXT, step_network, stream_of
from lstm_zoo.tasks.classification import Classification

_T = 5
_SPEC = Spec(inputs={"clip": Tensor(shape=(_T, 16, 16, 3))}, target=Classes(names=("a", "b", "c")))
_BACKBONE = {"name": "small_cnn", "weights": None, "features": 6}
_NETWORKS = {
    "lstm, last": CnnLstm(backbone=_BACKBONE, units=(4,)),
    "two lstms, mean": CnnLstm(backbone=_BACKBONE, units=(4, 3), readout="mean", feature_norm=True),
    "gru, attention": CnnLstm(backbone=_BACKBONE, units=(4,), cell="gru", readout="attention"),
    "simple rnn": CnnLstm(backbone=_BACKBONE, units=(4,), cell="simple_rnn"),
    "textbook lstm, chrono": CnnLstm(backbone=_BACKBONE, units=(4,), cell="textbook_lstm", forget_bias="chrono"),
    "frame average": FrameAverage(backbone=_BACKBONE),
    "flattened pixels": FlattenLstm(units=4, hidden=5),
}


def _used(config):
    keras.utils.set_random_seed(0)
    return Classification().network(config.build(_SPEC), _SPEC)


def _clips(rows=2):
    """Return clips of coarse squares, with another brightness in each frame."""
    generator = np.random.default_rng(1)
    squares = generator.uniform(0, 255, (rows, _T, 4, 4, 3)) * generator.uniform(0.2, 1, (rows, _T, 1, 1, 1))
    return squares.repeat(4, axis=2).repeat(4, axis=3).astype(np.uint8)


@pytest.mark.filterwarnings("ignore:.*softmax over axis 1")  # over the one frame of a clip cut off after it
@pytest.mark.parametrize("name", _NETWORKS)
def test_frame_by_frame_is_as_the_clip_cut_off_there(name):
    config, clips = _NETWORKS[name], _clips()
    network = _used(config)
    of_any_length, stream = for_any_length(network), stream_of(step_network(network, config))
    last = None
    for frame in range(_T):
        expected = keras.ops.convert_to_numpy(of_any_length({"clip": clips[:, : frame + 1]})["probabilities"])
        outputs = stream.answer(clips[:, frame])
        assert list(outputs) == ["probabilities"]
        seen = outputs["probabilities"]
        np.testing.assert_allclose(seen, expected, atol=1e-6)
        assert last is None or np.abs(seen - last).max() > 1e-5  # each frame changes the answer
        last = seen


def test_a_stream_that_is_restarted_has_forgotten_all_frames():
    config, clips = _NETWORKS["lstm, last"], _clips(1)
    stream = stream_of(step_network(_used(config), config))
    first, second = (stream.answer(clips[:, 0])["probabilities"] for _ in range(2))
    assert np.abs(first - second).max() > 1e-5
    stream.restart()
    np.testing.assert_array_equal(stream.answer(clips[:, 0])["probabilities"], first)


def test_states_are_inputs_and_outputs_of_the_same_sizes():
    config = _NETWORKS["two lstms, mean"]
    step = step_network(_used(config), config)
    states = {name: tensor.shape for name, tensor in step.input.items() if name != FRAME}
    assert {name: tensor.shape for name, tensor in step.output.items() if name.startswith(NEXT)} == {
        f"{NEXT}{name}": shape for name, shape in states.items()
    }
    assert states["lstm_1_c"] == (None, 4) and states["readout_count"] == (None, 1)
    assert step.input[FRAME].shape == (None, 16, 16, 3)


def test_what_needs_later_frames_or_sees_no_clips_is_refused():
    both = CnnLstm(backbone=_BACKBONE, units=(4,), bidirectional=True)
    with pytest.raises(InputError, match=r"bidirectional_1 is bidirectional\. .* model\.bidirectional=false"):
        step_network(_used(both), both)
    for config, name, shape in (
        (MdLstmClassifier(window=4, units=(4,)), "image", (16, 16, 3)),
        (PyramidLstm(units=(4,), dense=(), kernel_size=3), "volume", (4, 6, 6, 1)),
    ):
        network = config.build(Spec(inputs={name: Tensor(shape=shape)}, target=Classes(names=("a", "b"))))
        with pytest.raises(InputError, match=rf"{config.kind} sees no clips but {name} {re.escape(str(shape))}"):
            step_network(network, config)
    clip = keras.Input((_T, 8, 8, 1), name="clip")
    with pytest.raises(InputError, match="frame_predictor sees whole clips; it cannot be shown one frame after"):
        step_network(keras.Model({"clip": clip}, {"score": clip}), FramePredictor())


def test_any_frames_are_streamed():
    """What is one frame, and what is answered, is the network's affair."""
    series = keras.Input((_T, 3), name="series")
    network = keras.Model({"series": series}, {"number": keras.layers.Dense(1)(keras.layers.GRU(4)(series))})
    stream = stream_of(step_network(network, _NETWORKS["simple rnn"]))
    values = np.random.default_rng(0).normal(size=(2, _T, 3)).astype(np.float32)
    for frame in range(_T):
        outputs = stream.answer(values[:, frame])
    np.testing.assert_allclose(outputs["number"], network({"series": values})["number"], atol=1e-6)
