"""ONNX graphs: recurrent layers as ONNX's own nodes, and nothing that programs other than onnxruntime refuse."""

import json
from contextlib import closing

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_zoo.exporting import onnx_recurrence
from lstm_zoo.exporting.export import export
from lstm_zoo.exporting.formats import FORMATS
from lstm_zoo.exporting.options import ExportError, Options
from lstm_zoo.exporting.runner import Runner
from lstm_zoo.layers import GRU, LSTM, SimpleRNN


@pytest.mark.xdist_group("exports")
def test_lstms_are_native_nodes_in_onnx_and_their_settings_are_inside(smoke_run, exported):
    import onnx

    network = exported("onnx")
    assert network.about["ops"]["LSTM"] == 1 and "Loop" not in network.about["ops"]
    inside = {entry.key: json.loads(entry.value) for entry in onnx.load(str(network.path)).metadata_props}
    assert inside["lstm_zoo.spec"]["target"]["names"] == list(smoke_run.spec.class_names)


def test_onnx_graphs_have_no_constructions_that_other_readers_refuse(smoke_run, tmp_path):
    """OpenVINO has no ReverseSequence, and takes no body of a loop that hands on what it was given.

    OpenCV fails where a loop reduces something to a scalar.
    """
    import onnx

    class Turned(keras.layers.Layer):
        def call(self, x):
            def step(place, total, kept):
                return place + 1, total + x[:, place] * tf.reduce_max(total), kept

            _, total, kept = tf.while_loop(
                lambda place, total, _: tf.reduce_any((place < tf.shape(x)[1]) & (total > 0)),
                step,
                (0, tf.ones_like(x[:, 0]), x[:, 0]),
            )
            return tf.reverse(x, [1, 2]) + total[:, None] + kept[:, None]

    inputs = keras.Input((None, 3), name="x")
    network = keras.Model({"x": inputs}, {"y": Turned()(inputs)})
    FORMATS["onnx"].save(network, tmp_path / "network.onnx", smoke_run, Options())
    nodes = list(onnx.load(str(tmp_path / "network.onnx")).graph.node)
    bodies = [one.g for node in nodes if node.op_type == "Loop" for one in node.attribute if one.name == "body"]
    assert bodies and "ReverseSequence" not in {node.op_type for node in nodes}
    for body in bodies:
        made = {name for node in body.node for name in node.output}
        assert {one.name for one in body.output} <= made
    reduced = [node for body in bodies for node in body.node if node.op_type.startswith("Reduce")]
    assert {"ReduceSum", "ReduceMax"} == {node.op_type for node in reduced}
    assert all(one.i for node in reduced for one in node.attribute if one.name == "keepdims")
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    with closing(Runner(tmp_path / "network.onnx", "onnx")) as runner:
        outputs, _ = runner.run({"x": x})
    np.testing.assert_allclose(outputs["y"], network({"x": x})["y"], atol=1e-6)


def test_recurrent_layers_become_onnx_nodes(smoke_run, tmp_path):
    inputs = keras.Input((None, 5), name="x")
    layers = [
        LSTM(4, return_sequences=True, bias_initializer="normal"),
        GRU(3, return_sequences=True, bias_initializer="normal", go_backwards=True),
        SimpleRNN(4, return_sequences=True, use_bias=False),
        keras.layers.Bidirectional(LSTM(3, bias_initializer="normal", return_state=True)),
    ]
    x = inputs
    for layer in layers:
        x = layer(x)
    network = keras.Model({"x": inputs}, {"last": x[0], "c": x[4]})
    x = np.random.default_rng(0).normal(size=(3, 6, 5)).astype(np.float32)
    expected = {name: keras.ops.convert_to_numpy(one) for name, one in network({"x": x}).items()}
    of_two = keras.ops.convert_to_numpy(network({"x": x[:1, :2]})["last"])
    FORMATS["onnx"].save(network, tmp_path / "network.onnx", smoke_run, Options())
    with closing(Runner(tmp_path / "network.onnx", "onnx")) as runner:
        assert (runner.ops["LSTM"], runner.ops["GRU"], runner.ops["RNN"]) == (3, 1, 1)
        outputs, _ = runner.run({"x": x})
        for name, values in expected.items():
            np.testing.assert_allclose(outputs[name], values, atol=1e-6)
        shorter, _ = runner.run({"x": x[:1, :2]})
    np.testing.assert_allclose(shorter["last"], of_two, atol=1e-6)


def test_gates_in_the_wrong_order_are_found_though_the_network_has_learnt_little(smoke_run, tmp_path, monkeypatch):
    node, (i, o, f, c), attributes = onnx_recurrence._KINDS[LSTM]
    monkeypatch.setitem(onnx_recurrence._KINDS, LSTM, (node, (f, o, i, c), attributes))
    with pytest.raises(ExportError, match="its probabilities differ from the run's"):
        export(smoke_run, "onnx", tmp_path / "new")
