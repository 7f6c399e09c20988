"""LiteRT graphs: nothing that programs other than LiteRT pass over."""

from contextlib import closing
from typing import Any

import keras
import numpy as np
import pytest

from lstm_zoo.exporting.formats import FORMATS
from lstm_zoo.exporting.options import Options
from lstm_zoo.exporting.runner import Runner


@pytest.mark.parametrize("quantize", ["none", "dynamic_int8"])
def test_transposed_convolutions_leave_activations_to_nodes_of_their_own(smoke_run, tmp_path, quantize):
    """OpenVINO reads such a convolution without the activation inside, and says nothing."""
    from tensorflow.lite.tools import flatbuffer_utils

    def up(name, activation=None):
        return keras.layers.Conv2DTranspose(
            16, 4, strides=2, bias_initializer="normal", activation=activation, name=name
        )

    inputs = keras.Input((4, 4, 8), name="x")
    x = up("within", "relu")(inputs)
    x = keras.layers.ReLU(6.0)(keras.layers.BatchNormalization()(up("after")(x)))
    network = keras.Model({"x": inputs}, {"y": up("plain")(x)})
    FORMATS["litert"].save(network, tmp_path / "network.tflite", smoke_run, Options(quantize=quantize))
    model: Any = flatbuffer_utils.read_model(str(tmp_path / "network.tflite"))
    inside = [getattr(node.builtinOptions, "fusedActivationFunction", 0) for node in model.subgraphs[0].operators]
    assert not any(inside)
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 8)).astype(np.float32)
    with closing(Runner(tmp_path / "network.tflite", "litert")) as runner:
        assert runner.ops["TRANSPOSE_CONV"] == 3 and runner.ops["RELU"] == runner.ops["RELU6"] == 1
        outputs, _ = runner.run({"x": x})
    np.testing.assert_allclose(outputs["y"], network({"x": x})["y"], atol=1e-6 if quantize == "none" else 0.02)
