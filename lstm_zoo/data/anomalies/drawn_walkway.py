"""A walkway: synthetic films of people who walk; in test films something large and fast drives by. No download."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from ...contracts import Sample
from ..pipeline.drawn import Count, DrawnData
from ..pipeline.family import Item, Record
from .anomaly_data import AnomalyData

_FPS = 10.0


class DrawnWalkway(DrawnData, AnomalyData):
    """Synthetic films of a walkway: people walk, and in a part of each test film a cart drives by."""

    noun: ClassVar[str] = "film"
    drawn_by: ClassVar[tuple[str, ...]] = ("length", "size", "num_frames", "frame_step", "tempos", "seed")
    kind: Literal["drawn_walkway"] = "drawn_walkway"
    num_train: Count = 24
    """Films of the training split."""
    num_val: Count = 4
    """Films of the validation split, normal ones, too."""
    num_test: Count = 8
    """Films of the test split."""
    length: Annotated[int, Field(ge=16)] = 120
    """Frames of the films made."""
    size: tuple[Annotated[int, Field(ge=16, le=512)], Annotated[int, Field(ge=16, le=512)]] = (48, 72)
    """Height and width of the frames, in pixels."""

    @property
    def frame_shape(self) -> tuple[int, int, int]:
        return *self.size, 1

    def reader(self) -> Callable[[Item], Record]:
        def draw(item: Item) -> Record:
            random, flags = self.random(item), np.zeros(self.length, np.uint8)
            if item.name.startswith("test/"):
                first = int(random.integers(self.length // 4, self.length // 2))
                flags[first : first + self.length // 4] = 1
            frames = list(draw_walkway(flags, self.size, random))
            times = np.arange(self.length) / _FPS
            return {"video": frames, "starts": times, "fps": _FPS, "remarks": (), "flags": flags}

        return draw

    def sample(self, item: Item, record: Record) -> Sample:
        """Return a film, and from which frame to which a cart is there; frames count from 0, the end is not in."""
        from ...media.films.writing import mp4_of

        there = np.flatnonzero(record["flags"])
        events = [{"start": str(there[0]), "end": str(there[-1] + 1)}] * bool(there.size)
        return Sample(".mp4", mp4_of(np.stack(record["video"]).repeat(3, axis=-1), _FPS), "video", events)


def draw_walkway(flags: np.ndarray, size: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    """Draw one film.

    Args:
        flags: In which frames the cart is there, (T,).
        size: Height H and width W, in pixels.
        random: Source of all that differs between films.

    Returns:
        (T, H, W, 1) uint8.
    """
    height, width = size
    ground = 150 + 12 * np.sin(np.arange(width) / 7)[None] + np.linspace(-10, 10, height)[:, None]
    frames = ground + random.normal(0, 2, (len(flags), height, width))
    tall, lane = height // 6, height // 4
    for _ in range(5):
        place, pace = random.uniform(0, width), random.choice([-1, 1]) * random.uniform(0.4, 1.0)
        top, shade = int(random.integers(0, height - tall)), random.uniform(30, 100)
        for time, frame in enumerate(frames):
            left = int(place + pace * time) % (width - 3)
            frame[top : top + tall, left : left + 3] = shade
    for time in np.flatnonzero(flags):
        left = int(4 * time) % (width - width // 5)
        frames[time, height // 2 : height // 2 + lane, left : left + width // 5] = random.normal(225, 3)
    return frames.clip(0, 255).round().astype(np.uint8)[..., np.newaxis]
