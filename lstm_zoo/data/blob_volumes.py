"""Blob volumes: things with shells and cores in a noisy ground, like a magnetic resonance image. Made here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from .drawn import LOOKS, Drawn, drawn
from .segmentation import LabelledVolumes

if TYPE_CHECKING:
    import numpy as np

_Sides = Annotated[int, Field(ge=4, le=256)]


class BlobVolumes(LabelledVolumes):
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
    seed: NonNegativeInt = 0
    """Seed of the volumes; the same seed gives the same ones."""

    def class_names(self) -> tuple[str, ...]:
        """Return the ground and the kinds of things."""
        from .volume_drawing import CLASS_NAMES

        return CLASS_NAMES

    def items(self) -> dict[str, list[Drawn]]:
        """Return the volumes of each split."""
        return drawn({"train": self.num_train, "val": self.num_val, "test": self.num_test})

    def shapes(self, items: Sequence[Any]) -> list[tuple[int, ...]]:
        """Return the shape that all volumes have."""
        return [(*self.shape, 1)] * min(1, len(items))

    def source_key(self, items: Mapping[str, Sequence[Any]]) -> tuple[Any, ...]:
        """Return what the volumes depend on beyond their names."""
        del items
        return (LOOKS, self.shape, self.seed)

    def reader(self) -> Callable[[Drawn], tuple[np.ndarray, np.ndarray]]:
        """Return what draws a volume and the class of each voxel."""
        from .volume_drawing import draw_volume

        return lambda item: draw_volume(self.shape, item.random(self.seed))
