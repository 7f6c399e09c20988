"""How pictures are turned, as their EXIF data say. Pillow turns TIFF files itself while it decodes them."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from .formats import picture_formats

_ORIENTATION = 0x0112  # EXIF
_WIDTH, _HEIGHT = 256, 257  # tags of TIFF
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation_of(image: Image.Image) -> int:
    """Return how an image has still to be turned; 1 where it has not, or its EXIF data are damaged."""
    try:
        orientation = int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # of many kinds, and none of them says that the picture is bad
        return 1
    return orientation if orientation in _TURNS else 1


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Return an image as it is meant to be seen."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Return height and width of an image that is not decoded yet, as it is meant to be seen."""
    width, height = image.size
    if isinstance(image, TiffImageFile):  # whose size Pillow turns beforehand
        width, height = image.tag_v2[_WIDTH], image.tag_v2[_HEIGHT]
    return (width, height) if orientation_of(image) >= 5 else (height, width)


def turned_alike(values: np.ndarray, image: Image.Image, content: bytes) -> np.ndarray:
    """Return the values (H, W, C) that another decoder gives of a file turned as Pillow has turned its image."""
    with Image.open(io.BytesIO(content), formats=picture_formats()) as undecoded:
        before = orientation_of(undecoded)
    if before == orientation_of(image):
        return values
    if before >= 5:
        values = values.swapaxes(0, 1)
    return values[:: -1 if before in (3, 4, 7, 8) else 1, :: -1 if before in (2, 3, 6, 7) else 1]
