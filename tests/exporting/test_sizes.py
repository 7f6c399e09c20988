"""Sizes of inputs and outputs: those that are free have names, and are fixed where that is asked."""

import numpy as np
import pytest
from lstmzoo import lstmzoo

from lstm_zoo.contracts import InputError
from lstm_zoo.exporting.network import exported_network


@pytest.mark.xdist_group("exports")
def test_free_sizes_have_names_that_inputs_and_outputs_share(exported):
    import onnx

    graph = onnx.load(str(exported("onnx").path)).graph
    named = {
        one.name: [side.dim_param or side.dim_value for side in one.type.tensor_type.shape.dim]
        for one in [*graph.input, *graph.output]
    }
    assert named == {"clip": ["batch", "frames", 16, 16, 3], "probabilities": ["batch", 8]}


@pytest.mark.xdist_group("exports")
@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_sizes_are_fixed_where_that_is_asked(smoke_run, exported, format):
    network = exported(format, static_shape={"batch": 3, "frames": 4})
    (clip,), (probabilities,) = network.runner.signatures["serving_default"].values()
    assert clip["shape"] == [3, 4, 16, 16, 3] and probabilities["shape"] == [3, 8]
    assert not {"Shape", "SHAPE"} & set(network.runner.ops)  # nothing is left to be found out
    clips = np.random.default_rng(0).integers(0, 256, (5, 4, 16, 16, 3), np.uint8)
    for rows in (1, 3, 5):
        answers = [one.answer({"clip": clips[:rows]})["probabilities"] for one in (network, smoke_run)]
        np.testing.assert_allclose(*answers, atol=1e-6)


def test_only_sizes_that_are_free_are_fixed(smoke_run):
    for sizes, reason in (
        ({"batch": 1, "frames": 5}, "--static-shape frames=5: this network has frames=4"),
        ({"width": 8}, "--static-shape width=8: this network has width=16"),
        ({"rows": 8}, "--static-shape rows=8: expected sizes of batch, frames"),
    ):
        with pytest.raises(InputError, match=reason):
            exported_network(smoke_run, {}, static_shape=sizes)
    for text in ("batch", "batch=0", "batch=1;frames=2", "batch=1,", "=1"):
        assert "expected sizes such as batch=1,frames=16" in lstmzoo("export", "--static-shape", text, status=2).output
