"""Files of volumes as they are stored: NumPy's here, the others by the module of their format."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import numpy as np

from ..console.text import did_you_mean
from .apart import apart
from .endings import ITK_VOLUMES, NIFTI, VOLUMES
from .errors import MediaError, check_file, reasons
from .label_maps import read_array, read_array_in
from .volume_space import Space


@apart
def open_volume(path: Path, name: str) -> tuple[np.ndarray, Space]:
    """Read a volume as it is stored.

    Args:
        path: A file, or a folder that holds one DICOM series.
        name: Name of the array in `.npz` files.

    Returns:
        Its values, (Z, H, W) or (Z, H, W, C) if it is one, and where they lie. NumPy's files hold them so; the axes of
        others are x, y, z and channel.

    Raises:
        MediaError: It cannot be read.
    """
    if (module := _module_of(path)) is not None:
        return module.read(path)
    if not path.name.lower().endswith((".npz", ".npy")):
        raise MediaError(
            f"is no volume that can be read; expected a file that ends in {', '.join(VOLUMES)}, or a folder of DICOM"
        )
    values = _from_npz(path, name) if path.name.lower().endswith(".npz") else read_array(path)
    return values, Space(values.shape, None, None)


@apart
def space_of(path: Path) -> Space | None:
    """Return where the voxels of a volume lie, from its header; None: it is one of NumPy's files, which do not tell.

    Raises:
        MediaError: The file cannot be read.
    """
    module = _module_of(path)
    return None if module is None else module.read_space(path)


@apart
def labels_like(path: Path, labels: np.ndarray) -> tuple[bytes, str] | None:
    """Return a label map as a file that opens over a volume, and the ending of its name; None for NumPy's files.

    Args:
        path: The volume.
        labels: One number a voxel as it is stored, (Z, H, W).
    """
    module = _module_of(path)
    return None if module is None else module.labels_like(path, labels)


def _module_of(path: Path) -> ModuleType | None:
    """Return what reads files of a format, which may be a folder; None: they are NumPy's, or of none."""
    if path.is_dir():
        from . import dicom_series

        return dicom_series
    check_file(path)
    if path.name.lower().endswith(NIFTI):
        from . import nifti_volumes

        return nifti_volumes
    if path.name.lower().endswith(ITK_VOLUMES):
        from . import itk_volumes

        return itk_volumes
    return None


def _from_npz(path: Path, name: str) -> np.ndarray:
    with reasons("is no archive that NumPy can read: "), path.open("rb") as file, ZipFile(file) as archive:
        names = [entry.removesuffix(".npy") for entry in archive.namelist()]
        if name in names:
            with archive.open(f"{name}.npy") as array:
                return read_array_in(array)
    held = f"holds the arrays {', '.join(names)}" if names else "holds no arrays"
    raise MediaError(f"{held}, but none called '{name}'{did_you_mean(name, names)}; store it under that name")
