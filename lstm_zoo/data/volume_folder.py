"""A folder of the user's own volumes (.npz, .npy, NIfTI) with label volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

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

    def endings(self) -> tuple[Any, Any]:
        """Return the endings of volumes, which label volumes have as well."""
        from .volume_files import VOLUMES

        return VOLUMES, VOLUMES

    def shapes(self, items: Sequence[Pair]) -> list[tuple[int, ...]]:
        """Return the shapes of the volumes; without those that cannot be read."""
        from ..media import MediaError
        from .volume_files import read_volume

        shapes = []
        for pair in items:
            try:
                shapes.append(read_volume(self.root / pair.name).shape)
            except MediaError:
                continue
        return shapes

    def source_key(self, items: Mapping[str, Sequence[Pair]]) -> tuple[Any, ...]:
        """Return the state of every file, and the range of grey values."""
        return (*super().source_key(items), self.limits)

    def read_item(self, item: Pair) -> tuple[np.ndarray, np.ndarray]:
        """Return a volume (Z, H, W, C) with its label map (Z, H, W), uint8."""
        from .label_files import check_sizes
        from .volume_files import read_volume_labels

        check_pair(self.root, item)
        labels = read_volume_labels(self.root / item.labels, self.numbered_classes().numbers)
        picture = self.read_picture(self.root / item.name)
        check_sizes(picture.shape[:-1], labels.shape)
        return picture, labels
