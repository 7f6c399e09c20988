"""Blob mosaics: smooth random regions, each filled with another texture. Made here, no download.

After the data set of Byeon & Breuel (ICIP 2014), "Supervised texture segmentation using 2D LSTM networks"; regions and
textures are our own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from .textures import TextureData

if TYPE_CHECKING:
    import numpy as np

    from .texture_drawing import Fill


class TextureMosaic(TextureData):
    """Mosaics of textures in smooth regions; the class of a pixel is that of its texture."""

    kind: Literal["texture_mosaic"] = "texture_mosaic"
    regions: tuple[Annotated[int, Field(ge=2)], Annotated[int, Field(ge=2)]] = (3, 5)
    """Least and greatest number of regions of a mosaic, each of another texture."""

    @model_validator(mode="after")
    def _ordered(self) -> TextureMosaic:
        if self.regions[0] > self.regions[1]:
            raise ValueError(f"regions expects [least, most], got {list(self.regions)}")
        return self

    def source_key(self, items):
        """Return what the mosaics depend on beyond their names."""
        return (*super().source_key(items), self.regions)

    def draw(self, random: np.random.Generator, fill: Fill) -> tuple[np.ndarray, np.ndarray]:
        """Draw a mosaic and the number of each pixel's texture."""
        from .texture_drawing import draw_mosaic

        num_classes = len(self.class_names())
        least, most = (min(count, num_classes) for count in self.regions)
        return draw_mosaic(self.side, self.side, int(random.integers(least, most + 1)), random, fill, num_classes)
