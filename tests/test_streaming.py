"""One frame at a time gives the answer to the clip so far, for every unidirectional video network."""

import re

import keras
import numpy as np
import pytest

from lstm_zoo.contracts import InputError, Spec
from lstm_zoo.exporting.network import for_any_length
from lstm_zoo.models.cnn_lstm import CnnLstm
from lstm_zoo.models.flatten_lstm import FlattenLstm
from lstm_zoo.models.frame_average import FrameAverage
from lstm_zoo.models.md_lstm_classifier import MdLstmClassifier
from lstm_zoo.models.pyramid_lstm import PyramidLstm
from lstm_zoo.streaming import FRAME, NEXT, step_network, stream_of
from lstm_zoo.tasks.classification import Classification

_T = 5
_SPEC = Spec(input_shape=(_T, 16, 16, 3), class_names=("a", "b", "c"))
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


def _exported(config, spec=_SPEC):
    keras.utils.set_random_seed(0)
    return Classification().exported(config.build(spec))


def _clips(rows=2):
    """Return clips of coarse squares, with another brightness in each frame."""
    generator = np.random.default_rng(1)
    squares = generator.uniform(0, 255, (rows, _T, 4, 4, 3)) * generator.uniform(0.2, 1, (rows, _T, 1, 1, 1))
    return squares.repeat(4, axis=2).repeat(4, axis=3).astype(np.uint8)


@pytest.mark.filterwarnings("ignore:.*softmax over axis 1")  # over the one frame of a clip cut off after it
@pytest.mark.parametrize("name", _NETWORKS)
def test_frame_by_frame_is_as_the_clip_cut_off_there(name):
    network, clips = _exported(_NETWORKS[name]), _clips()
    of_any_length, stream = for_any_length(network), stream_of(step_network(network))
    last = None
    for frame in range(_T):
        expected = keras.ops.convert_to_numpy(of_any_length(clips[:, : frame + 1])["probabilities"])
        seen = stream.scores(clips[:, frame])
        np.testing.assert_allclose(seen, expected, atol=1e-6)
        assert last is None or np.abs(seen - last).max() > 1e-5  # each frame changes the answer
        last = seen


def test_a_stream_that_is_restarted_has_forgotten_all_frames():
    step, clips = step_network(_exported(_NETWORKS["lstm, last"])), _clips(1)
    stream = stream_of(step)
    first, second = stream.scores(clips[:, 0]), stream.scores(clips[:, 0])
    assert np.abs(first - second).max() > 1e-5
    stream.restart()
    np.testing.assert_array_equal(stream.scores(clips[:, 0]), first)


def test_states_are_inputs_and_outputs_of_the_same_sizes():
    step = step_network(_exported(_NETWORKS["two lstms, mean"]))
    states = {name: tensor.shape for name, tensor in step.input.items() if name != FRAME}
    assert {name: tensor.shape for name, tensor in step.output.items() if name.startswith(NEXT)} == {
        f"{NEXT}{name}": shape for name, shape in states.items()
    }
    assert states["lstm_1_c"] == (None, 4) and states["readout_count"] == (None, 1)
    assert step.input[FRAME].shape == (None, 16, 16, 3)


def test_what_needs_later_frames_or_sees_no_clips_is_refused():
    both = CnnLstm(backbone=_BACKBONE, units=(4,), bidirectional=True)
    with pytest.raises(InputError, match=r"bidirectional_1 is bidirectional\. .* model\.bidirectional=false"):
        step_network(_exported(both))
    for config, shape in (
        (MdLstmClassifier(window=4, units=(4,)), (16, 16, 3)),
        (PyramidLstm(units=(4,), dense=(), kernel_size=3), (4, 6, 6, 1)),
    ):
        network = config.build(Spec(input_shape=shape, class_names=("a", "b")))
        with pytest.raises(InputError, match=rf"sees no clips but inputs of shape {re.escape(str(shape))}"):
            step_network(network)
