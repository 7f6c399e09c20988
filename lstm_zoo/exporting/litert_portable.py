"""What makes a LiteRT graph readable to more programs than LiteRT: no rare constructions."""

from __future__ import annotations

import copy
from typing import Any


def activate_apart(converted: bytes) -> bytes:
    """Return a file in which no transposed convolution holds its activation: OpenVINO passes over it there."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    inside, apart = schema.ActivationFunctionType, schema.BuiltinOperator
    kinds = {getattr(inside, name): getattr(apart, name) for name in ("RELU", "RELU6", "RELU_N1_TO_1")}
    model: Any = flatbuffer_utils.read_model_from_bytearray(bytearray(converted))
    codes, num_codes = model.operatorCodes, len(model.operatorCodes)
    for graph in model.subgraphs:
        for place, node in reversed([*enumerate(graph.operators)]):
            if codes[node.opcodeIndex].builtinCode != apart.TRANSPOSE_CONV:
                continue
            if not (kind := kinds.get(node.builtinOptions.fusedActivationFunction)):
                continue
            code: Any = schema.OperatorCodeT()
            code.builtinCode = code.deprecatedBuiltinCode = kind
            activation: Any = schema.OperatorT()
            activation.opcodeIndex, activation.outputs = len(codes), node.outputs
            node.outputs = activation.inputs = [len(graph.tensors)]
            node.builtinOptions.fusedActivationFunction = inside.NONE
            before = copy.copy(graph.tensors[activation.outputs[0]])
            before.name += b"_before"
            codes.append(code)
            graph.tensors.append(before)
            graph.operators.insert(place + 1, activation)
    return converted if len(codes) == num_codes else bytes(flatbuffer_utils.convert_object_to_bytearray(model))
