"""Drawn volumes like those of a scanner: smooth things in a noisy ground, under an uneven brightness.

Cores and nodules are equally bright, and noise hides the rest of what one voxel could tell: a core is what lies in a
shell.
"""

from __future__ import annotations

import numpy as np

from .texture_drawing import smooth_noise

CLASS_NAMES = ("background", "shell", "core", "nodule")
_GREYS = np.array([0.4, 0.2, 0.66, 0.66], np.float32)  # of the classes, before noise
_NOISE = 0.09  # standard deviation, in the same unit
_CORE = 0.6  # of the radius of a thing with a shell


def draw_volume(shape: tuple[int, int, int], random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw one volume.

    Args:
        shape: Planes, height and width: (Z, H, W), in voxels.
        random: Source of all that differs between volumes.

    Returns:
        (Z, H, W, 1) uint8, the voxels, and (Z, H, W) uint8, the number of each voxel's class in `CLASS_NAMES`.
    """
    labels = _draw_labels(shape, random)
    side = min(shape[1:])
    uneven = np.exp(0.15 * smooth_noise(shape, side / 3, random))
    voxels = _GREYS[labels] * uneven * random.uniform(0.85, 1.15)
    voxels += 0.03 * smooth_noise(shape, 1.0, random) + _NOISE * random.standard_normal(shape, dtype=np.float32)
    return (np.clip(voxels, 0, 1) * 255).round().astype(np.uint8)[..., None], labels


def _draw_labels(shape: tuple[int, int, int], random: np.random.Generator) -> np.ndarray:
    """Return the classes of the voxels: a thing with a shell, a nodule, and one or two more things of either kind."""
    side = min(shape[1:])
    shelled = [True, False, *(random.random(random.integers(1, 3)) < 0.5)]
    centres = _spread(shape, len(shelled), random)
    labels = np.zeros(shape, np.uint8)
    nearest = np.full(shape, np.inf, np.float32)
    for has_shell, centre in zip(shelled, centres, strict=True):
        radius = side * (random.uniform(0.26, 0.32) if has_shell else random.uniform(0.2, 0.25))
        distance = _distance(shape, centre, radius, random)
        classes = np.where(distance < _CORE, 2, 1) if has_shell else 3
        labels = np.where((distance < 1) & (distance < nearest), classes, labels)
        nearest = np.minimum(nearest, distance)
    return labels.astype(np.uint8)


def _spread(shape: tuple[int, int, int], count: int, random: np.random.Generator) -> np.ndarray:
    """Return the voxels of a few centres that lie well apart from one another, (count, 3)."""
    low, high = np.array([(int(0.15 * length), length - int(0.15 * length)) for length in shape]).T
    centres = random.integers(low, high, (1, 3))
    for _ in range(count - 1):
        candidates = random.integers(low, high, (12, 3))
        apart = np.linalg.norm(candidates[:, None] - centres, axis=2).min(axis=1)
        centres = np.vstack([centres, candidates[apart.argmax()]])
    return centres


def _distance(
    shape: tuple[int, int, int], centre: np.ndarray, radius: float, random: np.random.Generator
) -> np.ndarray:
    """Return the distance of every voxel from a centre, (Z, H, W): 1 at the surface of a dented ellipsoid."""
    axes = np.linalg.qr(random.standard_normal((3, 3)))[0] / (radius * random.uniform(0.85, 1.2, 3))
    offsets = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1) - centre  # (Z, H, W, 3)
    round_distance = np.linalg.norm(offsets.astype(np.float32) @ axes.astype(np.float32), axis=-1)
    return round_distance * np.exp(0.13 * smooth_noise(shape, min(shape[1:]) / 8, random))
