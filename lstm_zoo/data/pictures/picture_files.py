"""Settings of picture files: what is done with more than 8 bits, and with what is transparent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from ...contracts import Section

Byte = Annotated[int, Field(ge=0, le=255)]


def _ordered(limits: tuple[float, float]) -> tuple[float, float]:
    if not limits[0] < limits[1]:
        raise ValueError(f"expected [black, white], the lower first, got {list(limits)}")
    return limits


Limits = Annotated[tuple[float, float], AfterValidator(_ordered)]
"""Values that become black and white."""


class PictureFiles(Section):
    """What data sets of pictures share."""

    ground: tuple[Byte, Byte, Byte] = (255, 255, 255)
    """Colour (red, green, blue) on which pictures are laid that are transparent in parts."""
    limits: Limits | None = None
    """Values that become black and white, lower first, in files of more than 8 bits; null: the smallest usual range
    that holds all (0 to 1, or 8, 10, 12, 14 or 16 bits), or their 0.5 and 99.5 percentiles, where they fill less than a
    quarter of it, or only its upper part. The training pictures decide for all where label maps are asked for; where
    captions are, each picture does for itself."""

    def read_picture(self, path: Path, max_side: int | None = None) -> bytes:
        """Return an image file as it is stored, see `read_image`."""
        from ...media.images import read_image

        return read_image(path, max_side, limits=self.limits, ground=self.ground)
