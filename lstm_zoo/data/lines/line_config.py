"""Settings of how a network sees lines of text."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ...contracts import Section

_Fraction = Annotated[float, Field(ge=0, le=0.5)]


class LineAugment(Section):
    """Random changes of training lines. The defaults change nothing."""

    slant: _Fraction = 0.0
    """Greatest shear to either side: pixels sideways for each pixel of height."""
    rotation: Annotated[float, Field(ge=0, le=10)] = 0.0
    """Greatest rotation to either side, in degrees."""
    shrink: _Fraction = 0.0
    """Greatest loss of width and of height, as a fraction of them; the picture keeps its size."""
    shift: _Fraction = 0.0
    """Greatest shift up or down, as a fraction of the height."""
    contrast: _Fraction = 0.0
    """Greatest relative change of contrast."""
    brightness: _Fraction = 0.0
    """Greatest change of brightness, as a fraction of the full range."""
    noise: _Fraction = 0.0
    """Greatest standard deviation of noise, as a fraction of the full range."""


class LineConfig(Section):
    """How a network sees lines: scaled to one height, as wide as they are."""

    height: Annotated[int, Field(ge=8, le=256)] = 48
    """Height that lines are scaled to, in pixels; their ratio of width to height is kept."""
    pixels_per_step: Literal[1, 2, 4, 8] = 4
    """Width of what a network looks at for each of its answers, in pixels; a line needs a step for each letter, and one
    more between equal neighbours."""
    ink: Literal["auto", "dark", "light"] = "auto"
    """What is ink: `dark` on light paper, `light` on dark; `auto` takes what covers less."""
    deskew: bool = False
    """Whether lines that run up or down are made level."""
    augment: LineAugment = LineAugment()
    """Random changes of training lines."""

    def width_at_height(self, size: tuple[int, int]) -> int:
        """Return the width of a line of a size (height, width) once it is scaled, in pixels."""
        return max(1, round(size[1] * self.height / size[0]))
