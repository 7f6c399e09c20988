"""How captions are written; the settings are those of `CaptionSearch`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from ..contracts import Section


class Greedy(Section):
    """The most probable word, each time."""

    kind: Literal["greedy"] = "greedy"


class Beam(Section):
    """The best of several captions that are written side by side."""

    kind: Literal["beam"] = "beam"
    width: Annotated[int, Field(ge=1, le=1000)] = 3
    """Captions that are kept at each word."""
    length_normalization: NonNegativeFloat = 0.7
    """Exponent x of `log p / words ** x`, by which finished captions are compared; 0: probability alone."""


class Sample(Section):
    """Words drawn by their probability."""

    kind: Literal["sample"] = "sample"
    temperature: PositiveFloat = 1.0
    """What scores are divided by: below 1 keeps to likely words, above 1 strays."""
    top_k: PositiveInt | None = None
    """Draw out of the so many most probable words; null: out of all."""
    seed: NonNegativeInt = 0
    """Seed of what is drawn; the same seed writes the same captions."""


Decoding = Annotated[Greedy | Beam | Sample, Field(discriminator="kind")]
