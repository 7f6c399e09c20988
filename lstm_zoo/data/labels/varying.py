"""How training pictures are varied, and their labels with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .blocks import PictureAugment


def vary(arrays: Sequence[np.ndarray], augment: PictureAugment, random: np.random.Generator) -> list[np.ndarray]:
    """Return a picture (..., C) uint8 mirrored and recoloured by chance, and the labels behind it mirrored alike."""
    axes = [axis for axis, name in enumerate("zyx"[-(arrays[0].ndim - 1) :]) if name in augment.flip]
    chosen = tuple(axis for axis in axes if random.random() < 0.5)
    picture, *labels = (np.flip(array, chosen) for array in arrays)
    if not (augment.brightness or augment.contrast or augment.saturation):
        return [picture, *labels]
    values = picture.astype(np.float32)
    saturation, contrast, brightness = random.uniform(-1, 1, 3)
    if augment.saturation:
        grey = values.mean(axis=-1, keepdims=True)
        values = grey + (values - grey) * (1 + saturation * augment.saturation)
    middle = values.mean()
    values = middle + (values - middle) * (1 + contrast * augment.contrast) + brightness * augment.brightness * 255
    return [values.round().clip(0, 255).astype(np.uint8), *labels]
