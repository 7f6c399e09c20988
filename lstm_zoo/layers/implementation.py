"""How a recurrent layer will run on this machine, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import keras

from .cudnn import cudnn_verdict
from .recurrence import UNROLLED_STEPS, FastRecurrence

_RECURRENT = (keras.layers.RNN, keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)


class Implementation(NamedTuple):
    """One of the ways in which a recurrent layer can run."""

    kind: Literal["cuDNN", "unrolled", "scanned", "Keras' loop"]
    """`Keras' loop` is the slow one."""
    why: str


def recurrent_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the recurrent layers of a model, at any depth."""
    for layer in model._flatten_layers():
        if isinstance(layer, _RECURRENT):
            yield layer


def implementation(layer: keras.layers.Layer) -> Implementation:
    """Say how a recurrent layer runs on this machine, and why not on cuDNN.

    Args:
        layer: A built recurrent layer.
    """
    verdict = cudnn_verdict(layer)
    if verdict == "cuDNN":
        return Implementation("cuDNN", "a GPU is visible and nothing stands in cuDNN's way")
    if not isinstance(layer, FastRecurrence):
        return Implementation("Keras' loop", f"step by step over {type(layer.cell).__name__}; {verdict}")
    if reason := layer.slow_because():
        return Implementation("Keras' loop", f"{reason}; {verdict}")
    if layer.unroll:
        return Implementation("unrolled", f"unroll=True; {verdict}")
    steps = layer.num_steps
    if steps is not None and steps <= UNROLLED_STEPS:
        return Implementation("unrolled", f"{steps} steps, no more than {UNROLLED_STEPS}; {verdict}")
    length = "a number of steps that is not known before" if steps is None else f"{steps} steps"
    return Implementation("scanned", f"{length}, not up to {UNROLLED_STEPS}; {verdict}")
