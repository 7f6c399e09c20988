"""Blob volumes: things with shells and cores in a noisy ground, like a magnetic resonance image. Made here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from ..pipeline.drawn import LOOKS, DrawnData
from ..pipeline.family import Item, Record
from .labelled_pictures import LabelledVolumes
from .volume_drawing import CLASS_NAMES, draw_volume

_Sides = Annotated[int, Field(ge=4, le=256)]


class BlobVolumes(DrawnData, LabelledVolumes):
    """Volumes of things in a noisy ground; a voxel alone does not tell what it belongs to."""

    kind: Literal["blob_volumes"] = "blob_volumes"
    num_train: PositiveInt = 64
    """Volumes of the training split."""
    num_val: PositiveInt = 8
    """Volumes of the validation split."""
    num_test: PositiveInt = 16
    """Volumes of the test split."""
    shape: tuple[_Sides, _Sides, _Sides] = (24, 32, 32)
    """Planes, height and width of the volumes made, in voxels."""

    def class_names(self) -> tuple[str, ...]:
        """Return the ground and the kinds of things."""
        return CLASS_NAMES

    def shapes(self, items: Sequence[Item]) -> list[tuple[int, ...]]:
        """Return the shape that all volumes have."""
        del items
        return [(*self.shape, 1)]

    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        """Return what the volumes depend on beyond their names."""
        del items
        return (LOOKS, self.shape, self.seed)

    def reader(self) -> Callable[[Item], Record]:
        """Return what draws a volume and the class of each voxel."""

        def draw(item: Item) -> Record:
            volume, labels = draw_volume(self.shape, self.random(item))
            return {"picture": volume, "labels": labels}

        return draw
