"""How a network sees pictures: blocks of one size, and how those of training are varied."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from ...contracts import Section
from ..pictures.augment import Fraction

Side = Annotated[int, Field(ge=8)]


class PictureAugment(Section):
    """Random changes of training pictures. The defaults change nothing."""

    flip: tuple[Literal["z", "y", "x"], ...] = ()
    """Axes along which half of the pictures are mirrored: x left and right, y top and bottom, z the order of planes."""
    brightness: Fraction = 0.0
    """Greatest change of brightness, as a fraction of the full range."""
    contrast: Fraction = 0.0
    """Greatest relative change of contrast."""
    saturation: Fraction = 0.0
    """Greatest relative change of saturation; colour images only."""


class ImageBlocks(Section):
    """How a network sees images."""

    size: tuple[Side, Side] | None = None
    """Height and width that the network sees at once, in pixels; null: those of the largest training image. Smaller
    images are padded and masked; of larger ones training shows random parts, and evaluation blends overlapping ones."""
    augment: PictureAugment = PictureAugment()
    """Random changes of the training images."""

    @model_validator(mode="after")
    def _flat(self) -> ImageBlocks:
        if "z" in self.augment.flip:
            raise ValueError("augment.flip names z, but images have the axes y and x only")
        return self


class VolumeBlocks(Section):
    """How a network sees volumes."""

    size: tuple[PositiveInt, PositiveInt, PositiveInt] | None = None
    """Planes, height and width that the network sees at once, in voxels; null: those of the largest training volume.
    Smaller volumes are padded and masked; of larger ones training shows random parts, and evaluation blends
    overlapping ones."""
    augment: PictureAugment = PictureAugment()
    """Random changes of the training volumes."""

    @model_validator(mode="after")
    def _grey(self) -> VolumeBlocks:
        if self.augment.saturation:
            raise ValueError("augment.saturation is for colour images; leave it at 0")
        return self
