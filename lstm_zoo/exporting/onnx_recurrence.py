"""Recurrent layers as ONNX's own LSTM, GRU and RNN nodes, for clips of any length.

TensorFlow has no operation for a whole recurrent layer, so the traced graph holds a stand-in for each, and the
conversion puts the ONNX node in its place.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from ..layers import GRU, LSTM, SimpleRNN
from ..layers.recurrent.recurrence import FastRecurrence

STAND_IN = "PyFuncStateless"
_KINDS: dict[type, tuple[str, tuple[int, ...], dict[str, Any]]] = {
    LSTM: ("LSTM", (0, 3, 1, 2), {}),  # Keras: i f c~ o; ONNX: i o f c~
    GRU: ("GRU", (0, 1, 2), {"linear_before_reset": 1}),  # both: z r h
    SimpleRNN: ("RNN", (0,), {}),
}
"""The node of a layer, the place of each of its gates among Keras', and what else it is told."""


def as_native_nodes(layers: Iterable[FastRecurrence]) -> dict[str, tuple[Any, list]]:
    """Have recurrent layers, which are built, run as ONNX nodes.

    Returns:
        What `tf2onnx.convert` is to call for a stand-in.
    """
    nodes = []
    for layer in layers:
        layer.form = partial(_stand_in, str(len(nodes)))
        nodes.append(_node_of(layer))  # now: there are no values where the conversion runs

    def convert(graph: Any, node: Any, name: str, _: Any) -> None:
        _replace(graph, node, name, *nodes[int(node.get_attr_str("token"))])

    return {STAND_IN: (convert, [])}


def _stand_in(token: str, layer: Any, sequences: Any, initial_state: Any) -> tuple[Any, Any, list[Any]]:
    """Trace a stand-in for a layer; see `FastRecurrence.form`."""
    states = list(initial_state)
    kinds = [tf.float32] * (1 + len(states))
    outputs, *after = tf.raw_ops.PyFuncStateless(input=[sequences, *states], token=token, Tout=kinds)
    batch, steps, _ = sequences.shape
    outputs = tf.ensure_shape(outputs, (batch, steps, layer.units))
    after = [tf.ensure_shape(state, (batch, layer.units)) for state in after]
    return after[0], outputs, after


def _replace(
    graph: Any, stand_in: Any, name: str, kind: str, attributes: dict[str, Any], arrays: list[np.ndarray]
) -> None:
    """Replace a stand-in by the ONNX node, with the axes in its order: (T, B, D), and states (1, B, U)."""
    from tf2onnx.utils import make_name

    sequences, *states = stand_in.input
    outputs, *after = [(one, graph.get_dtype(one), graph.get_shape(one)) for one in stand_in.output]
    graph.remove_node(name)

    def constant(values: Any) -> str:
        return graph.make_const(make_name(f"{name}_constant"), np.asarray(values)).output[0]

    def named(kind: str, inputs: list[str], output: tuple[str, Any, Any], **options: Any) -> None:
        one, dtype, shape = output
        graph.make_node(kind, inputs, outputs=[one], dtypes=[dtype], shapes=[shape], **options)

    weights = [constant(one) for one in arrays]
    weights += [""] * (3 - len(weights))
    first, second = constant([0]), constant([1])
    by_time = graph.make_node("Transpose", [sequences], attr={"perm": [1, 0, 2]}).output[0]
    before = [graph.make_node("Unsqueeze", [state, first]).output[0] for state in states]
    native = graph.make_node(
        kind,
        [by_time, *weights, "", *before],  # "": no lengths
        attr=attributes,
        output_count=1 + len(states),
    )
    all_steps = graph.make_node("Squeeze", [native.output[0], second]).output[0]  # one direction
    named("Transpose", [all_steps], outputs, attr={"perm": [1, 0, 2]})
    for state, of_node in zip(after, native.output[1:], strict=True):
        named("Squeeze", [of_node, first], state)


def _node_of(layer: Any) -> tuple[str, dict[str, Any], list[np.ndarray]]:
    """Return a layer's kind of node, its attributes, and its weights as ONNX has them.

    ONNX computes x W^T, h R^T, and has the gates in an order of its own: W (1, n * U, D), R (1, n * U, U), and unless
    there is no bias B (1, 2 * n * U).
    """
    node, order, attributes = _KINDS[next(kind for kind in _KINDS if isinstance(layer, kind))]
    kernel, recurrent, *bias = (np.asarray(one) for one in layer.get_weights())

    def ordered(values: np.ndarray) -> np.ndarray:
        """Put the gates, on the last axis, into ONNX's order."""
        gates = np.split(values, len(order), axis=-1)
        return np.concatenate([gates[number] for number in order], axis=-1)

    weights = [ordered(kernel).T[None], ordered(recurrent).T[None]]
    if bias:
        of_inputs, of_state = bias[0] if bias[0].ndim == 2 else (bias[0], np.zeros_like(bias[0]))
        weights.append(np.concatenate([ordered(of_inputs), ordered(of_state)])[None])
    return node, {"hidden_size": layer.units, **attributes}, weights
