"""Trained networks as programs use them."""

import keras
import numpy as np
import pytest

import lstm_zoo
from lstm_zoo.contracts import InputError
from lstm_zoo.exporting.exported import ExportedNetwork
from lstm_zoo.trained import Trained


@pytest.fixture(scope="module")
def network(smoke_run):
    return lstm_zoo.load(smoke_run.path)


def test_a_clip_is_told_alike_as_a_file_and_as_an_array(network, tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (12, 48, 48, 3), np.uint8)
    np.save(tmp_path / "clip.npy", frames)
    of_file, of_array = network.predict([tmp_path / "clip.npy", frames])
    assert of_array.file == of_array.facts["file"] == "array 2" and of_file.file.endswith("clip.npy")
    assert of_file.facts["classes"] == of_array.facts["classes"]
    assert {one["name"] for one in of_file.facts["classes"]} <= {*network.spec.class_names}
    (alone,) = network.predict(frames)
    assert alone.facts["classes"] == of_array.facts["classes"]


def test_what_is_no_clip_is_told_under_its_number(network):
    ordinary, wrong = network.predict([np.zeros((12, 48, 48, 3), np.uint8), np.zeros((3, 3), np.uint8)])
    assert not ordinary.failed and wrong.file == "array 2" and "(3, 3)" in wrong.facts["error"]


def test_it_evaluates_and_holds_the_keras_model(network, smoke_run):
    assert network.evaluate("val")["top1"] == smoke_run.run.metrics["val"]["top1"]
    assert isinstance(network.model, keras.Model) and network.model.name == "cnn_lstm"
    assert repr(network) == f"<cnn_lstm of {smoke_run.path}>"


def test_an_exported_file_is_in_use_alike_but_has_no_model(network, tmp_path):
    exported = Trained(ExportedNetwork(tmp_path / "network.onnx", {}, network.config, network.spec))
    for asked in (lambda: exported.model, exported.export):
        with pytest.raises(InputError, match=r"network.onnx .*; load the run that it was made from"):
            asked()
