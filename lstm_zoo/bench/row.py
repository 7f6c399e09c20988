"""What a row of the benchmark is: one piece of work, done by us and by others; and what works are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Work = Callable[[int], float | None]
"""Does so many units of work; returns the seconds they took if the call does more than the work."""
TENSORFLOW = ("tensorflow",)
BOTH = ("tensorflow", "jax")
"""The backends of Keras that can be measured."""


@dataclass(frozen=True)
class Context:
    """What the rows of one run share."""

    scratch: Path
    """A folder for files."""
    videos: Path | None = None
    """A folder with one folder a class with videos; None: videos are drawn."""
    quick: bool = False
    """Sizes so small that only the code is tried."""


@dataclass(frozen=True)
class Contender:
    """One way to do a row's work."""

    start: Callable[[Context], Work]
    """Gets ready."""
    package: str = "keras"
    """What it is made of; imported before the clock starts. Where it is missing, the contender is left out."""
    onednn: bool = True
    """Whether TensorFlow takes oneDNN's kernels."""
    plain: bool = False
    """With oneDNN as TensorFlow sets it by itself, not as this package does."""
    backends: tuple[str, ...] = BOTH
    """Keras' backends that it is for."""


@dataclass(frozen=True)
class Row:
    """One piece of work; each contender does it in a process of its own."""

    name: str
    unit: str
    """What is counted: a step, a clip."""
    contenders: Mapping[str, Contender]
    """Ours first. Names of all that is our code begin with `ours`: the others tell how fast the machine is."""
    backends: tuple[str, ...] = TENSORFLOW
    setup: Callable[[Context], None] | None = None
    """Makes files that the contenders need, in a process of its own."""

    @property
    def measured(self) -> dict[str, Contender]:
        """The contenders; where all are ours, also a bare product, by which a machine that is busy is known."""
        yardstick = {"a matrix product": Contender(_product, "numpy")} if all(map(is_ours, self.contenders)) else {}
        return {**self.contenders, **yardstick}


def is_ours(contender: str) -> bool:
    """Say whether the contender of a name is our code."""
    return contender.split(",")[0] == "ours"


def repeated(unit: Callable[[], Any]) -> Work:
    """Return work of which each unit is one call."""

    def work(units: int) -> None:
        for _ in range(units):
            unit()

    return work


def _product(context: Context) -> Work:
    """Return products of 512 x 512 numbers by NumPy."""
    numbers = random_array(512, 512)
    return repeated(lambda: numbers @ numbers)


def random_array(*shape: int) -> np.ndarray:
    """Return normal random numbers, float32."""
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def random_pixels(*shape: int) -> np.ndarray:
    """Return random numbers in 0..255, uint8."""
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
