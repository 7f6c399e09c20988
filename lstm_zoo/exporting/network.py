"""The network as it is exported: free of cuDNN, with frozen statistics, named outputs, and sizes as free as can be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ..contracts import InputError, Outputs
from ..layers.compiled import for_a_file
from ..layers.recurrent.implementation import recurrent_layers
from ..runs.lengths import free_axis
from ..runs.network import Inputs, RunNetwork
from ..streaming.step import step_network


def exported_network(
    run: RunNetwork,
    inputs: Inputs,
    *,
    streaming: bool = False,
    any_length: bool = True,
    static_shape: Mapping[str, int] | None = None,
) -> keras.Model:
    """Return a second copy of a run's network in use.

    Args:
        run: The run.
        inputs: Examples.
        streaming: Take one frame at a time, with states handed in and out.
        any_length: Take clips of any number of frames, and lines of any width; else such as the examples are.
        static_shape: Sizes to fix, by the names of the axes: `batch`, and what else is free.

    Raises:
        InputError: The network cannot be streamed, or a size to fix is not free.
    """
    config = run.config
    model = config.model.build(run.spec, pretrained=False)
    model.set_weights(run.model.get_weights())
    model.trainable = False
    network = config.task.network(model, run.spec)
    if streaming:
        network = step_network(network, config.model)
    elif any_length and config.model.streams:
        network = for_any_length(network)
    elif not any_length and any(free_axis(run.spec, name) for name in run.spec.inputs):
        network = _on_inputs(network, {name: values.shape[1:] for name, values in inputs.items()})
    if static_shape:
        network = _of_static_shape(network, static_shape, run)
    for layer in recurrent_layers(network):
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False
    return network


def axis_names(shape: Sequence[int | None]) -> tuple[str, ...]:
    """Return the names of the axes of an input or output, as far as they can be free."""
    pictures = {4: ("height", "width", "channels"), 5: ("frames", "height", "width", "channels")}
    return ("batch", *pictures.get(len(shape), ("steps", *["classes"] * len(shape))))[: len(shape)]


def for_any_length(network: keras.Model) -> keras.Model:
    """Return a network of clips for any number of frames, with the same layers."""
    ((name, clip),) = network.input.items()
    return _on_inputs(network, {name: (None, *clip.shape[2:])})


def _of_static_shape(network: keras.Model, sizes: Mapping[str, int], run: RunNetwork) -> keras.Model:
    """Return a network with some sizes of its inputs fixed, with the same layers.

    Raises:
        InputError: There is no such axis, or it has another size already.
    """
    named = {name: dict(zip(axis_names(one.shape), one.shape, strict=True)) for name, one in network.input.items()}
    there = {axis: size for sides in named.values() for axis, size in sides.items()}
    free = ", ".join(axis for axis, size in there.items() if size is None)
    if "frames" in there:
        there["frames"] = run.spec.inputs[run.config.data.gives].shape[0]  # evaluation shows clips of as many
    for axis, size in sizes.items():
        if there.get(axis, 0) not in (None, size):
            told = f"this network has {axis}={there[axis]}" if axis in there else f"expected sizes of {free}"
            raise InputError("", f"--static-shape {axis}={size}: {told}")
    batch = sizes.get("batch")
    shapes = {name: tuple(sizes.get(axis, side) for axis, side in sides.items()) for name, sides in named.items()}
    return _on_inputs(network, {name: shape[1:] for name, shape in shapes.items()}, batch)


def _on_inputs(
    network: keras.Model, shapes: dict[str, tuple[int | None, ...]], batch: int | None = None
) -> keras.Model:
    """Return a network for inputs of other shapes, (...) without the batch axis, with the same layers."""
    inputs = {name: keras.Input(shapes[name], batch, one.dtype, name=name) for name, one in network.input.items()}
    return keras.models.clone_model(network, input_tensors=inputs, clone_function=lambda layer: layer)


def layer_of(node: str, network: keras.Model) -> str:
    """Return the layer that a node of a traced network belongs to, by the node's name: network/layer/..."""
    names = {layer.name for layer in network.layers}
    for part in node.split("/"):
        for name in (part, re.sub(r"_\d+$", "", part)):  # where a layer is traced again, a number is added
            if name in names:
                return name
    return network.name


def traceable(network: keras.Model) -> tuple[Any, tf.Module]:
    """Return a network in use as a TensorFlow function, to be traced for a file, and the module that owns its weights.

    The function goes from a dict of inputs, as its `input_signature` says, to a dict of outputs.
    """
    signature = {name: tf.TensorSpec(one.shape, one.dtype, name=name) for name, one in network.input.items()}

    @tf.function(autograph=False, input_signature=[signature])
    def called(inputs: Any) -> Any:
        with for_a_file():
            return network(inputs, training=False)

    module = tf.Module()
    module.weights = [weight.value for weight in network.weights]
    return called, module


def answering(network: keras.Model) -> Callable[[Inputs], Outputs]:
    """Return a network from inputs to outputs, traced once for all sizes of a batch."""
    if keras.backend.backend() != "tensorflow":
        return lambda inputs: {name: keras.ops.convert_to_numpy(one) for name, one in network(inputs).items()}
    concrete = traceable(network)[0].get_concrete_function()

    def answer(inputs: Inputs) -> Outputs:
        tensors = {name: tf.convert_to_tensor(values) for name, values in inputs.items()}
        return {name: one.numpy() for name, one in concrete(tensors).items()}

    return answer
