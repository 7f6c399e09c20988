"""Blob mosaics: smooth random regions, each filled with another texture. Made here, no download.

After the data set of Byeon & Breuel (ICIP 2014), "Supervised texture segmentation using 2D LSTM networks"; regions and
textures are our own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from ...contracts import InputError
from ..pipeline.family import Item, Record
from .texture_drawing import Fill, draw_mosaic
from .textures import TextureData

_LEAST_AREA = 16  # of a region, in pixels


class TextureMosaic(TextureData):
    """Mosaics of textures in smooth regions; the class of a pixel is that of its texture."""

    kind: Literal["texture_mosaic"] = "texture_mosaic"
    regions: tuple[Annotated[int, Field(ge=2)], Annotated[int, Field(ge=2)]] | None = None
    """Least and greatest number of regions of a mosaic, each of another texture; null: 3 and 5, or as many as there are
    textures."""

    @model_validator(mode="after")
    def _ordered(self) -> TextureMosaic:
        if self.regions and self.regions[0] > self.regions[1]:
            raise ValueError(f"regions expects [least, most], got {list(self.regions)}")
        return self

    def checks(self) -> Sequence[Callable[[], Any]]:
        return (*super().checks(), self._num_regions)

    def _num_regions(self) -> tuple[int, int]:
        """Return the least and the greatest number of regions."""
        num_classes = len(self.class_names())
        least, most = self.regions or (min(3, num_classes), min(5, num_classes))
        if most > num_classes:
            raise InputError("data.regions", f"asks for up to {most} textures a mosaic; there are {num_classes}")
        if most * _LEAST_AREA > self.side**2:
            raise InputError("data.regions", f"{most} do not fit into {self.side} x {self.side} pixels; take fewer")
        return least, most

    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        return (*super().source_key(items), self._num_regions())

    def draw(self, random: np.random.Generator, fill: Fill, num_classes: int) -> Record:
        least, most = self._num_regions()
        num_regions = int(random.integers(least, most + 1))
        picture, labels = draw_mosaic(self.side, self.side, num_regions, random, fill, num_classes)
        return {"picture": picture, "labels": labels}
