"""Pictures of digits (or of anything small) from files and from TFDS, apart for train, val and test."""

from __future__ import annotations

import gzip
import io
import math
import re
import struct
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ...contracts import InputError
from ...media.errors import MediaError, content_of, reasons

_IDX_IMAGES = 0x00000803  # unsigned bytes in three dimensions
_HEADER = 16  # bytes
_TEST = re.compile(r"test|t10k", re.IGNORECASE)
_SHARES = (0.7, 0.85)  # where the pictures of val and of test begin, if nothing else parts them
_VAL = 1 / 6  # of the training pictures

Pools = Mapping[str, np.ndarray]
"""Pictures of each split, (n, h, w) uint8, white on black."""


@lru_cache(maxsize=2)
def digits_in(path: Path, changed: tuple[int, ...] | None) -> Pools:
    """Return the pictures of `mnist.npz` or another NumPy file, of an IDX file, or of a folder of IDX files.

    What is called after the test is for the test, and the last sixth of the rest for validation; where nothing is, the
    last 15 % are for the test, and 15 % before these for validation.

    Args:
        path: The file or folder.
        changed: When it was; what was read before is not read again.

    Raises:
        InputError: It cannot be read, or holds something else.
    """
    del changed
    try:
        found = _arrays(path) if path.is_file() else _idx_files(path)
    except MediaError as error:
        raise InputError("data.digits", f"{path}: {error}") from None
    shapes = {array.shape[1:] for array in found.values()}
    if len(shapes) != 1:
        raise InputError(
            "data.digits",
            f"{path} holds {len(shapes)} arrays of pictures of one size; expected (n, H, W) uint8, as MNIST",
        )
    test = [array for name, array in found.items() if _TEST.search(name)]
    rest = [array for name, array in found.items() if not _TEST.search(name)]
    return apart(np.concatenate(rest or test), np.concatenate(test) if rest and test else None)


@lru_cache(maxsize=2)
def digits_of_tfds(name: str, data_dir: Path | None) -> Pools:
    """Return the pictures of a TFDS data set with a feature `image`, such as `mnist`, by its own splits.

    Raises:
        InputError: There is no such data set, or it has no such pictures.
    """
    from ..pipeline.downloads import prepared, tfds_builder
    from ..pipeline.stored import features_of, read_features

    builder = prepared(tfds_builder(name, data_dir), "data.tfds")
    if "image" not in features_of(builder) or not {"train", "test"} <= set(builder.info.splits):
        raise InputError("data.tfds", f"{name} lacks a feature `image`, or the splits train and test")

    def pictures(split: str) -> np.ndarray:
        found: Any = read_features(builder, split, {"image": "image"}).as_numpy_iterator()
        return np.stack([np.asarray(Image.open(io.BytesIO(one["image"])).convert("L")) for one in found])

    return apart(pictures("train"), pictures("test"))


def apart(pictures: np.ndarray, test: np.ndarray | None) -> Pools:
    """Return pictures by split."""
    if test is not None:
        first = len(pictures) - math.ceil(_VAL * len(pictures))
        return {"train": pictures[:first], "val": pictures[first:], "test": test}
    val, last = (round(share * len(pictures)) for share in _SHARES)
    return {"train": pictures[:val], "val": pictures[val:last], "test": pictures[last:]}


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of pictures in a file, by name."""
    if path.suffix.lower() not in (".npz", ".npy"):
        return {path.name: _idx(path)}
    with reasons("is no NumPy file that can be read: "):
        loaded = np.load(path, allow_pickle=False)
        arrays = {path.stem: loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    arrays = {name: array[..., 0] if array.shape[3:] == (1,) else array for name, array in arrays.items()}
    return {name: array for name, array in arrays.items() if array.ndim == 3 and array.dtype == np.uint8}


def _idx_files(folder: Path) -> dict[str, np.ndarray]:
    files = sorted(folder.glob("*images*idx3*")) if folder.is_dir() else []
    if not files:
        raise MediaError("is no file, and no folder of files such as train-images-idx3-ubyte(.gz)")
    return {file.name: _idx(file) for file in files}


def _idx(path: Path) -> np.ndarray:
    content = content_of(path)
    with reasons("is no gzip file that can be read: "):
        content = gzip.decompress(content) if path.suffix == ".gz" else content
    if len(content) < _HEADER or struct.unpack(">i", content[:4])[0] != _IDX_IMAGES:
        raise MediaError("is no IDX file of pictures, which begins with 0x00000803")
    shape = struct.unpack(">3i", content[4:_HEADER])
    if math.prod(shape) != len(content) - _HEADER:
        raise MediaError(f"tells of {' x '.join(map(str, shape))} bytes, but holds {len(content) - _HEADER}")
    return np.frombuffer(content, np.uint8, offset=_HEADER).reshape(shape)
