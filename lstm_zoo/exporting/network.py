"""The network as it is exported: free of cuDNN, with frozen statistics, named outputs, and sizes as free as can be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import keras

from ..layers.recurrent.implementation import recurrent_layers
from ..streaming import sees_clips, step_network

if TYPE_CHECKING:
    from ..run import Run


def exported_network(run: Run, *, streaming: bool = False, any_length: bool = True) -> keras.Model:
    """Return a second copy of a run's network, from pixels to a dict of outputs.

    Args:
        run: The run.
        streaming: Take one frame at a time, with states handed in and out.
        any_length: Take clips of any number of frames, where the network sees clips.

    Raises:
        InputError: The network cannot be streamed.
    """
    model = run.config.model.build(run.spec, pretrained=False)
    model.set_weights(run.model.get_weights())
    model.trainable = False
    network = run.config.task.exported(model)
    if streaming:
        network = step_network(network)
    elif any_length:
        network = for_any_length(network)
    for layer in recurrent_layers(network):
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False
    return network


def for_any_length(network: keras.Model) -> keras.Model:
    """Return a clip network for any number of frames, with the same layers; other networks as they are."""
    inputs = network.inputs[0]
    if not sees_clips(network):
        return network
    free = keras.Input((None, *inputs.shape[2:]), dtype=inputs.dtype, name=inputs.name)
    return keras.models.clone_model(network, input_tensors=free, clone_function=lambda layer: layer)


def layer_of(node: str, network: keras.Model) -> str:
    """Return the layer that a node of a traced network belongs to, by the node's name: network/layer/..."""
    names = {layer.name for layer in network.layers}
    for part in node.split("/"):
        for name in (part, re.sub(r"_\d+$", "", part)):  # where a layer is traced again, a number is added
            if name in names:
                return name
    return network.name


class Traceable(NamedTuple):
    """A network as a TensorFlow function, to be traced."""

    function: Any
    """From one input, or a dict of inputs, to a dict of outputs."""
    signature: Any
    """What it takes: a `tf.TensorSpec`, or a dict of them."""
    module: Any
    """A `tf.Module` that owns the weights."""

    def concrete(self) -> Any:
        """Trace it."""
        return self.function.get_concrete_function(self.signature)


def traceable(network: keras.Model) -> Traceable:
    """Return a network for tracing, as it is in use; on Keras' TensorFlow backend."""
    import tensorflow as tf

    def called(inputs: Any) -> Any:
        return network(inputs, training=False)

    specs = {one.name: tf.TensorSpec(one.shape, one.dtype, name=one.name) for one in network.inputs}
    module = tf.Module()
    module.weights = [weight.value for weight in network.weights]
    signature = specs if isinstance(network.input, dict) else next(iter(specs.values()))
    return Traceable(tf.function(called, autograph=False), signature, module)
