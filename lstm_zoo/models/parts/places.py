"""What networks that look for anomalies share: frames shown with their differences, and errors as maps of places."""

from __future__ import annotations

from typing import Any

from ...contracts import InputError, Spec

_PLACE = 8  # side of a place, in pixels
_SHOWN_AS = 4.0  # differences of frames are small


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


def mean_of_places(error: Any) -> Any:
    """Return squared errors, (B, H, W, C), as means over places of 8 x 8 pixels, (B, h, w)."""
    import keras

    pooled = keras.layers.AveragePooling2D(_PLACE, padding="same", dtype="float32", name="places")(error)
    return keras.ops.mean(pooled, axis=-1)
