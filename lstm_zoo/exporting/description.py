"""What the inputs and outputs of an exported file are, for people and for programs: the same in all formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from ..contracts import COLOURS, Meaning, Tensor
from ..runs.network import RunNetwork
from ..streaming.step import FRAME, NEXT
from .network import axis_names

Tensors = Any
"""Whatever has a `shape` and a `dtype`, by name; Keras annotates those of its models as much else."""


def described(run: RunNetwork, inputs: Tensors, outputs: Tensors) -> dict[str, list[dict[str, Any]]]:
    """Return what a file is handed and what it answers, ready for JSON.

    Args:
        run: The run that it is made from.
        inputs: The file's inputs.
        outputs: Its outputs.

    Returns:
        Two lists, `inputs` and `outputs`, of a dict each: `name`, `dtype`, `shape` (null: free), `axes` (what they
        count), `text` for people, and facts for programs: of pixels `range` and `channels`, of numbers `labels` (where
        in the settings their names stand), `blank`, `end`, `padding`.
    """
    handed = {name: _of_input(name, one.shape, run) for name, one in inputs.items()}
    return {"inputs": _told(inputs, handed), "outputs": _told(outputs, run.config.task.meanings(run.spec))}


def _told(tensors: Tensors, meanings: Mapping[str, Meaning]) -> list[dict[str, Any]]:
    """Return tensors with what they hold; outputs that no task knows are states."""
    told = []
    for name, one in tensors.items():
        state = Meaning(f"The state after this frame, for the input `{name.removeprefix(NEXT)}`.", ("units",))
        text, axes, facts = meanings.get(name, state)
        named = {"name": name, "dtype": keras.backend.standardize_dtype(one.dtype), "shape": list(one.shape)}
        told.append({**named, "axes": ["batch", *axes], "text": text, **facts})
    return told


def _of_input(name: str, shape: tuple[int | None, ...], run: RunNetwork) -> Meaning:
    """Return what an input holds; those that the data do not give are states."""
    inputs = run.spec.inputs
    tensor = inputs.get(run.config.data.gives if name == FRAME else name)
    if tensor is None:
        return Meaning(f"A state: zeros before the first frame, then what `{NEXT}{name}` said.", ("units",))
    if tensor.dtype == "uint8":
        return _of_pixels(tensor, name, shape, run.config.data.shown)
    measured = [other for other, one in inputs.items() if one.measured_by == name]
    return Meaning(" ".join(f"The width of each `{one}`, in pixels." for one in measured), axis_names(shape)[1:])


def _of_pixels(tensor: Tensor, name: str, shape: tuple[int | None, ...], shown: str) -> Meaning:
    """Return what an input of pixels holds, and how these come from a file."""
    axes, num_channels = axis_names(shape)[1:], int(tensor.shape[-1] or 0) - tensor.masked
    numbered = tuple(f"channel {number}" for number in range(num_channels))
    channels = [*COLOURS.get(num_channels, numbered), *["inside"] * tensor.masked]
    if name == "volume":
        axes, channels[:num_channels] = ("planes", *axes[1:]), numbered
    text = f"{shown} Bytes from 0 to 255, which the file scales; channels: {', '.join(channels)}."
    text += " The last is 255 inside the picture, and 0, as the others are, where it is filled up." * tensor.masked
    text += f" Zeros lie behind its end; `{tensor.measured_by}` tells where that is." * bool(tensor.measured_by)
    return Meaning(text.strip(), axes, {"range": [0, 255], "channels": channels})
