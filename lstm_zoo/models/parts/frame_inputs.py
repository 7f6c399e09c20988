"""What networks of frames see: the clip, later frames as a hint in training, differences; and what sides they need."""

from __future__ import annotations

from typing import Any

from ...contracts import InputError, Spec

_SHOWN_AS = 4.0  # differences of frames are small


def frame_inputs(spec: Spec) -> dict[str, Any]:
    """Return the inputs and hints of a network by name, uint8."""
    import keras

    tensors = {**spec.inputs, **spec.hints}
    return {name: keras.Input(one.shape, dtype=one.dtype, name=name) for name, one in tensors.items()}


def check_sides(spec: Spec, divisor: int) -> None:
    """Raise an InputError if frames cannot be halved so often."""
    height, width = (side or 0 for side in spec.inputs["clip"].shape[1:3])
    if height % divisor or width % divisor:
        near = [max(round(side / divisor), 1) * divisor for side in (height, width)]
        raise InputError("data.size", f"is {[height, width]}; expected multiples of {divisor}, such as {near}")


def with_differences(frames: Any) -> Any:
    """Return frames, (B, T, H, W, C), each with its difference to the one before, (B, T-1, H, W, 2C)."""
    import keras

    moved = frames[:, 1:] - frames[:, :-1]
    return keras.layers.Concatenate(name="with_differences")([frames[:, 1:], _SHOWN_AS * moved])
