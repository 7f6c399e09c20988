"""An ONNX file: recurrent layers as ONNX's own nodes, other scans as its loops."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from ..layers.recurrent.implementation import recurrent_layers
from ..layers.recurrent.recurrence import FastRecurrence
from ..layers.recurrent.scan import looped_by
from ..runs.network import RunNetwork
from .network import axis_names, layer_of, traceable
from .onnx_portable import hand_nothing_through, name_sizes, reduce_in_two_steps, reverse_by_slice
from .onnx_recurrence import as_native_nodes
from .options import ExportError, Options
from .settings import settings_of

if TYPE_CHECKING:
    import onnx

OPSET = 17


def save(network: keras.Model, path: Path, run: RunNetwork, options: Options) -> dict[str, Any]:
    """Write a network, with the run's settings as metadata, and texts of inputs and outputs; see `converted`."""
    import onnx

    model, sides = converted(network), (network.input, network.output)
    settings = settings_of(run, options.recipe, *sides)
    texts = {one["name"]: one["text"] for side in ("inputs", "outputs") for one in settings[side]}
    for one in [*model.graph.input, *model.graph.output]:
        one.doc_string = texts[one.name]
    for name, value in settings.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = f"lstm_zoo.{name}", json.dumps(value, ensure_ascii=False)
    onnx.save(model, str(path))
    return {"opset": OPSET}


def converted(network: keras.Model) -> onnx.ModelProto:
    """Return a network as an ONNX model, checked by onnx; it takes over the layers.

    Raises:
        ExportError: An operation has no counterpart in ONNX.
    """
    import onnx
    import tf2onnx

    native = as_native_nodes(layer for layer in recurrent_layers(network) if isinstance(layer, FastRecurrence))
    function, _ = traceable(network)
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # what it has to say is found below
    with looped_by(_onnx_loop):
        model, _ = tf2onnx.convert.from_function(
            function,
            function.input_signature,
            opset=OPSET,
            custom_op_handlers={**native, "ReverseV2": (reverse_by_slice, [])},
        )
    hand_nothing_through(model.graph)
    reduce_in_two_steps(model.graph)
    sides: Any = (network.input, network.output)
    name_sizes(model, {name: axis_names(one.shape) for side in sides for name, one in side.items()})
    foreign = [
        f"{node.op_type} (in {layer_of(node.name, network)})"
        for node in model.graph.node
        if node.domain in ("", "ai.onnx") and not onnx.defs.has(node.op_type)
    ]
    if foreign:
        raise ExportError(f"onnx: no counterpart in ONNX for {', '.join(foreign[:5])}")
    onnx.checker.check_model(model, full_check=True)
    return model


def _onnx_loop(step: Callable, state: tuple, inputs: tuple, backwards: bool) -> tuple:
    """Run a scan by a loop that the conversion knows; see `layers.recurrent.scan.looped_by`.

    Its steps read and write at the loop's own counter, upwards from 0: what is read at another place is converted
    wrongly (tf2onnx 1.17), so a loop backwards runs over turned inputs.
    """

    def turned(values: Any) -> Any:
        return tf.reverse(values, [0]) if backwards else values

    num_steps = inputs[0].shape[0] or tf.shape(inputs[0])[0]
    columns = [tf.TensorArray(one.dtype, num_steps).unstack(turned(one)) for one in inputs]
    outputs = [tf.TensorArray(one.dtype, num_steps, element_shape=one.shape) for one in state]

    def body(place: Any, state: tuple, outputs: list) -> tuple:
        state = tuple(step(state, *(column.read(place) for column in columns)))
        return place + 1, state, [array.write(place, one) for array, one in zip(outputs, state, strict=True)]

    start = (0, tuple(state), outputs)
    *_, outputs = tf.while_loop(lambda place, *_: place < num_steps, body, start, maximum_iterations=inputs[0].shape[0])
    return tuple(turned(array.stack()) for array in outputs)
