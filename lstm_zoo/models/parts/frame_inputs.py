"""Inputs of networks that see frames: the clip, and the hint of later ones that training shows, if there is one."""

from __future__ import annotations

from typing import Any

from ...contracts import Spec


def frame_inputs(spec: Spec) -> dict[str, Any]:
    """Return the inputs and hints of a network by name, uint8."""
    import keras

    tensors = {**spec.inputs, **spec.hints}
    return {name: keras.Input(one.shape, dtype=one.dtype, name=name) for name, one in tensors.items()}
