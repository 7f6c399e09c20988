"""Settings of random changes of pictures and clips."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, NonNegativeFloat, model_validator

from ...contracts import Section

Fraction = Annotated[float, Field(ge=0, le=1)]


class AugmentConfig(Section):
    """Random changes of training pictures, the same for all frames of a clip. The defaults change nothing."""

    crop_scale: tuple[Fraction, Fraction] = (1.0, 1.0)
    """Least and greatest share of the frame's area that a random crop keeps; [1, 1] takes the central square."""
    crop_ratio: tuple[NonNegativeFloat, NonNegativeFloat] = (1.0, 1.0)
    """Least and greatest ratio of width to height of the random crop."""
    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Greatest rotation to either side, in degrees; corners are filled by reflection."""
    flip: bool = False
    """Mirror left and right in half of the clips; leave it off where left and right carry meaning."""
    brightness: Fraction = 0.0
    """Greatest change of brightness, as a fraction of the full range."""
    contrast: Fraction = 0.0
    """Greatest relative change of contrast."""
    saturation: Fraction = 0.0
    """Greatest relative change of saturation."""

    @property
    def crops(self) -> bool:
        """Whether training examples show varying parts of the pictures."""
        return self.crop_scale != (1.0, 1.0) or self.crop_ratio != (1.0, 1.0)

    @model_validator(mode="after")
    def _ordered(self) -> AugmentConfig:
        for name in ("crop_scale", "crop_ratio"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name} expects [least, greatest] above 0, got [{low:g}, {high:g}]")
        return self
