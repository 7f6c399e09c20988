"""Image files, upright and in the two formats that are stored."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import MediaError, content_of, reasons

_JPEG_QUALITY = 90
_ORIENTATION = 0x0112  # EXIF


def read_image(path: Path, max_side: int | None = None) -> bytes:
    """Return an image file as JPEG or PNG, upright, in grey or RGB.

    A file that is so already comes back byte for byte; any other that Pillow can read is converted.

    Args:
        path: The file.
        max_side: Longest side, in pixels; larger images are scaled down. None: any size.

    Raises:
        MediaError: The file cannot be read, or is no image.
    """
    with decoded(path) as (content, image):
        turned = image.getexif().get(_ORIENTATION, 1) != 1
        too_large = max_side is not None and max(image.size) > max_side
        if image.format in ("JPEG", "PNG") and image.mode in ("L", "RGB") and not (turned or too_large):
            return content
        grey16 = image.mode.startswith("I;16")  # which Pillow would cut off at 255
        upright = ImageOps.exif_transpose(image.point(lambda value: value / 256) if grey16 else image)
        upright = upright.convert("L" if grey16 else "RGB")
    if max_side and too_large:
        upright.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
        return encoded(upright, "JPEG")
    return encoded(upright, "PNG")


def read_grey(path: Path) -> np.ndarray:
    """Return an image file as it is meant to be seen, upright, in grey on white paper, (h, w) uint8.

    Raises:
        MediaError: The file cannot be read, or is no image.
    """
    with decoded(path) as (_, image):
        if image.mode.startswith(("I;16", "I")):  # which Pillow would cut off at 255
            image = image.point(lambda value: value / 256).convert("L")
        if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
        return np.asarray(ImageOps.exif_transpose(image).convert("L"))


def image_size(path: Path) -> tuple[int, int]:
    """Return height and width of an image file as it is meant to be seen, from its header.

    Raises:
        MediaError: The file is no image.
    """
    with _opened(path) as image:
        width, height = image.size
        lies = image.getexif().get(_ORIENTATION, 1) >= 5  # turned by a quarter
    return (width, height) if lies else (height, width)


@contextmanager
def decoded(path: Path) -> Iterator[tuple[bytes, Image.Image]]:
    """Give the bytes of an image file, and its image as it is stored, decoded.

    Raises:
        MediaError: The file cannot be read, or is no image.
    """
    content = content_of(path)
    with _opened(io.BytesIO(content)) as image:
        image.verify()  # checksums of a PNG: TensorFlow refuses what Pillow would overlook
    with _opened(io.BytesIO(content)) as image:
        image.load()  # decodes it: a file that breaks off is found here
        yield content, image


def encoded(image: Image.Image, kind: str) -> bytes:
    """Return an image as a file of a kind, JPEG or PNG."""
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=_JPEG_QUALITY)
    return buffer.getvalue()


@contextmanager
def _opened(source: Path | io.BytesIO) -> Iterator[Image.Image]:
    with reasons("", SyntaxError, Image.DecompressionBombError):
        try:
            with Image.open(source) as image:
                yield image
        except UnidentifiedImageError:  # whose own message tells of a buffer
            raise MediaError("is no image that can be read") from None
