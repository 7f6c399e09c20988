"""Volumes from files: grey values and labels of voxels, brought to one grid of voxels a case."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .errors import MediaError, reasons
from .grey import PERCENTILES, Limits, in_grey, spread
from .label_maps import renumber
from .volume_files import open_volume
from .volume_grid import Grid


def read_volume(path: Path, grid: Grid | None = None) -> np.ndarray:
    """Read a volume; where its file tells how it lies in space, its axes are those nearest to top, front and right.

    `.npz` files hold it as the array `image`, `.npy` files as their array, (Z, H, W) or (Z, H, W, C); in the others,
    axes are x, y, z and channel.

    Args:
        path: A file, or a folder that holds a DICOM series.
        grid: Where its voxels have to lie; None: they may lie anywhere.

    Returns:
        Grey values as they are stored (Z, H, W, C).

    Raises:
        MediaError: The file cannot be read, holds no volume, or one that lies elsewhere.
    """
    volume, space = open_volume(path, "image")
    if volume.ndim == 3:
        volume = volume[..., None]
    if volume.ndim != 4 or not volume.size:
        raise MediaError(
            f"holds an array of the shape {volume.shape}, expected three axes (planes, height, width) or four, with "
            "channels last"
        )
    if volume.dtype.kind not in "buif":
        raise MediaError(f"holds values of the type {volume.dtype}, expected real numbers")
    laid = (grid or Grid(space)).laid(volume, space)
    return laid.astype(np.uint8) if laid.dtype.kind == "b" else laid


def read_volume_labels(path: Path, numbers: Mapping[int, int], grid: Grid | None = None) -> np.ndarray:
    """Read the label map of a volume, from the same kinds of files; in `.npz` files it is the array `labels`.

    Args:
        path: The file.
        numbers: What each number in the file stands for: a class, or VOID.
        grid: Where the volume's voxels lie; None: labels may lie anywhere.

    Returns:
        The labels (Z, H, W), uint8, along the axes that `read_volume` gives to the volume.

    Raises:
        MediaError: The file cannot be read, is no label map, lies elsewhere, or holds a number that stands for nothing;
            planes, rows and columns are counted from 0.
    """
    labels, space = open_volume(path, "labels")
    if labels.ndim == 4 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.ndim != 3 or not labels.size:
        raise MediaError(
            f"holds labels of the shape {labels.shape}, expected three axes (planes, height, width): one number a voxel"
        )
    laid = (grid or Grid(space)).laid(labels, space)
    planes = []
    for number, plane in enumerate(laid):
        with reasons(f"plane {number} "):
            planes.append(renumber(plane, numbers))
    return np.stack(planes)


def to_bytes(volume: np.ndarray, limits: Limits | None) -> np.ndarray:
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
    of_channels = [limits or _contrast(volume[..., channel], channel) for channel in range(volume.shape[-1])]
    return in_grey(volume, *np.transpose(of_channels))


def _contrast(values: np.ndarray, channel: int) -> Limits:
    """Return the grey values of one channel that become 0 and 255."""
    low, high = spread(values)
    if low == high:
        least, most = values.min(), values.max()
        what = f"all voxels are {least}" if least == most else f"nearly all voxels are {low:g} ({least} to {most})"
        raise MediaError(
            f"{what} in channel {channel}, so that no contrast is left between its {PERCENTILES[0]} and "
            f"{PERCENTILES[1]} percentiles; leave it out, or set fixed grey values with data.limits=[black,white]"
        )
    return low, high
