"""Procedural textures, and mosaics of them: pictures whose pixels can be told apart by their neighbourhood only.

Colour, contrast and brightness of a texture are drawn without regard to its class, so that the arrangement of the
pixels is the only cue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...contracts.labels import VOID

_MARGIN = 3  # a smooth noise's grid goes on so many standard deviations beyond the border


def _grating(_: np.ndarray, across: np.ndarray) -> np.ndarray:
    return np.tanh(2 * np.sin(2 * np.pi * across))


def _dots(along: np.ndarray, across: np.ndarray) -> np.ndarray:
    row = np.floor(across)
    distance = np.hypot((along + row / 2) % 1 - 0.5, across - row - 0.5)
    return np.tanh(8 * (0.31 - distance))


def _bricks(along: np.ndarray, across: np.ndarray) -> np.ndarray:
    row = np.floor(across)
    lying = (along / 2 + row / 2) % 1  # bricks are twice as long as they are high, and staggered
    to_joint = np.minimum(0.5 - np.abs(across - row - 0.5), 1 - 2 * np.abs(lying - 0.5))
    return np.tanh(9 * (to_joint - 0.15))


def _weave(along: np.ndarray, across: np.ndarray) -> np.ndarray:
    over = (np.floor(along) + np.floor(across)) % 2 == 0
    return np.where(over, np.cos(4 * np.pi * across), np.cos(4 * np.pi * along))


# The angle of a pattern in degrees, counter-clockwise, its period in pixels, and its values over a plane.
_PATTERNS: dict[str, tuple[float, float, Callable[[np.ndarray, np.ndarray], np.ndarray]]] = {
    "grating_0": (0, 8, _grating),
    "grating_45": (45, 8, _grating),
    "grating_90": (90, 8, _grating),
    "dots": (0, 8, _dots),
    "bricks": (0, 7.5, _bricks),
    "weave": (0, 10, _weave),
}
_NOISES = {"fine_noise": 1.0, "coarse_noise": 2.6}  # with the standard deviation of their blur, in pixels

TEXTURES: tuple[str, ...] = (*_PATTERNS, *_NOISES)


def draw_texture(name: str, height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Draw one sample of a texture.

    Args:
        name: One of `TEXTURES`.
        height: Height, H, in pixels.
        width: Width, W, in pixels.
        random: Source of all that differs between samples: colours, contrast, phase, scale, a slight turn, noise.

    Returns:
        (H, W, 3) uint8.
    """
    values = _values(name, height, width, random)
    values = (values - values.mean()) / max(values.std(), 1e-3)  # so that no class is brighter or paler than another
    direction = 1 + 0.6 * random.standard_normal(3)  # from the darker to the lighter colour, mostly in brightness
    direction *= random.choice((-1, 1)) * random.uniform(0.09, 0.18) * np.sqrt(3) / np.linalg.norm(direction)
    pixels = random.uniform(0.3, 0.7, 3) + values[..., None] * direction  # (H, W, 3)
    pixels += 0.06 * random.standard_normal(pixels.shape, dtype=np.float32)
    return (np.clip(pixels, 0, 1) * 255).round().astype(np.uint8)


def _values(name: str, height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Return the pattern of a sample, (H, W), of any mean and variance."""
    scale = random.uniform(0.75, 1.25)
    if name in _NOISES:
        return smooth_noise((height, width), _NOISES[name] * scale, random)
    degrees, period, pattern = _PATTERNS[name]
    angle = np.radians(degrees + random.uniform(-8, 8))
    cos, sin = np.cos(angle) / (period * scale), np.sin(angle) / (period * scale)
    y, x = np.ogrid[:height, :width]
    phase = random.uniform(0, 2, 2)  # the longest period is two units
    return pattern(x * cos - y * sin + phase[0], x * sin + y * cos + phase[1])


def smooth_noise(shape: Sequence[int], sigma: float, random: np.random.Generator) -> np.ndarray:
    """Draw white noise blurred by a Gaussian, without wrapping round at the borders.

    The noise lies on a grid as coarse as the blur allows, which makes wide blurs the cheapest.

    Args:
        shape: Of any rank.
        sigma: Standard deviation of the blur, in pixels.
        random: Source of the noise.

    Returns:
        Float array of `shape`, of mean 0 and variance 1 at every place.
    """
    counts = [int(np.ceil((length - 1) / sigma)) + 2 * _MARGIN + 1 for length in shape]
    field = random.standard_normal(counts, dtype=np.float32)
    for length, count in zip(shape, counts, strict=True):
        distance = np.arange(length)[:, None] / sigma - (np.arange(count) - _MARGIN)
        weights = np.exp(-0.5 * distance**2)
        weights /= np.linalg.norm(weights, axis=1, keepdims=True)
        field = np.tensordot(field, weights.astype(np.float32), axes=(0, 1))  # the first axis goes, a last one comes
    return field


def blob_map(height: int, width: int, num_regions: int, random: np.random.Generator) -> np.ndarray:
    """Divide a plane into smooth random regions.

    Args:
        height: Height, H, in pixels.
        width: Width, W, in pixels.
        num_regions: R, one for each 4 pixels at the most. Each covers half of its fair share of the plane or more.
        random: Source of the regions.

    Returns:
        (H, W) int, 0 to R - 1.
    """
    area = height * width
    assert num_regions <= max(1, area // 4), (num_regions, height, width)
    least = area / num_regions / 2
    sigma = np.sqrt(area) / 10  # which gives a correlation length of a fifth of the side
    while True:
        fields = np.stack([smooth_noise((height, width), sigma, random) for _ in range(num_regions)])
        for _ in range(30):
            regions = fields.argmax(axis=0)
            small = np.bincount(regions.ravel(), minlength=num_regions) < least
            if not small.any():
                return regions
            fields[small] += 0.1  # lets a region that is too small grow where it already prevails


Fill = Callable[[int, int, int, np.random.Generator], np.ndarray]
"""Draws a sample of the class with a number, of a height and a width in pixels: (H, W, 3) uint8."""


def draw_numbered(number: int, height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Draw one sample of a texture, given its place in `TEXTURES`; see `draw_texture`."""
    return draw_texture(TEXTURES[number], height, width, random)


def draw_mosaic(
    height: int,
    width: int,
    num_regions: int,
    random: np.random.Generator,
    fill: Fill = draw_numbered,
    num_classes: int = len(TEXTURES),
) -> tuple[np.ndarray, np.ndarray]:
    """Draw smooth regions, each filled with a texture of another class.

    Args:
        height: Height, H, in pixels.
        width: Width, W, in pixels.
        num_regions: Regions of the picture; no more than there are classes.
        random: Source of the regions, their classes and their pixels.
        fill: Draws the samples.
        num_classes: Number of classes that `fill` knows.

    Returns:
        (H, W, 3) uint8, the pixels, and (H, W) uint8, the number of each pixel's class.
    """
    assert num_regions <= num_classes <= VOID, (num_regions, num_classes)
    regions = blob_map(height, width, num_regions, random)
    classes = random.permutation(num_classes)[:num_regions].astype(np.uint8)
    pixels = np.empty((height, width, 3), np.uint8)
    for region, number in enumerate(classes.tolist()):
        inside = regions == region
        pixels[inside] = fill(number, height, width, random)[inside]
    return pixels, classes[regions]


def crop_texture(image: np.ndarray, height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Cut a random window out of a texture's image.

    Args:
        image: (H, W, C); where it is smaller than the window, it is continued by reflection.
        height: Height of the window, in pixels.
        width: Width of the window, in pixels.
        random: Source of the window's place.

    Returns:
        (height, width, C), of the image's type.
    """
    rows, columns = (_window(*lengths, random) for lengths in zip(image.shape[:2], (height, width), strict=True))
    return image[rows[:, None], columns]


def _window(length: int, size: int, random: np.random.Generator) -> np.ndarray:
    """Return `size` successive places out of `length`, there and back if need be."""
    starts = length - size + 1 if length >= size else 2 * length
    places = (random.integers(starts) + np.arange(size)) % (2 * length)
    return np.minimum(places, 2 * length - 1 - places)
