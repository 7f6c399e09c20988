"""How recurrent layers and networks will run on this machine, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import keras

from ..convolutional.conv_lstm import ConvLSTM2D
from .cudnn import cudnn_verdict, gpu_visible
from .recurrence import UNROLLED_STEPS, FastRecurrence

_WIDE = 2**13  # inputs, measured with 256 and 512 units


class Implementation(NamedTuple):
    """One of the ways in which a recurrent layer can run."""

    kind: Literal["cuDNN", "unrolled", "scanned", "Keras' loop"]
    """`Keras' loop` is the slow one."""
    why: str


def recurrent_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the recurrent layers of a model, at any depth."""
    return (layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.RNN))


def implementation(layer: keras.layers.Layer) -> Implementation:
    """Say how a recurrent layer runs on this machine, and why not on cuDNN.

    Args:
        layer: A built recurrent layer.
    """
    verdict = cudnn_verdict(layer)
    if verdict == "cuDNN":
        return Implementation("cuDNN", "a GPU is visible and nothing stands in cuDNN's way")
    if not isinstance(layer, FastRecurrence | ConvLSTM2D):
        return Implementation("Keras' loop", f"step by step over {type(layer.cell).__name__}; {verdict}")
    if reason := layer.slow_because():
        return Implementation("Keras' loop", f"{reason}; {verdict}")
    if isinstance(layer, ConvLSTM2D):
        return Implementation("unrolled", f"a loop would copy what its steps leave behind; {verdict}")
    if layer.unroll:
        return Implementation("unrolled", f"unroll=True; {verdict}")
    steps = layer.num_steps
    if steps is not None and steps <= UNROLLED_STEPS:
        return Implementation("unrolled", f"{steps} steps, no more than {UNROLLED_STEPS}; {verdict}")
    length = "a number of steps that is not known before" if steps is None else f"{steps} steps"
    alone = ", compiled by XLA" if layer.compiles_alone() else ""
    return Implementation("scanned", f"{length}, not up to {UNROLLED_STEPS}{alone}; {verdict}")


def helps_xla(model: keras.Model) -> bool:
    """Say whether to compile a training step with XLA.

    On a CPU it speeds up recurrent layers and optimizers. But its convolutions are several times slower than oneDNN's,
    its products of wide inputs by a tenth, and steps that are written out take it longer to compile than they gain. On
    a GPU, XLA cannot call cuDNN's recurrent kernels.
    """
    if keras.backend.backend() != "tensorflow":
        return keras.backend.backend() == "jax"
    layers = list(model._flatten_layers())
    slow = has_convolutions(model) or any(getattr(layer, "written_out", False) or _is_wide(layer) for layer in layers)
    on_cudnn = gpu_visible() and any(recurrent_layers(model))
    return all(layer.supports_jit for layer in layers) and not slow and not on_cudnn


def _is_wide(layer: keras.layers.Layer) -> bool:
    """Say whether most of a layer's time goes into the product of its inputs, with a loop that XLA compiles alone."""
    return isinstance(layer, FastRecurrence) and layer.compiles_alone() and layer.cell.kernel.shape[0] >= _WIDE


def has_convolutions(model: keras.Model) -> bool:
    """Say whether there is a convolution in the network, at any depth."""
    return any("Conv" in type(layer).__name__ for layer in model._flatten_layers())
