"""The training example that comes nearest to each other one, by features that a frozen encoder left beside the data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...contracts import SPLITS, Neighbour
from .features import features_folder
from .preparing import PreparedBuilder

_ROWS = 1024  # compared at a time


def nearest_in_training(builder: PreparedBuilder) -> list[Neighbour] | None:
    """Return the nearest training example of each example of the other splits; None where no features are kept."""
    folder = features_folder(Path(builder.data_dir))
    files = sorted(folder.glob("*/train*.npy"), key=lambda file: file.stat().st_mtime_ns)
    found = {split: file for split in SPLITS[1:] if files and (file := files[-1].with_name(f"{split}.npy")).is_file()}
    if not found:
        return None
    names = {split: [row["name"] for row in builder.rows(split)] for split in ("train", *found)}
    training = _of_examples(files[-1], len(names["train"]))
    mean = training.mean(axis=0)
    training = _directions(training - mean)
    neighbours = []
    for split, file in found.items():
        others = _directions(_of_examples(file, len(names[split])) - mean)
        nearest = zip(names[split], _nearest(others, training), strict=True)
        neighbours += [Neighbour(split, name, names["train"][number], cosine) for name, (number, cosine) in nearest]
    return neighbours


def _of_examples(file: Path, num_examples: int) -> np.ndarray:
    """Return the mean features of each example, (n, D), over its views, frames or regions."""
    features = np.load(file, mmap_mode="r")
    return features.reshape(num_examples, -1, features.shape[-1]).mean(axis=1, dtype=np.float32)


def _directions(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def _nearest(others: np.ndarray, training: np.ndarray) -> Iterator[tuple[int, float]]:
    """Yield the number of the nearest of the training vectors for each of the others, and its cosine."""
    for start in range(0, len(others), _ROWS):
        cosines = others[start : start + _ROWS] @ training.T
        for row in cosines:
            number = int(row.argmax())
            yield number, float(row[number])
