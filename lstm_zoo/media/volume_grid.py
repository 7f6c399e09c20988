"""The grid of voxels that all files of a case are brought to, and its resampling."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .errors import MediaError, needed
from .likeliest import likeliest
from .volume_space import MAX_SHIFT, Sides, Space


class _Sampling(NamedTuple):
    size: tuple[int, ...]
    """Planes, height and width."""
    spacing: Sides


@dataclass(frozen=True)
class Grid:
    """The voxels of a case: those of its first file, upright, and resampled where that is asked for.

    Args:
        space: Where the voxels of that file lie; None: it does not tell.
        max_shift: How far those of other files may lie from them, in voxels; None: any distance.
        spacing: Distance of planes, rows and columns after resampling, in millimetres; None: as it is.
    """

    space: Space | None = None
    max_shift: float | None = MAX_SHIFT
    spacing: Sides | None = None

    def laid(self, array: np.ndarray, space: Space) -> np.ndarray:
        """Return an array as stored (Z, H, W, ...) upright, not resampled yet.

        Raises:
            MediaError: Its voxels lie elsewhere.
        """
        if self.space is None:
            return array
        return self.space.upright(space.laid_on(self.space, array, self.max_shift))

    def resampled(self, volume: np.ndarray) -> np.ndarray:
        """Return an upright volume (Z, H, W, C) uint8, interpolated between voxels."""
        if self.spacing is None:
            return volume
        channels = [_resampled(channel, self._here, self._there) for channel in np.moveaxis(volume, -1, 0)]
        return np.stack([np.rint(channel).astype(np.uint8) for channel in channels], axis=-1)

    def resampled_labels(self, labels: np.ndarray) -> np.ndarray:
        """Return upright labels (Z, H, W) uint8, those of the nearest voxels."""
        return labels if self.spacing is None else _resampled(labels, self._here, self._there, nearest=True)

    def labels_as_stored(self, labels: np.ndarray, probabilities: np.ndarray | None = None) -> np.ndarray:
        """Return the labels of a network along the axes of the case's first file, one for each of its voxels.

        Args:
            labels: The likeliest classes, (Z, H, W) uint8.
            probabilities: Those of the classes, (Z, H, W, K), which are interpolated where volumes were resampled.
        """
        assert self.space is not None and (probabilities is not None or self.spacing is None)
        if probabilities is not None:
            classes = np.moveaxis(probabilities, -1, 0)
            labels = likeliest(_resampled(one.astype(np.float32), self._there, self._here) for one in classes)
        return self.space.as_stored(labels)

    @cached_property
    def _here(self) -> _Sampling:
        """Size and spacing of the first file, upright."""
        if self.space is None or self.space.spacing is None:
            raise MediaError(
                "does not tell how far its voxels lie apart, which data.spacing needs; expected NIfTI, NRRD, MetaImage "
                "or DICOM, or data.spacing=null"
            )
        z, y, x = self.space.along(self.space.spacing)
        return _Sampling(self.space.along(self.space.size), (z, y, x))

    @cached_property
    def _there(self) -> _Sampling:
        """Size and spacing after resampling."""
        if self.spacing is None:
            return self._here
        size, spacing = self._here
        sides = zip(size, spacing, self.spacing, strict=True)
        return _Sampling(tuple(max(1, round(side * old / new)) for side, old, new in sides), self.spacing)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the first file's volume as a network sees it, (Z, H, W, C)."""
        assert self.space is not None
        return (*self._there.size, *(self.space.shape[3:] or (1,)))


def _resampled(array: np.ndarray, old: _Sampling, new: _Sampling, nearest: bool = False) -> np.ndarray:
    """Return values (Z, H, W) at other places of the same box: interpolated, as float32, or those of the nearest."""
    itk = needed("SimpleITK", "volume to be resampled")
    image = itk.GetImageFromArray(array)
    image.SetSpacing(old.spacing[::-1])
    ends = zip(old.size, old.spacing, new.size, new.spacing, strict=True)
    first = [((sides - 1) * side - (others - 1) * other) / 2 for sides, side, others, other in ends]
    placed = itk.Resample(
        image,
        size=new.size[::-1],
        interpolator=itk.sitkNearestNeighbor if nearest else itk.sitkLinear,
        outputOrigin=first[::-1],
        outputSpacing=new.spacing[::-1],
        outputPixelType=itk.sitkUInt8 if nearest else itk.sitkFloat32,
        useNearestNeighborExtrapolator=True,
    )
    return itk.GetArrayFromImage(placed)
