"""Drawn digits: each is written anew, with its own slant, width and weight. Made here, no download."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

SIDE = 28
"""Height and width of a drawn digit, in pixels, as MNIST's."""
_FINER = 4  # drawn so many times larger, for smooth edges
_BETWEEN = 5  # points of a curve between two of those below
_Points = Sequence[tuple[float, float]]
_STROKES: tuple[Sequence[_Points], ...] = (
    (((0.5, 0.1), (0.26, 0.28), (0.24, 0.7), (0.5, 0.9), (0.75, 0.7), (0.74, 0.28), (0.5, 0.1)),),
    (((0.36, 0.26), (0.55, 0.1)), ((0.55, 0.1), (0.53, 0.9))),
    (((0.26, 0.3), (0.4, 0.12), (0.64, 0.14), (0.7, 0.32), (0.24, 0.88)), ((0.24, 0.88), (0.78, 0.87))),
    (
        ((0.26, 0.16), (0.52, 0.1), (0.7, 0.24), (0.44, 0.46)),
        ((0.44, 0.46), (0.72, 0.58), (0.66, 0.84), (0.4, 0.91), (0.24, 0.82)),
    ),
    (((0.56, 0.1), (0.2, 0.62)), ((0.2, 0.62), (0.82, 0.6)), ((0.64, 0.36), (0.6, 0.9))),
    (
        ((0.72, 0.12), (0.34, 0.12)),
        ((0.34, 0.12), (0.28, 0.46)),
        ((0.28, 0.46), (0.58, 0.4), (0.75, 0.62), (0.6, 0.87), (0.25, 0.85)),
    ),
    (((0.66, 0.1), (0.36, 0.34), (0.26, 0.68), (0.44, 0.9), (0.68, 0.82), (0.68, 0.58), (0.46, 0.52), (0.28, 0.68)),),
    (((0.22, 0.14), (0.76, 0.13)), ((0.76, 0.13), (0.52, 0.5), (0.42, 0.9))),
    (
        (
            *((0.5, 0.48), (0.28, 0.3), (0.5, 0.1), (0.72, 0.28)),
            *((0.5, 0.48), (0.25, 0.7), (0.5, 0.9), (0.75, 0.7), (0.5, 0.48)),
        ),
    ),
    (((0.7, 0.28), (0.48, 0.1), (0.28, 0.28), (0.44, 0.48), (0.7, 0.28)), ((0.7, 0.28), (0.68, 0.6), (0.56, 0.9))),
)
"""Strokes of 0 to 9 by points (x, y) that they lead through; y goes down."""


def draw_digit(random: np.random.Generator) -> np.ndarray:
    """Draw a random digit, (SIDE, SIDE) uint8, white on black."""
    slant, turn = random.uniform(-0.25, 0.35), random.uniform(-0.15, 0.15)
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    formed = turned @ np.array([[1, -slant], [0, 1]]) @ np.diag(random.uniform((0.75, 0.8), (1.05, 0.95)))
    weight, large = random.uniform(1.6, 3.2) * _FINER, SIDE * _FINER
    picture = Image.new("L", (large, large))
    pen = ImageDraw.Draw(picture)
    for stroke in _STROKES[int(random.integers(len(_STROKES)))]:
        points = np.array(stroke) - 0.5
        points[1:-1] += random.normal(0, 0.02, points[1:-1].shape)  # ends meet those of other strokes
        line = ((_curve(points) @ formed.T + 0.5) * large).tolist()
        pen.line([tuple(point) for point in line], 255, round(weight), "curve")
        for x, y in line:
            pen.ellipse((x - weight / 2, y - weight / 2, x + weight / 2, y + weight / 2), 255)
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX))


def _curve(points: np.ndarray) -> np.ndarray:
    """Return points (n, 2) of a smooth curve through some (Catmull and Rom's)."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, _BETWEEN, endpoint=False)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False)
    ]
    return np.concatenate([*parts, points[-1:]])
