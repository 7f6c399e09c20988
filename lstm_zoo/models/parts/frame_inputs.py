"""Inputs of networks that foretell frames: the clip, and the hint of later frames that training shows."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, PositiveInt

from ...contracts import Spec

def _odd(size: int) -> int:
    if size % 2 == 0:
        raise ValueError(f"got {size}, expected an odd number, so that what a unit sees has a centre")
    return size


Window = Annotated[PositiveInt, AfterValidator(_odd)]
"""Side of what a unit sees of the step before, in patches; odd."""


def frame_inputs(spec: Spec) -> dict[str, Any]:
    """Return the inputs and hints of a network by name, uint8."""
    import keras

    tensors = {**spec.inputs, **spec.hints}
    return {name: keras.Input(one.shape, dtype=one.dtype, name=name) for name, one in tensors.items()}
