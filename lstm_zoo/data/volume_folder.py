"""A folder of the user's own volumes (.npz, .npy, NIfTI) with label volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import model_validator

from ..media.endings import VOLUMES
from ..media.errors import MediaError
from .label_listing import Pair, check_pair
from .labelled_files import ListedFiles
from .segmentation import LabelledVolumes

if TYPE_CHECKING:
    import numpy as np


class VolumeFolder(ListedFiles, LabelledVolumes):
    """Your own volumes beside label volumes of the same names, with a list of the classes.

    NIfTI files need nibabel, the extra `volumes`.
    """

    kind: Literal["volume_folder"] = "volume_folder"
    limits: tuple[float, float] | None = None
    """Grey values that become black and white, lower first; null: the 0.5 and 99.5 percentiles of each volume."""

    @model_validator(mode="after")
    def _ordered(self) -> VolumeFolder:
        if self.limits and not self.limits[0] < self.limits[1]:
            raise ValueError(f"limits expects [black, white], the lower first, got {list(self.limits)}")
        return self

    @property
    def grey_limits(self) -> tuple[float, float] | None:
        """Which grey values become black and white."""
        return self.limits

    def endings(self) -> tuple[Any, Any]:
        """Return the endings of volumes, which label volumes have as well."""
        return VOLUMES, VOLUMES

    def shapes(self, items: Sequence[Pair]) -> list[tuple[int, ...]]:
        """Return the shapes of the volumes; without those that cannot be read."""
        files = (self.root / pair.name for pair in items)
        shapes = [_shape(file, file.stat().st_mtime_ns) for file in files if file.is_file()]
        return [shape for shape in shapes if shape]

    def source_key(self, items: Mapping[str, Sequence[Pair]]) -> tuple[Any, ...]:
        """Return the state of every file, and the range of grey values."""
        return (*super().source_key(items), self.limits)

    def read_labelled(self, item: Pair, numbers: Mapping[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return a volume (Z, H, W, C) with its label map (Z, H, W), uint8."""
        from ..media.label_maps import check_sizes
        from ..media.volumes import read_volume_labels

        check_pair(self.root, item)
        labels = read_volume_labels(self.root / item.labels, numbers)
        picture = self.read_picture(self.root / item.name)
        check_sizes(picture.shape[:-1], labels.shape)
        return picture, labels


@lru_cache(maxsize=100_000)  # asked for several times before training starts
def _shape(file: Path, changed: int) -> tuple[int, ...] | None:
    """Return the shape of a volume, or None if it cannot be read; `changed` is when the file was."""
    from ..media.volumes import read_volume

    del changed
    try:
        return read_volume(file).shape
    except MediaError:
        return None
