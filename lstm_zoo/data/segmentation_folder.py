"""A folder of the user's own images beside label maps of the same names, in the layouts that are common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ..media.endings import IMAGES, LABELS
from ..media.errors import MediaError
from .label_listing import Pair, check_pair
from .labelled_files import LabelledFiles, ListedFiles
from .segmentation import LabelledImages

if TYPE_CHECKING:
    import numpy as np


class LabelledImageFiles(LabelledFiles, LabelledImages):
    """What data sets made of image files with label maps share."""

    max_side: Annotated[int, Field(ge=16)] | None = None
    """Larger images are scaled down to this longer side first, in pixels, their label maps with them; null: none is."""

    @property
    def longest_side(self) -> int | None:
        """To what longer side larger images are scaled down."""
        return self.max_side

    def shapes(self, items: Sequence[Pair]) -> list[tuple[int, ...]]:
        """Return the shapes of the images from their headers; without those that cannot be read."""
        from ..media.images import image_size

        shapes = []
        for pair in items:
            try:
                height, width = image_size(self.root / pair.name)
            except MediaError:
                continue
            longest = max(height, width)
            most = min(longest, self.max_side or longest)
            shapes.append((max(1, height * most // longest), max(1, width * most // longest), 3))  # as `fit_within`
        return shapes

    def source_key(self, items: Mapping[str, Sequence[Pair]]) -> tuple[Any, ...]:
        """Return the state of every file, and the size of stored images."""
        return (*super().source_key(items), self.max_side)

    def read_labelled(self, item: Pair, numbers: Mapping[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return an image (H, W, 3) with its label map (H, W), uint8."""
        import numpy as np
        from PIL import Image

        from ..media.images import image_size
        from ..media.label_maps import check_sizes, read_labels

        check_pair(self.root, item)
        file = self.root / item.name
        labels = read_labels(self.root / item.labels, numbers)
        check_sizes(image_size(file), labels.shape)
        picture = self.read_picture(file)
        if picture.shape[:2] != labels.shape:  # scaled down
            labels = np.asarray(Image.fromarray(labels).resize(picture.shape[1::-1], Image.Resampling.NEAREST))
        return picture, labels


class SegmentationFolder(ListedFiles, LabelledImageFiles):
    """Your own images beside label maps (PNG, text or NumPy files) of the same names, with a list of the classes."""

    kind: Literal["segmentation_folder"] = "segmentation_folder"

    def endings(self) -> tuple[Any, Any]:
        """Return the endings of images and of label maps."""
        return IMAGES, LABELS
