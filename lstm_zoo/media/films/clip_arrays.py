"""Clips in the array of a NumPy file, whatever order its axes have and whatever range its values."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from ..errors import MediaError, check_file
from .pictures import array_in

Order = Literal["clips_first", "time_first"]
"""Which axis comes first, where an array holds several clips."""
_COLOURS = (1, 3)
_SAMPLE = 32  # places along an axis that are looked at
_CLEARLY = 0.9  # ratio of the changes along two axes, from which on it is plain which of them is time
_RANGES = ((0, 1), (-1, 1), (0, 255))  # of values, as they become 0 to 255


class Layout(NamedTuple):
    """What an array holds."""

    num_clips: int
    num_frames: int
    axes: tuple[int | None, ...]
    """Which axis of the array counts clips, frames, rows, columns and channels; None: there is none."""
    remark: str = ""
    """How it was found out what the axes are, where the shape alone does not tell."""


def layout_of(path: Path, order: Order | None = None) -> Layout:
    """Return what the array of a file holds, from its shape and a few of its values.

    Args:
        path: A `.npy` file, or an `.npz` file of one array: (T, H, W), (T, H, W, C), (T, C, H, W), or several clips,
            the axis of these before or behind that of time; C is 1 or 3.
        order: Which of both it is; None: the one along which pictures change less is time.

    Raises:
        MediaError: The file cannot be read, holds something else, or does not tell which axis is time.
    """
    array = _array(path, _changed(path))
    shape = array.shape
    if not array.size or array.dtype.kind not in "buif" or array.ndim not in (3, 4, 5):
        raise _refused(array)
    pictures = _axes_of_pictures(shape)
    if array.ndim - sum(axis is not None for axis in pictures) == 1:
        return Layout(1, shape[0], (None, 0, *pictures))
    ratio = {None: _changes(array), "time_first": 0.0, "clips_first": np.inf}[order]
    if _CLEARLY < ratio < 1 / _CLEARLY:
        raise MediaError(
            f"holds {array.dtype} of the shape {shape}, and pictures change as much along the first axis as along the "
            "second; set data.array_order to clips_first or time_first"
        )
    clips, frames = (1, 0) if ratio < 1 else (0, 1)
    told = f"{shape[clips]} clips of {shape[frames]} frames, {'time' if ratio < 1 else 'clips'} first"
    remark = f"{path.name}: array of {shape}, taken for {told}" + ("" if order else ": so pictures change less in time")
    return Layout(shape[clips], shape[frames], (clips, frames, *pictures), remark)


def clip_in(path: Path, layout: Layout, number: int = 0) -> np.ndarray:
    """Return one clip of an array, (T, H, W, C) uint8.

    Values are 0 to 1, -1 to 1 or 0 to 255, the first of these that holds all of the file's.

    Raises:
        MediaError: The file cannot be read, or its values have another range.
    """
    changed = _changed(path)
    array, limits = _array(path, changed), _limits(path, changed)
    clips, *axes = layout.axes
    clip = array if clips is None else array.take(number, clips)
    kept = [axis - (clips is not None and axis > clips) for axis in axes if axis is not None]
    clip = np.transpose(clip, kept)
    clip = clip if len(kept) == 4 else clip[..., np.newaxis]
    if limits == (0, 255):
        return np.rint(clip).astype(np.uint8)
    low, high = limits
    return np.rint((clip.astype(np.float64) - low) * (255 / (high - low))).astype(np.uint8)


def _axes_of_pictures(shape: tuple[int, ...]) -> tuple[int, int, int | None]:
    """Return the axes of rows, columns and channels."""
    last = len(shape) - 1
    if len(shape) > 3 and shape[-1] in _COLOURS:
        return last - 2, last - 1, last
    if len(shape) > 3 and shape[-3] in _COLOURS:
        return last - 1, last, last - 2
    if len(shape) == 5:
        raise MediaError(f"holds an array of the shape {shape}; none of its axes are 1 or 3 channels")
    return last - 1, last, None


def _changes(array: np.ndarray) -> float:
    """Return how much pictures change along the first axis, over what they do along the second."""
    if 1 in array.shape[:2]:
        return 0.0 if array.shape[1] == 1 else np.inf
    some = array[:_SAMPLE, :_SAMPLE].astype(np.float32)
    first, second = (float(np.abs(np.diff(some, axis=axis)).mean()) for axis in (0, 1))
    return first / second if second else np.inf if first else 1.0


def _refused(array: np.ndarray) -> MediaError:
    return MediaError(
        f"holds {array.dtype} of the shape {array.shape}; expected clips: (T, H, W), (T, H, W, C) or several of these, "
        "(clips, T, ...) or (T, clips, ...), with C of 1 or 3"
    )


def _changed(path: Path) -> int:
    check_file(path)
    return path.stat().st_mtime_ns


@lru_cache(maxsize=2)
def _array(path: Path, changed: int) -> np.ndarray:
    del changed
    return array_in(path)


@lru_cache(maxsize=64)
def _limits(path: Path, changed: int) -> tuple[int, int]:
    """Return which values of a file become 0 and 255."""
    array = _array(path, changed)
    if array.dtype == np.uint8:
        return 0, 255
    if array.dtype == np.bool_:
        return 0, 1
    least, most = np.inf, -np.inf
    for part in array:
        least, most = min(least, float(part.min())), max(most, float(part.max()))
    for low, high in _RANGES:
        if low <= least and most <= high:
            return low, high
    raise MediaError(
        f"holds {array.dtype} of the shape {array.shape} from {least:g} to {most:g}; expected values from 0 to 1, -1 "
        "to 1 or 0 to 255"
    )
