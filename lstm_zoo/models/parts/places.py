"""Errors of pixels as maps of places."""

from __future__ import annotations

from typing import Any

_PLACE = 8  # side of a place, in pixels


def mean_of_places(error: Any) -> Any:
    """Return squared errors, (B, H, W, C), as means over places of 8 x 8 pixels, (B, h, w)."""
    import keras

    pooled = keras.layers.AveragePooling2D(_PLACE, padding="same", dtype="float32", name="places")(error)
    return keras.ops.mean(pooled, axis=-1)
