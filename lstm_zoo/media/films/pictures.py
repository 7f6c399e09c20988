"""Films that come as pictures: a folder of image files, or an array of frames in a NumPy file."""

from __future__ import annotations

import io
import re
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import av
import numpy as np
from PIL import Image

from ...console.text import listed, natural_key
from ..endings import IMAGES, is_dropping
from ..errors import MediaError, check_file, reasons
from ..images import read_image
from ..label_maps import check_end, read_array_in
from .film import Footage, Moment

_FLOW = re.compile(r"flow([_-]?[xyuv])?[_-]?\d", re.IGNORECASE)
_SHAPE = "expected uint8 of the shape (frames, height, width, 3), or with one channel or none, in grey"


class _Pictures(Footage):
    """Pictures of one size, so many a second, for they tell no times."""

    def __init__(self, rate: float):
        self.rate = rate

    def moments(self) -> Iterator[Moment]:
        for number, picture in enumerate(self._pictures()):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
            yield Moment(frame, number / self.rate, 1 / self.rate)

    @abstractmethod
    def _pictures(self) -> Iterator[np.ndarray]:
        """Yield the pictures, (H, W, 3) uint8."""


class FrameFolder(_Pictures):
    """The image files of a folder, in the order of their numbers.

    Args:
        folder: It holds the frames of one film, `img_1.jpg` and so on. Optical flow beside them (`flow_x_1.jpg`) and
            files that are no images are left out.
        rate: Pictures a second.

    Raises:
        MediaError: There are no image files, or several series of them.
    """

    def __init__(self, folder: Path, rate: float):
        super().__init__(rate)
        files = [path for path in folder.iterdir() if not is_dropping(path.name) and path.is_file()]
        series: dict[str, list[Path]] = defaultdict(list)
        for path in files:
            if path.suffix.lower() in IMAGES and not _FLOW.match(path.name):
                series[re.sub(r"\d+", "#", path.name.lower())].append(path)
        if not series:
            raise MediaError("is a folder without pictures; expected the frames of a film")
        if len(series) > 1 and any(len(found) > 1 for found in series.values()):
            names = ", ".join(sorted(series)[:5])
            raise MediaError(f"holds {len(series)} series of pictures ({names}); expected the frames of one film")
        self._files = sorted(
            (path for found in series.values() for path in found), key=lambda path: natural_key(path.name.lower())
        )
        self._others = sorted({path.name for path in files} - {path.name for path in self._files})

    def _pictures(self) -> Iterator[np.ndarray]:
        first: tuple[Path, tuple[int, int]] | None = None
        for path in self._files:
            try:
                with Image.open(io.BytesIO(read_image(path)), formats=("JPEG", "PNG")) as image:
                    first = first or (path, image.size)
                    if image.size != first[1]:
                        sizes = " x ".join(map(str, image.size)), " x ".join(map(str, first[1]))
                        raise MediaError(f"is {sizes[0]} px, but {first[0].name} is {sizes[1]} px")
                    yield np.asarray(image.convert("RGB"))
            except MediaError as error:
                raise MediaError(f"{path.name} {error}") from None

    def remarks(self) -> list[str]:
        others = self._others
        return [f"{len(others)} file(s) beside the frames left out: {listed(others)}"] if others else []


class FrameArray(_Pictures):
    """The array of frames of a NumPy file.

    Args:
        path: A `.npy` file, or an `.npz` file of one array, (T, H, W) or (T, H, W, C) uint8, with C of 1 or 3.
        rate: Frames a second.

    Raises:
        MediaError: The file cannot be read, or holds something else.
    """

    def __init__(self, path: Path, rate: float):
        super().__init__(rate)
        check_file(path)
        frames = array_in(path)
        if frames.ndim == 3 and frames.shape[-1] not in (3, 4):  # which is a picture
            frames = frames[..., np.newaxis]
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] not in (1, 3) or not frames.size:
            raise MediaError(f"holds {frames.dtype} of the shape {frames.shape}; {_SHAPE}")
        self._frames = frames

    def _pictures(self) -> Iterator[np.ndarray]:
        for frame in self._frames:
            yield np.broadcast_to(frame, (*frame.shape[:2], 3))


def array_in(path: Path) -> np.ndarray:
    """Return the only array of a NumPy file, without reading it into memory where that can be.

    Raises:
        MediaError: The file cannot be read, or holds several arrays.
    """
    with reasons("is no NumPy file that can be read: "):
        if path.suffix.lower() == ".npy":
            array: Any = np.lib.format.open_memmap(path, mode="r")
            check_end(path.stat().st_size > array.offset + array.nbytes)
            return array
        with path.open("rb") as file, ZipFile(file) as archive:
            names = archive.namelist()
            if len(names) == 1:
                with archive.open(names[0]) as array:
                    return read_array_in(array)
    held = ", ".join(name.removesuffix(".npy") for name in names) or "none"
    raise MediaError(f"holds {len(names)} arrays ({held}); expected one, of frames")
