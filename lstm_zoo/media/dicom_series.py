"""Folders of DICOM files, one series each, by SimpleITK."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .endings import VOLUMES
from .errors import MediaError, needed
from .itk_volumes import affine_of, itk, itk_reasons
from .volume_space import Space

_POSITION, _ORIENTATION = "0020|0032", "0020|0037"
_LOOKED_AT = 3  # files of a folder, to tell what it is: a list or a picture may lie beside the series
_UNEVEN = 0.02  # of the distance of two planes


def is_series(files: Sequence[Path]) -> bool:
    """Say whether the files of a folder are DICOM's; they may have any ending, or none, but no other volume's."""
    return not any(path.name.lower().endswith(VOLUMES) for path in files) and any(map(_is_dicom, files[:_LOOKED_AT]))


def read(folder: Path) -> tuple[np.ndarray, Space]:
    """Read the volume that a folder holds, (Z, H, W) or (Z, H, W, C); grey values are as the files rescale them."""
    image = _read(folder)
    values = itk().GetArrayFromImage(image)
    return values, Space(values.shape, image.GetSpacing()[::-1], affine_of(image))


def read_space(folder: Path) -> Space:
    """Read where the volume of a folder lies."""
    return read(folder)[1]


def labels_like(folder: Path, labels: np.ndarray) -> tuple[bytes, str]:
    """Return a label map in the space of a series, as NIfTI, and the ending of its name."""
    image = needed("nibabel", "NIfTI file").Nifti1Image(labels.transpose(2, 1, 0), read_space(folder).affine)
    image.header.set_xyzt_units("mm")
    return gzip.compress(image.to_bytes(), mtime=0), ".nii.gz"


def _read(folder: Path) -> Any:
    """Return SimpleITK's image of the one series in a folder."""
    reader = itk().ImageSeriesReader()
    with itk_reasons():
        series = reader.GetGDCMSeriesIDs(str(folder))
        if len(series) != 1:
            raise MediaError(f"is a folder of {len(series)} DICOM series, expected one: a folder each")
        files = reader.GetGDCMSeriesFileNames(str(folder), series[0])
        reader.SetFileNames(files)
        reader.MetaDataDictionaryArrayUpdateOn()
        image = reader.Execute()
    if image.GetDimension() != 3 or image.GetDepth() < 2:
        raise MediaError(f"is a DICOM series of the size {image.GetSize()}, expected a volume: two planes or more")
    _check_planes(reader, len(files))
    return image


def _check_planes(reader: Any, count: int) -> None:
    """Refuse planes that do not follow each other evenly: one is missing, or stands twice."""
    keys = (_POSITION, _ORIENTATION)
    if count < 2 or not all(reader.HasMetaDataKey(plane, key) for plane in range(count) for key in keys):
        return
    told = [[_numbers(reader.GetMetaData(plane, key)) for plane in range(count)] for key in keys]
    positions, orientations = map(np.array, told)
    if abs(orientations - orientations[0]).max() > _UNEVEN:
        raise MediaError("is a DICOM series whose planes are not parallel; expected the planes of one volume alone")
    distances = np.diff(positions @ np.cross(orientations[0, :3], orientations[0, 3:]))
    usual = np.median(distances)
    uneven = abs(distances - usual) > _UNEVEN * abs(usual) + 1e-6
    if uneven.any() or not usual:
        at = int(np.argmax(uneven))
        raise MediaError(
            f"is a DICOM series whose planes {at} and {at + 1} lie {distances[at]:.4g} mm apart, the others "
            f"{usual:.4g}; planes are missing or stand twice, or several series are mixed: export it anew"
        )


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split("\\")]


def _is_dicom(path: Path) -> bool:
    """Say whether a file begins as DICOM does."""
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False
