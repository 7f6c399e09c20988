"""A folder of the user's own images beside label maps of the same names, in the layouts that are common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from ...contracts import InputError
from ...media.endings import IMAGES, LABELS
from ..pipeline.family import Item, Record
from ..pipeline.finding import state_of
from .class_list import ClassList
from .labelled_files import LabelledFiles, ListedFiles
from .labelled_pictures import LabelledImages

_LOOKED_AT = 100  # training pictures, for limits
_VALUES = 20_000  # of each
_PLAIN, _MASK = {0: 0, 1: 1}, {0: 0, 255: 1}


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
        return (*super().source_key(items), self.max_side, self.ground, self.settled_limits())

    def settled_limits(self) -> tuple[float, float] | None:
        if self.limits:
            return self.limits
        items = self.items().get("train", [])
        files = (self.root / item.name for item in items[:: -(-len(items) // _LOOKED_AT) or 1])
        return _limits_of(tuple((file, state_of(file)) for file in files))

    def pair_reader(self) -> Callable[[Item], Record]:
        import numpy as np
        from PIL import Image

        from ...media.images import image_size
        from ...media.label_maps import check_sizes, read_labels
        from ...media.label_pictures import Palettes

        classes, palettes = self.class_list(), Palettes()
        settled = self.model_copy(update={"limits": self.settled_limits()})

        def read(item: Item) -> Record:
            picture = self.root / item.name
            label_map = read_labels(self.root / item.target, classes.numbers, classes.colours, palettes)
            check_sizes(image_size(picture), label_map.shape)
            record = settled.read(picture)
            height, width, _ = record["picture"].shape
            if label_map.shape != (height, width):  # scaled down
                label_map = np.asarray(Image.fromarray(label_map).resize((width, height), Image.Resampling.NEAREST))
            return {**record, "labels": label_map}

        return read


class SegmentationFolder(ListedFiles, LabelledImageFiles):
    """Your own images beside label maps (pictures, text, NumPy files) of the same names, with a list of the classes."""

    endings = (IMAGES, LABELS)
    kind: Literal["segmentation_folder"] = "segmentation_folder"

    def class_list(self) -> ClassList:
        """Return the classes; where there are two, and label maps hold 0 and 255 alone, 255 stands for the second."""
        classes = super().class_list()
        return classes._replace(numbers=_MASK) if self._holds_masks(classes) else classes

    def remarks(self) -> list[str]:
        classes = super().class_list()
        if self._holds_masks(classes):
            return [*super().remarks(), f"label maps hold 0 and 255 alone: 255 stands for '{classes.names[1]}'"]
        return super().remarks()

    def _holds_masks(self, classes: ClassList) -> bool:
        if classes.numbers != _PLAIN:
            return False
        with suppress(InputError):  # told by `items` itself
            files = (self.root / item.target for items in self.items().values() for item in items)
            return _hold_masks(tuple((file, state_of(file)) for file in files))
        return False


@lru_cache(maxsize=16)  # asked for several times before training starts
def _limits_of(files: tuple[tuple[Path, Any], ...]) -> tuple[float, float] | None:
    """Return which values of pictures of more than 8 bits become black and white; None: none has more."""
    import numpy as np

    from ...media.deep_pictures import limits_of
    from ...media.errors import MediaError
    from ...media.images import read_deep

    found = []
    for file, _ in files:
        with suppress(MediaError):
            if (values := read_deep(file)) is not None:
                found.append(values.ravel()[:: -(-values.size // _VALUES)])
    return limits_of(np.concatenate(found)) if found else None


@lru_cache(maxsize=16)
def _hold_masks(files: tuple[tuple[Path, Any], ...]) -> bool:
    """Say whether the first label map that holds more than 0 holds 0 and 255 alone; all are read by this, later."""
    from ...media.errors import MediaError
    from ...media.label_maps import numbers_in

    for file, _ in files:
        with suppress(MediaError):
            if further := numbers_in(file) - {0}:
                return further == {255}
    return False
