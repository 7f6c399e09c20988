"""Moving shapes: synthetic clips in which the order of the frames is the only cue. Made here, no download.

A textured shape moves over a textured, moving background in one of four ways (sideways, upright, in size, by
turning), played forwards or backwards: eight classes. Since a backward clip is a forward clip with its frames
reversed, the set of frames is distributed alike in both, and whoever ignores order can reach 0.5 at the most.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from ...contracts import Sample
from ..pipeline.drawn import Count, DrawnData
from ..pipeline.family import Item, Record
from .video_data import VideoData

# Motion of the forward clip, then of the same clip reversed.
_PAIRS = (("right", "left"), ("down", "up"), ("grow", "shrink"), ("clockwise", "counter_clockwise"))
CLASS_NAMES = tuple(name for pair in _PAIRS for name in pair)
_FPS = 8


class MovingShapes(DrawnData, VideoData):
    """Synthetic clips of textured shapes; eight motions in time-reversed pairs."""

    noun: ClassVar[str] = "video"
    drawn_by: ClassVar[tuple[str, ...]] = ("side", "length", "seed")
    kind: Literal["moving_shapes"] = "moving_shapes"
    num_train: Count = 1920
    """Clips of the training split."""
    num_val: Count = 160
    """Clips of the validation split."""
    num_test: Count = 320
    """Clips of the test split."""
    side: Annotated[int, Field(ge=16, le=512)] = 48
    """Height and width of the clips made, in pixels."""
    length: Annotated[int, Field(ge=4)] = 16
    """Frames of the clips made."""
    short_side: Annotated[int, Field(ge=8)] = 48
    """Shorter side of the frames of videos given to predict, in pixels."""

    def class_names(self) -> tuple[str, ...]:
        return CLASS_NAMES

    def target_to_draw(self, number: int) -> str:
        return CLASS_NAMES[number % len(CLASS_NAMES)]

    def reader(self) -> Callable[[Item], Record]:
        from PIL import Image

        def draw(item: Item) -> Record:
            frames = []
            for picture in draw_clip(item.target, self.length, self.side, self.random(item)):
                buffer = io.BytesIO()
                Image.fromarray(picture).save(buffer, "JPEG", quality=90)
                frames.append(buffer.getvalue())
            times = np.arange(self.length, dtype=np.float32)
            return {"video": frames, "times": times, "seconds": self.length / _FPS}

        return draw

    def sample(self, item: Item, record: Record) -> Sample:
        from PIL import Image

        from ...media.films.writing import mp4_of

        frames = np.stack([np.asarray(Image.open(io.BytesIO(frame))) for frame in record["video"]])
        return Sample(".mp4", mp4_of(frames, _FPS), truths=[{"label": item.target}])


def draw_clip(class_name: str, length: int, side: int, random: np.random.Generator) -> np.ndarray:
    """Draw one clip.

    Args:
        class_name: One of `CLASS_NAMES`.
        length: Frames, T.
        side: Height and width, in pixels.
        random: Source of all that differs between clips of a class.

    Returns:
        (T, side, side, 3) uint8.
    """
    pair = next(pair for pair in _PAIRS if class_name in pair)
    time = np.linspace(0, 1, length, dtype=np.float32)[:, None, None]  # (T, 1, 1)
    axis = np.linspace(-1, 1, side, dtype=np.float32)
    y, x = axis[None, :, None], axis[None, None, :]
    drift_x, drift_y = random.uniform(-0.4, 0.4, 2)
    background = _texture(x - time * drift_x, y - time * drift_y, random, colours=(0.1, 0.4), contrast=0.06)
    centre_x, centre_y, scale, angle = _motion(pair[0], time, random)
    cos, sin = np.cos(angle), np.sin(angle)
    u = ((x - centre_x) * cos + (y - centre_y) * sin) / scale  # the shape's own coordinates
    v = (-(x - centre_x) * sin + (y - centre_y) * cos) / scale
    inside = _inside(u, v, random)[..., None]
    shape = _texture(u, v, random, colours=(0.55, 0.75), contrast=0.06) + 0.25 * np.clip(u, -1, 1)[..., None]
    pictures = np.clip(np.where(inside, shape, background), 0, 1)  # one side of the shape is brighter: it has a front
    if class_name == pair[1]:
        pictures = pictures[::-1]
    return np.ascontiguousarray((pictures * 255).round().astype(np.uint8))


def _motion(forward: str, time: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return the centre (x, y), the half size and the angle over time, each (T, 1, 1)."""
    still = np.zeros_like(time)
    distance = random.uniform(0.5, 0.9) * (2 * time - 1) / 1.4
    drift = random.uniform(-0.35, 0.35, 2)
    centre_x, centre_y = still + drift[0], still + drift[1]
    scale, angle = still + random.uniform(0.35, 0.5), still + random.uniform(0, 2 * np.pi)
    if forward == "right":
        centre_x = centre_x + distance
    elif forward == "down":
        centre_y = centre_y + distance
    elif forward == "grow":
        scale = scale * np.exp(random.uniform(0.5, 0.8) * (2 * time - 1))
    else:
        angle = still + random.uniform(-0.6, 0.6) + random.uniform(0.6, 1.0) * np.pi * (time - 0.5)
    return centre_x, centre_y, scale, angle


def _texture(
    x: np.ndarray, y: np.ndarray, random: np.random.Generator, colours: tuple[float, float], contrast: float
) -> np.ndarray:
    """Return three random gratings on a random colour out of a range, (T, H, W, 3)."""
    pixels = random.uniform(*colours, 3).astype(np.float32)
    for _ in range(3):
        direction, frequency, phase = random.uniform(0, np.pi), random.uniform(2, 7), random.uniform(0, 2 * np.pi)
        wave = np.sin(frequency * (x * np.cos(direction) + y * np.sin(direction)) + phase)  # (T, H, W)
        pixels = pixels + wave[..., None] * random.uniform(-contrast, contrast, 3).astype(np.float32)
    return pixels


def _inside(u: np.ndarray, v: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return where a random shape without rotational symmetry covers the plane, (T, H, W) bool."""
    corners = random.integers(3)
    if corners == 0:  # triangle
        return (v > -0.8) & (v < 0.9 - 2.2 * np.abs(u))
    if corners == 1:  # letter L
        return (np.abs(u) < 0.8) & (np.abs(v) < 0.9) & ((u < -0.2) | (v > 0.35))
    return (u * u + v * v < 0.8) & ~((u > 0.05) & (np.abs(v) < 0.35))  # disc with a notch
