"""Networks for live video: one frame at a time, with what is remembered of the frames before handed in and out.

A clip network is taken apart where it looks over time. Its recurrent layers take one step from a state they are given;
its read-outs over time become running ones. Everything else sees single frames already, and stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from ..contracts import InputError, ModelConfig, Outputs
from ..layers import AttentionPooling1D
from .stream import Stream

FRAME = "frame"
"""Name of the input that takes a frame."""
NEXT = "next_"
"""What the name of a state's output begins with; the rest is its input's name."""


def step_network(network: keras.Model, model: ModelConfig) -> keras.Model:
    """Return a network of clips for one frame at a time.

    Args:
        network: From a dict of one input, (B, T, ...), to a dict of outputs.
        model: What it was built by.

    Returns:
        From a dict of `frame` (B, ...) and states, (B, ...) each and zero before the first frame, to a dict of what the
        network gives for the frames so far, and of the states after, as `next_...`.

    Raises:
        InputError: A layer needs frames that are still to come, or the network does not see frames one after the other.
    """
    if not model.streams:
        inputs = ", ".join(f"{name} {tensor.shape[1:]}" for name, tensor in network.input.items())
        seen = "whole clips" if "clip" in model.takes else f"no clips but {inputs}"
        raise InputError("", f"{model.kind} sees {seen}; it cannot be shown one frame after the other")
    (clip,) = network.input.values()
    walk = _Walk()
    frame = keras.Input(clip.shape[2:], dtype=clip.dtype, name=FRAME)
    outputs = network._run_through_graph(ops.expand_dims(frame, 1), operation_fn=walk.operation)
    return keras.Model({FRAME: frame, **walk.states}, {**outputs, **walk.next_states}, name=f"{network.name}_step")


class _Walk:
    """The way through a network, with the states met on it; recurrent layers are copied, other layers shared."""

    def __init__(self):
        self.states: dict[str, Any] = {}
        self.next_states: dict[str, Any] = {}

    def operation(self, operation: Any) -> Callable:
        """Return what stands for an operation of the clip network, where there is but one frame, (B, 1, ...)."""
        if isinstance(operation, keras.layers.Bidirectional):
            raise InputError(
                "",
                f"the network cannot be streamed: its layer {operation.name} is bidirectional. It reads a clip from "
                "the last frame too, which in live video is still to come. Train with "
                "model.bidirectional=false to stream",
            )
        if isinstance(operation, keras.layers.RNN):
            return lambda x, **_: self._recurrent(operation, x)
        if isinstance(operation, keras.layers.GlobalAveragePooling1D):
            return lambda x, **_: self._mean(operation.name, x)
        if isinstance(operation, AttentionPooling1D):
            return lambda x, **_: self._attention(operation, x)
        return operation

    def _recurrent(self, layer: keras.layers.RNN, x: Any) -> Any:
        """Take one step of a recurrent layer."""
        sizes = layer.cell.state_size
        sizes = [sizes] if isinstance(sizes, int) else list(sizes)
        names = ["h", "c"][: len(sizes)]
        before = [self._state(f"{layer.name}_{name}", size) for name, size in zip(names, sizes, strict=True)]
        twin = type(layer).from_config({**layer.get_config(), "return_state": True})
        twin.use_cudnn = False  # one step is no sequence
        outputs, *after = twin(x, initial_state=before)
        twin.set_weights(layer.get_weights())
        for name, state in zip(names, after, strict=True):
            self.next_states[f"{NEXT}{layer.name}_{name}"] = state
        return outputs

    def _mean(self, name: str, x: Any) -> Any:
        """Return the mean of the frames so far."""
        total = self._state(f"{name}_sum", x.shape[2]) + x[:, 0]
        count = self._state(f"{name}_count", 1) + 1.0
        self.next_states |= {f"{NEXT}{name}_sum": total, f"{NEXT}{name}_count": count}
        return total / count

    def _attention(self, layer: AttentionPooling1D, x: Any) -> Any:
        """Return the weighted sum of the frames so far, its weights relative to the greatest score (or 0) so far."""
        name = layer.name
        greatest, weights = self._state(f"{name}_greatest", 1), self._state(f"{name}_weights", 1)
        total = self._state(f"{name}_sum", x.shape[2])
        score = layer.score(layer.hidden(x))[:, 0]  # (B, 1)
        after = ops.maximum(greatest, score)
        kept, new = ops.exp(greatest - after), ops.exp(score - after)
        weights, total = weights * kept + new, total * kept + new * x[:, 0]
        self.next_states |= {
            f"{NEXT}{name}_greatest": after,
            f"{NEXT}{name}_weights": weights,
            f"{NEXT}{name}_sum": total,
        }
        return total / weights

    def _state(self, name: str, size: int) -> Any:
        self.states[name] = keras.Input((size,), name=name)
        return self.states[name]


class Steps(Stream):
    """A step network over videos, with what it remembers of them.

    Args:
        step: From `frame` and states to outputs and next states, as `step_network` names them.
        sizes: Size of each state, by name.
    """

    def __init__(self, step: Callable[[dict[str, Any]], Mapping[str, Any]], sizes: Mapping[str, int]):
        self._step = step
        self._sizes = dict(sizes)
        self._states: dict[str, Any] = {}

    def restart(self) -> None:
        """Forget all frames."""
        self._states = {}

    def answer(self, frames: np.ndarray) -> Outputs:
        """Show the next frame of each video; an answer comes to the first one, too."""
        if not self._states:
            self._states = {name: np.zeros((len(frames), size), np.float32) for name, size in self._sizes.items()}
        outputs = dict(self._step({FRAME: frames, **self._states}))
        self._states = {name: outputs.pop(f"{NEXT}{name}") for name in self._sizes}
        return {name: ops.convert_to_numpy(values) for name, values in outputs.items()}


def stream_of(network: keras.Model) -> Steps:
    """Return a stream through a step network, whose weights stay as they are now."""
    sizes = {name: tensor.shape[1] for name, tensor in network.input.items() if name != FRAME}
    return Steps(folded(network), sizes)


def folded(network: keras.Model) -> Callable[[dict[str, Any]], Any]:
    """Return a network, traced for one size of a batch, whose weights stay as they are now.

    As constants they are folded, batch statistics into the convolutions: a step on one frame is bound by the number of
    operations, of which that leaves about half.
    """
    weights = [
        [ops.convert_to_numpy(weight) for weight in weights]
        for weights in (network.trainable_variables, network.non_trainable_variables)
    ]

    def step(inputs: dict[str, Any]) -> Any:
        constants = [[ops.convert_to_tensor(weight) for weight in some] for some in weights]
        return network.stateless_call(*constants, inputs, training=False)[0]

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(step, autograph=False)
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(step)
    return step
