"""Prepared labelled pictures: images or volumes with the class of every pixel, as arrays of uint8."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow_datasets as tfds

from .prepare import PreparedBuilder, Source

_TABLE = "pictures.csv"


class StoredPicture(NamedTuple):
    """What is known of a stored picture without reading it."""

    name: str
    shape: tuple[int, ...]
    """(..., C)"""
    label_shape: tuple[int, ...]


class LabelBuilder(PreparedBuilder, skip_registration=True):
    """Writes pictures with their label maps.

    Args:
        dataset: Name of the data set.
        source: The pictures.
        data_dir: Where prepared data are kept.
        rank: Axes of a label map; a picture has one more.
    """

    noun = "picture"

    def __init__(self, dataset: str, source: Source, data_dir: Path | None = None, *, rank: int):
        self._rank = rank
        super().__init__(dataset, source, data_dir)

    def stored_features(self) -> dict[str, Any]:
        """Return picture, labels and name."""

        def array(rank: int) -> tfds.features.Tensor:
            return tfds.features.Tensor(shape=(None,) * rank, dtype=np.uint8, encoding="zlib")

        return {"picture": array(self._rank + 1), "labels": array(self._rank), "name": tfds.features.Text()}

    def example(self, split: str, item: Any, media: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
        """Return one picture with its labels, and note their shapes in the table."""
        picture, labels = media
        self._rows.append((split, item.name, _written(picture.shape), _written(labels.shape)))
        return {"picture": picture, "labels": labels, "name": item.name}

    def stored(self, split: str) -> list[StoredPicture]:
        """Return names and shapes of the pictures of a split, in stored order."""
        rows = [row for row in self.table(_TABLE) if row["split"] == split]
        return [StoredPicture(row["name"], _read(row["shape"]), _read(row["labels"])) for row in rows]

    def write_tables(self) -> None:
        """Write shapes and bad files beside the shards."""
        super().write_tables()
        self.write_table(_TABLE, ("split", "name", "shape", "labels"), self._rows)

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        self._rows: list[tuple[str, ...]] = []
        return super()._split_generators(dl_manager)


def _written(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _read(shape: str) -> tuple[int, ...]:
    return tuple(map(int, shape.split(" x ")))
