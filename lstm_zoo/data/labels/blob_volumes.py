"""Blob volumes: things with shells and cores in a noisy ground, like a magnetic resonance image. Made here."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from ...contracts import Sample
from ..pictures.picture_files import Limits
from ..pipeline.drawn import Count, DrawnData
from ..pipeline.family import Item, Record
from .labelled_volumes import LabelledVolumes
from .volume_drawing import CLASS_NAMES, draw_volume

_Sides = Annotated[int, Field(ge=4, le=256)]


class BlobVolumes(DrawnData, LabelledVolumes):
    """Volumes of things in a noisy ground; a voxel alone does not tell what it belongs to."""

    drawn_by: ClassVar[tuple[str, ...]] = ("shape", "seed")
    kind: Literal["blob_volumes"] = "blob_volumes"
    num_train: Count = 64
    """Volumes of the training split."""
    num_val: Count = 8
    """Volumes of the validation split."""
    num_test: Count = 16
    """Volumes of the test split."""
    shape: tuple[_Sides, _Sides, _Sides] = (24, 32, 32)
    """Planes, height and width of the volumes made, in voxels."""

    limits: Limits | None = (0, 255)
    """Grey values of files that become black and white, lower first; null: the 0.5 and 99.5 percentiles of each."""

    def class_names(self) -> tuple[str, ...]:
        return CLASS_NAMES

    def shapes(self, items: Sequence[Item]) -> list[tuple[int, ...]]:
        del items
        return [(*self.shape, 1)]

    def reader(self) -> Callable[[Item], Record]:
        def draw(item: Item) -> Record:
            volume, labels = draw_volume(self.shape, self.random(item))
            return {"picture": volume, "labels": labels}

        return draw

    def sample(self, item: Item, record: Record) -> Sample:
        return Sample(".npy", _stored(record["picture"]), "image", labels=_stored(record["labels"]))


def _stored(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()
