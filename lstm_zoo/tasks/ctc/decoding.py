"""How lines are read from a network's outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat

from ...contracts import Memory, Section
from .beam import beam
from .character_model import CharacterModel
from .reading import Reading, greedy

Reader = Callable[[np.ndarray], Reading]
"""Reads a line from log probabilities, (S, K + 1)."""
ORDER = 5
"""Letters of the longest sequences that are counted in training texts."""


class BestPath(Section):
    """The most probable letter at each step."""

    kind: Literal["greedy"] = "greedy"

    def reader(self, alphabet: Sequence[str], memory: Memory | None) -> Reader:
        del memory
        return lambda outputs: greedy(outputs, alphabet)


class PrefixBeam(Section):
    """The best of several texts that are followed side by side, by the network and by the letters of training texts."""

    kind: Literal["beam"] = "beam"
    width: Annotated[int, Field(ge=1, le=1000)] = 10
    """Texts that are kept at each step."""
    language: NonNegativeFloat = 0.3
    """Weight of what the training texts say of a letter after those before it; 0: the network decides alone."""
    bonus: float = 0.6
    """What each letter adds to the score of a text; without it, short texts would win where `language` counts."""
    least: Annotated[float, Field(ge=0, lt=1)] = 1e-3
    """A letter of less probability does not occur at a step."""

    def reader(self, alphabet: Sequence[str], memory: Memory | None) -> Reader:
        model = _model_of(_Same(memory)) if self.language and memory is not None else None
        options = {"width": self.width, "least": self.least, "weight": self.language, "bonus": self.bonus}
        return lambda outputs: beam(outputs, alphabet, language=model, **options)


class _Same:
    """A memory that equals itself alone, so that what is made of it can be kept."""

    def __init__(self, memory: Memory):
        self.memory = memory

    def __hash__(self) -> int:
        return id(self.memory)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.memory is self.memory


@lru_cache(2)
def _model_of(same: _Same) -> CharacterModel:
    """Return the n-grams of a memory, counted once for all lines that are predicted."""
    return CharacterModel.from_arrays(same.memory)


Decoding = Annotated[BestPath | PrefixBeam, Field(discriminator="kind")]
