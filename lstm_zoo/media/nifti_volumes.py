"""NIfTI files: volumes, where they lie, and label maps that open over them."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np

from . import limits
from .errors import MediaError, needed, reasons
from .label_maps import check_end
from .volume_space import Space, checked_affine

_NOT_READ = "is no NIfTI file that nibabel can read: "


def read(path: Path) -> tuple[np.ndarray, Space]:
    """Read a volume as it is stored, (Z, H, W) or (Z, H, W, C)."""
    image = _loaded(path)
    num_bytes = math.prod(image.shape) * image.get_data_dtype().itemsize
    limits.check_array(num_bytes)
    with reasons(_NOT_READ):
        if path.suffix.lower() == ".nii":
            check_end(path.stat().st_size > image.dataobj.offset + num_bytes)
        narrow = image.dataobj.is_proxy and np.can_cast(image.get_data_dtype(), np.float32)
        scaled = (image.dataobj.slope, image.dataobj.inter) != (1, 0)
        values = np.asanyarray(image.dataobj, np.float32 if scaled and narrow else None)  # float64 would be no better
    return values.transpose(2, 1, 0, *range(3, values.ndim)), _space(image)


def read_space(path: Path) -> Space:
    """Read where a volume lies."""
    return _space(_loaded(path))


def labels_like(path: Path, labels: np.ndarray) -> tuple[bytes, str]:
    """Return a label map with the header of a volume, and the ending of the volume's name."""
    image = _loaded(path)
    header = image.header.copy()
    header.extensions.clear()  # which tell how the scan was made, and of whom
    header.set_data_dtype(labels.dtype)
    header.set_slope_inter(1, 0)
    header["cal_min"] = header["cal_max"] = 0
    content = type(image)(labels.transpose(2, 1, 0), image.affine, header).to_bytes()
    ending = path.suffix if path.suffix.lower() != ".gz" else path.name[-len(".nii.gz") :]
    return (gzip.compress(content, mtime=0) if ending.lower() == ".nii.gz" else content), ending


def _loaded(path: Path) -> Any:
    """Return nibabel's image of a file, its values unread."""
    nibabel = needed("nibabel", "NIfTI file")
    own = nibabel.filebasedimages.ImageFileError, nibabel.spatialimages.HeaderDataError
    with reasons(_NOT_READ, *own):
        image = nibabel.load(path)
    if len(image.shape) not in (3, 4):
        raise MediaError(f"holds an array of the shape {image.shape}, expected the axes x, y, z, or x, y, z, channel")
    return image


def _space(image: Any) -> Space:
    header = image.header
    told = header["qform_code"] > 0 or header["sform_code"] > 0
    x, y, z = map(float, header.get_zooms()[:3])
    return Space((*image.shape[2::-1], *image.shape[3:]), (z, y, x), checked_affine(image.affine) if told else None)
