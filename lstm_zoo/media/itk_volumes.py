"""NRRD and MetaImage files, by SimpleITK: volumes, where they lie, and label maps that open over them."""

from __future__ import annotations

import locale
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from .errors import MediaError, needed, reasons
from .volume_space import Space, checked_affine

_HEADER = 64 * 1024  # bytes in which a header lies
_DATA_FILE = re.compile(
    rb"^[ \t]*(?:ElementDataFile[ \t]*=|data ?file:)[ \t]*([^\r\n]*)((?:\r?\n[^\r\n]+)*)", re.IGNORECASE | re.MULTILINE
)
"""Where a header says that the voxels are, and the lines below, which are more such files if it is `LIST`."""
_TO_RAS = np.diag([-1, -1, 1, 1])  # ITK's axes run to the left, the back and the top


def read(path: Path) -> tuple[np.ndarray, Space]:
    """Read a volume as it is stored, (Z, H, W) or (Z, H, W, C)."""
    reader = _reader(path)
    with itk_reasons():
        image = reader.Execute()
        values = itk().GetArrayFromImage(image)
    return np.moveaxis(values, 0, -1) if image.GetDimension() == 4 else values, _space(path, reader)


def read_space(path: Path) -> Space:
    """Read where a volume lies."""
    return _space(path, _reader(path))


def labels_like(path: Path, labels: np.ndarray) -> tuple[bytes, str]:
    """Return a label map in the space of a volume, in one file, and the ending of its name."""
    reader = _reader(path)
    image = itk().GetImageFromArray(labels)
    image.SetSpacing(reader.GetSpacing()[:3])
    image.SetOrigin(reader.GetOrigin()[:3])
    image.SetDirection(_directions(reader).ravel().tolist())
    ending = {".nhdr": ".nrrd", ".mhd": ".mha"}.get(path.suffix.lower(), path.suffix)
    with TemporaryDirectory() as folder:
        file = Path(folder, f"labels{ending}")
        itk().WriteImage(image, str(file), useCompression=True)
        return file.read_bytes(), ending


def itk() -> Any:
    """Return SimpleITK, or raise a MediaError if it is not there."""
    module = needed("SimpleITK", "NRRD, MetaImage or DICOM file")
    module.ProcessObject.SetGlobalWarningDisplay(False)
    return module


@contextmanager
def itk_reasons() -> Iterator[None]:
    """Tell what SimpleITK raises inside as a MediaError.

    Readers that fail leave the whole process in the locale "C", by which Python then reads text.
    """
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        yield
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1].removeprefix("sitk::ERROR: ")
        raise MediaError(f"is damaged, or no file that SimpleITK can read: {reason}") from None
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def affine_of(image: Any) -> np.ndarray:
    """Return from voxels (x, y, z, 1) to millimetres (RAS) what SimpleITK tells of an image or a reader, (4, 4)."""
    affine = np.eye(4)
    affine[:3, :3] = _directions(image) * np.array(image.GetSpacing()[:3])
    affine[:3, 3] = image.GetOrigin()[:3]
    return checked_affine(_TO_RAS @ affine)


def _reader(path: Path) -> Any:
    """Return what reads a file; its header is read."""
    _check_data_file(path)
    reader = itk().ImageFileReader()
    reader.SetFileName(str(path))
    with itk_reasons():
        reader.ReadImageInformation()
    if reader.GetDimension() not in (3, 4):
        raise MediaError(f"holds an image of {reader.GetDimension()} axes, expected x, y, z, or x, y, z, channel")
    return reader


def _check_data_file(path: Path) -> None:
    """Refuse a header whose voxels lie in files outside of its folder."""
    folder = path.parent.resolve()
    with reasons(), path.open("rb") as file:
        if not (found := _DATA_FILE.search(file.read(_HEADER))):
            return
        name, below = (part.decode("utf-8", "replace") for part in found.groups())
        for one in below.splitlines() if name.startswith("LIST") else [name]:
            if not (folder / one.strip()).resolve().is_relative_to(folder):
                raise MediaError(f"has its voxels in {one.strip()}, outside of its folder; expected them beside it")


def _space(path: Path, reader: Any) -> Space:
    told = path.suffix.lower() not in (".nrrd", ".nhdr") or "NRRD_space" in reader.GetMetaDataKeys()
    channels = reader.GetSize()[3:] if reader.GetDimension() == 4 else (reader.GetNumberOfComponents(),)
    shape = (*reader.GetSize()[2::-1], *channels)
    return Space(shape, reader.GetSpacing()[2::-1], affine_of(reader) if told else None)


def _directions(image: Any) -> np.ndarray:
    """Return the directions of the axes x, y, z in space, in columns, (3, 3)."""
    axes = image.GetDimension()
    return np.reshape(image.GetDirection(), (axes, axes))[:3, :3]
