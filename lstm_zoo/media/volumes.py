"""Volumes from files: grey values and labels of voxels, from NumPy and NIfTI files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..console.text import did_you_mean
from .endings import VOLUMES
from .errors import MediaError, check_file, reasons
from .label_maps import read_array, renumber

_PERCENTILES = (0.5, 99.5)


def read_volume(path: Path) -> np.ndarray:
    """Read a volume.

    `.npz` files hold it as the array `image`, `.npy` files as their array, (Z, H, W) or (Z, H, W, C); NIfTI files as
    (W, H, Z) or (W, H, Z, C), axes x, y, z, whatever their orientation in space.

    Returns:
        Grey values as they are stored (Z, H, W, C).

    Raises:
        MediaError: The file cannot be read, or holds no volume.
    """
    volume = _read(path, "image")
    if volume.ndim == 3:
        volume = volume[..., None]
    if volume.ndim != 4 or not volume.size:
        raise MediaError(
            f"holds an array of the shape {volume.shape}, expected three axes (planes, height, width) or four, with "
            "channels last"
        )
    if volume.dtype.kind not in "buif":
        raise MediaError(f"holds values of the type {volume.dtype}, expected real numbers")
    return volume.astype(np.uint8) if volume.dtype.kind == "b" else volume


def read_volume_labels(path: Path, numbers: Mapping[int, int]) -> np.ndarray:
    """Read the label map of a volume, from the same kinds of files; in `.npz` files it is the array `labels`.

    Args:
        path: The file.
        numbers: What each number in the file stands for: a class, or VOID.

    Returns:
        The labels (Z, H, W), uint8.

    Raises:
        MediaError: The file cannot be read, is no label map, or holds a number that stands for nothing; planes, rows
            and columns are counted from 0.
    """
    labels = _read(path, "labels")
    if labels.ndim == 4 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.ndim != 3 or not labels.size:
        raise MediaError(
            f"holds labels of the shape {labels.shape}, expected three axes (planes, height, width): one number a voxel"
        )
    planes = []
    for number, plane in enumerate(labels):
        with reasons(f"plane {number} "):
            planes.append(renumber(plane, numbers))
    return np.stack(planes)


def to_bytes(volume: np.ndarray, limits: tuple[float, float] | None) -> np.ndarray:
    """Map grey values to 0..255, linearly between two limits; what lies beyond them becomes 0 or 255.

    Args:
        volume: Grey values (Z, H, W, C).
        limits: The values that become 0 and 255, the lower first; None: the 0.5 and 99.5 percentiles of each channel of
            this volume.

    Returns:
        Grey values (Z, H, W, C), uint8.

    Raises:
        MediaError: A value is NaN or infinite, or the percentiles of a channel are the same.
    """
    assert limits is None or limits[0] < limits[1], limits
    bad = ~np.isfinite(volume)
    if bad.any():
        plane, row, column, channel = np.argwhere(bad)[0]
        others = int(np.count_nonzero(bad)) - 1
        more = f" (and {others} more)" if others else ""
        raise MediaError(
            f"holds {volume[plane, row, column, channel]} in plane {plane} at row {row}, column {column}{more}; "
            "expected numbers: replace it, by 0 say"
        )
    grey = np.empty(volume.shape, np.uint8)
    for channel in range(volume.shape[-1]):
        low, high = limits or _spread(volume[..., channel], channel)
        for plane in range(len(volume)):  # one at a time, for volumes are large
            shares = (volume[plane, ..., channel].astype(np.float64) - low) / (high - low)
            grey[plane, ..., channel] = np.rint(shares.clip(0, 1) * 255)
    return grey


def _spread(values: np.ndarray, channel: int) -> tuple[float, float]:
    """Return the grey values of one channel that become 0 and 255."""
    low, high = (float(limit) for limit in np.percentile(values, _PERCENTILES))
    if low == high:
        least, most = values.min(), values.max()
        what = f"all voxels are {least}" if least == most else f"nearly all voxels are {low:g} ({least} to {most})"
        raise MediaError(
            f"{what} in channel {channel}, so that no contrast is left between its {_PERCENTILES[0]} and "
            f"{_PERCENTILES[1]} percentiles; leave it out, or set fixed grey values with data.limits=[black,white]"
        )
    return low, high


def _read(path: Path, name: str) -> np.ndarray:
    """Return the array of a file; `name` is its name in `.npz` files."""
    check_file(path)
    ending = path.name.lower()
    if ending.endswith(".npz"):
        return _from_npz(path, name)
    if ending.endswith(".npy"):
        return read_array(path)
    if ending.endswith((".nii", ".nii.gz")):
        return _from_nifti(path)
    raise MediaError(f"is no volume that can be read; expected a file that ends in {', '.join(VOLUMES)}")


def _from_npz(path: Path, name: str) -> np.ndarray:
    with reasons("is no archive that NumPy can read: "), path.open("rb") as file, np.lib.npyio.NpzFile(file) as arrays:
        if name in arrays:
            return np.asarray(arrays[name])
        names = arrays.files
    held = f"holds the arrays {', '.join(names)}" if names else "holds no arrays"
    raise MediaError(f"{held}, but none called '{name}'{did_you_mean(name, names)}; store it under that name")


def _from_nifti(path: Path) -> np.ndarray:
    """Return the array of a NIfTI file, axes z, y, x and perhaps channels."""
    try:
        import nibabel
    except ImportError:
        raise MediaError('is a NIfTI file, which needs nibabel: pip install "lstm-zoo[volumes]"') from None
    own = nibabel.filebasedimages.ImageFileError, nibabel.spatialimages.HeaderDataError
    with reasons("is no NIfTI file that nibabel can read: ", *own):
        array = np.asanyarray(nibabel.load(path).dataobj)
    if array.ndim not in (3, 4):
        raise MediaError(f"holds an array of the shape {array.shape}, expected the axes x, y, z, or x, y, z, channel")
    return array.transpose(2, 1, 0, *range(3, array.ndim))
