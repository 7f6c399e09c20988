"""A folder of the user's own images beside label maps of the same names, in the layouts that are common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ...media.endings import IMAGES, LABELS
from ..pipeline.family import Item, Record
from .labelled_files import LabelledFiles, ListedFiles
from .labelled_pictures import LabelledImages


class LabelledImageFiles(LabelledFiles, LabelledImages):
    """What data sets made of image files with label maps share."""

    def shapes(self, items: Sequence[Item]) -> list[tuple[int, ...]]:
        from ...media.errors import MediaError
        from ...media.images import image_size

        shapes = []
        for item in items:
            try:
                height, width = image_size(self.root / item.name)
            except MediaError:
                continue
            longest = max(height, width)
            most = min(longest, self.max_side or longest)
            shapes.append((max(1, height * most // longest), max(1, width * most // longest), 3))  # as `fit_within`
        return shapes

    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        return (*super().source_key(items), self.max_side)

    def read_pair(self, picture: Path, labels: Path, numbers: Mapping[int, int]) -> Record:
        import numpy as np
        from PIL import Image

        from ...media.images import image_size
        from ...media.label_maps import check_sizes, read_labels

        label_map = read_labels(labels, numbers)
        check_sizes(image_size(picture), label_map.shape)
        record = self.read(picture)
        height, width, _ = record["picture"].shape
        if label_map.shape != (height, width):  # scaled down
            label_map = np.asarray(Image.fromarray(label_map).resize((width, height), Image.Resampling.NEAREST))
        return {**record, "labels": label_map}


class SegmentationFolder(ListedFiles, LabelledImageFiles):
    """Your own images beside label maps (PNG, text or NumPy files) of the same names, with a list of the classes."""

    endings = (IMAGES, LABELS)
    kind: Literal["segmentation_folder"] = "segmentation_folder"
