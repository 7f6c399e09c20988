"""A folder of the user's own volumes (.npz, .npy, NIfTI) with label volumes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from ...contracts import InputError
from ...media.endings import VOLUMES
from ..pipeline.family import Item, Record
from .class_list import ClassList
from .labelled_files import ListedFiles
from .labelled_pictures import LabelledVolumes


class VolumeFolder(ListedFiles, LabelledVolumes):
    """Your own volumes beside label volumes of the same names, with a list of the classes.

    NIfTI files need nibabel, the extra `volumes`.
    """

    endings = (VOLUMES, VOLUMES)
    kind: Literal["volume_folder"] = "volume_folder"

    def shapes(self, items: Sequence[Item]) -> list[tuple[int, ...]]:
        files = (self.root / item.name for item in items)
        shapes = [_shape(file, file.stat().st_mtime_ns) for file in files if file.is_file()]
        return [shape for shape in shapes if shape]

    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        return (*super().source_key(items), self.limits)

    def class_list(self) -> ClassList:
        classes = super().class_list()
        if classes.colours:
            raise InputError("data.classes", "gives colours, but volumes hold numbers; give the number of each class")
        return classes

    def pair_reader(self) -> Callable[[Path, Path], Record]:
        numbers = self.class_list().numbers
        return lambda picture, labels: self.read_pair(picture, labels, numbers)

    def read_pair(self, picture: Path, labels: Path, numbers: Mapping[int, int]) -> Record:
        from ...media.label_maps import check_sizes
        from ...media.volumes import read_volume_labels

        record = {"labels": read_volume_labels(labels, numbers), **self.read(picture)}
        check_sizes(record["picture"].shape[:-1], record["labels"].shape)
        return record


@lru_cache(maxsize=100_000)  # asked for several times before training starts
def _shape(file: Path, changed: int) -> tuple[int, ...] | None:
    """Return the shape of a volume, or None if it cannot be read; `changed` is when the file was."""
    from ...media.errors import MediaError
    from ...media.volumes import read_volume

    del changed
    try:
        return read_volume(file).shape
    except MediaError:
        return None
