"""A loop that the conversion to ONNX knows: its steps read and write at the loop's own counter, upwards from 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def onnx_loop(step: Callable, state: tuple, inputs: tuple, backwards: bool) -> tuple:
    """Run a scan by TensorFlow's loop; see `layers.recurrent.scan.looped_by`.

    What is read at another place than the counter's is converted wrongly (tf2onnx 1.17), so a loop backwards runs over
    turned inputs.
    """
    import tensorflow as tf

    num_steps = inputs[0].shape[0]
    assert num_steps is not None, "the conversion mixes up types where the number of steps is a tensor"
    columns = [tf.TensorArray(one.dtype, num_steps).unstack(_turned(one, backwards)) for one in inputs]
    outputs = [tf.TensorArray(one.dtype, num_steps, element_shape=one.shape) for one in state]

    def body(place: Any, state: tuple, outputs: list) -> tuple:
        state = tuple(step(state, *(column.read(place) for column in columns)))
        return place + 1, state, [array.write(place, one) for array, one in zip(outputs, state, strict=True)]

    start = (0, tuple(state), outputs)
    *_, outputs = tf.while_loop(lambda place, *_: place < num_steps, body, start, maximum_iterations=num_steps)
    return tuple(_turned(array.stack(), backwards) for array in outputs)


def _turned(values: Any, backwards: bool) -> Any:
    import tensorflow as tf

    return tf.reverse(values, [0]) if backwards else values
