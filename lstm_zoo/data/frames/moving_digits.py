"""Moving digits (Srivastava, Mansimov & Salakhutdinov, ICML 2015, arXiv 1502.04681): digits that bounce off the walls.

Differs from the paper: digits are drawn here unless a file of them is given; each clip is a function of the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from ...contracts import InputError, Sample, UserPath
from ..pipeline.drawn import Count, DrawnData
from ..pipeline.family import Item, Record
from ..pipeline.finding import state_of
from .digit_drawing import SIDE, draw_digit
from .digit_files import Pools, digits_in, digits_of_tfds
from .frame_data import FrameData

_FPS = 10.0  # of films for people; frames that are drawn have no time


class MovingDigits(DrawnData, FrameData):
    """Digits that move straight on and bounce off the walls: ten frames to foretell the next ten from."""

    noun: ClassVar[str] = "clip"
    drawn_by: ClassVar[tuple[str, ...]] = ("num_frames", "horizon", "side", "num_digits", "speed", "seed", "tfds")

    kind: Literal["moving_digits"] = "moving_digits"
    num_train: Count = 2000
    """Clips of the training split."""
    num_val: Count = 100
    """Clips of the validation split."""
    num_test: Count = 500
    """Clips of the test split."""
    side: Annotated[int, Field(ge=8, le=512)] = 64
    """Height and width of the frames, in pixels."""
    num_digits: Annotated[int, Field(ge=1, le=20)] = 2
    """Digits of a clip."""
    speed: Annotated[float, Field(ge=0, le=64)] = 3.6
    """How far a digit moves from frame to frame, in pixels."""
    digits: UserPath | None = None
    """File of pictures of digits: `mnist.npz`, another NumPy file of (n, H, W) uint8, an IDX file, or the folder of
    MNIST's; those for train, val and test are apart. null: digits are drawn, 28 pixels high."""
    tfds: str | None = None
    """TFDS data set of pictures to take in their place, such as `mnist`."""

    @model_validator(mode="after")
    def _one_source(self) -> MovingDigits:
        if self.digits and self.tfds:
            raise ValueError("digits and tfds both name pictures; keep one of them")
        return self

    @property
    def frame_size(self) -> tuple[int, int]:
        return self.side, self.side

    def checks(self) -> Sequence[Callable[[], Any]]:
        return (self._check_digits,)

    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        return (*super().source_key(items), self.digits and (self.digits, state_of(self.digits)))

    def reader(self) -> Callable[[Item], Record]:
        pools = self._check_digits() if self.tfds is None else digits_of_tfds(self.tfds, self.data_dir)
        self._check_size(pools)

        def draw(item: Item) -> Record:
            random, split = self.random(item), item.name.split("/")[0]
            frames = np.zeros((self.num_frames + self.horizon, self.side, self.side), np.uint8)
            for _ in range(self.num_digits):
                digit = draw_digit(random) if pools is None else pools[split][random.integers(len(pools[split]))]
                _move(frames, digit, self.speed, random)
            return {"frames": frames[..., np.newaxis]}

        return draw

    def sample(self, item: Item, record: Record) -> Sample:
        from ...media.films.writing import mp4_of

        return Sample(".mp4", mp4_of(record["frames"].repeat(3, axis=-1), _FPS))

    def _check_digits(self) -> Pools | None:
        """Return the pictures of a file; None where there is none, or TFDS has them."""
        pools = None if self.digits is None else digits_in(self.digits, state_of(self.digits))
        self._check_size(pools)
        return pools

    def _check_size(self, pools: Pools | None) -> None:
        height, width = (SIDE, SIDE) if pools is None else pools["train"].shape[1:]
        if max(height, width) > self.side:
            raise InputError("data.side", f"is {self.side}, but digits are {height} x {width} pixels; raise it")


def _move(frames: np.ndarray, digit: np.ndarray, speed: float, random: np.random.Generator) -> None:
    """Add a digit (h, w) to frames (T, H, W) that moves from a random place in a random direction; both brighten."""
    room = np.array(frames.shape[1:]) - digit.shape
    place, angle = random.uniform(0, room), random.uniform(0, 2 * np.pi)
    step = speed * np.array([np.sin(angle), np.cos(angle)])
    for frame in frames:
        place = place + step
        step = np.where((place < 0) | (place > room), -step, step)
        place = place.clip(0, room)
        top, left = place.astype(int)
        part = frame[top : top + digit.shape[0], left : left + digit.shape[1]]
        np.maximum(part, digit, out=part)
