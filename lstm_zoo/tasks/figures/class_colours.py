"""A colour for each class."""

from __future__ import annotations

from functools import cache

import numpy as np

from ...contracts.labels import VOID

VOID_COLOUR = (176, 176, 176)
"""Colour of void; no class has a grey."""
_FIRST_COLOURS = "4e79a7 f28e2b 59a14f e15759 76b7b2 edc948 b07aa1 ff9da7 9c755f"  # Tableau's, without its grey


def class_colours(num_classes: int) -> np.ndarray:
    """Return a colour for each class, (K, 3) uint8; a class has the same one however many follow.

    The first are a well-known palette. Each further one is as unlike all before it as can be, by OKLab (Ottosson,
    2020), where distance is what an eye sees.
    """
    return _colour_series()[:num_classes].copy()


def palette(num_classes: int) -> np.ndarray:
    """Return the colour of every number a label map may hold, (256, 3) uint8."""
    colours = np.full((256, 3), VOID_COLOUR, np.uint8)
    colours[:num_classes] = class_colours(num_classes)
    return colours


def laid_over(image: np.ndarray, painted: np.ndarray) -> np.ndarray:
    """Return labels in their colours over their image, both (H, W, 3)."""
    return (0.45 * image + 0.55 * painted).astype(np.uint8)


@cache
def _colour_series() -> np.ndarray:
    """Return 255 colours, neither greyish nor very dark or pale, (255, 3) uint8."""
    steps = np.linspace(0, 255, 18).round()
    candidates = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    points = _oklab(candidates)
    lightness, chroma = points[:, 0], np.hypot(points[:, 1], points[:, 2])
    fit = (lightness > 0.4) & (lightness < 0.92) & (chroma > 0.07) & (chroma < 0.21)
    candidates, points = candidates[fit], points[fit]
    chosen = [np.array(tuple(bytes.fromhex(code))) for code in _FIRST_COLOURS.split()]
    distances = np.full(len(points), np.inf)
    for colour in [np.array(VOID_COLOUR), *chosen]:
        distances = np.minimum(distances, np.square(points - _oklab(colour)).sum(axis=-1))
    while len(chosen) < VOID:
        furthest = int(distances.argmax())
        chosen.append(candidates[furthest])
        distances = np.minimum(distances, np.square(points - points[furthest]).sum(axis=-1))
    return np.array(chosen).astype(np.uint8)


def _oklab(colours: np.ndarray) -> np.ndarray:
    """Return sRGB colours (..., 3) of 0 to 255 in OKLab: lightness from 0 to 1, green to red, blue to yellow."""
    share = colours / 255
    linear = np.where(share > 0.04045, ((share + 0.055) / 1.055) ** 2.4, share / 12.92)
    cones = [[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]
    axes = [[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]]
    return np.cbrt(linear @ np.array(cones).T) @ np.array(axes).T
