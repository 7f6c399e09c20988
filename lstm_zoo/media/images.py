"""Image files, upright, opaque, of 8 bits, and in the two formats that are stored."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..contracts.labels import Colour
from . import limits as bounds
from .apart import apart
from .deep_pictures import deep_values, is_deep, is_negative, limits_of, to_bytes
from .errors import MediaError, check_file, content_of, reasons
from .formats import picture_formats
from .grey import Limits
from .hidden_rows import check_rows
from .orientation import orientation_of, upright, upright_size
from .tiff_bands import check_bands, why_unread

WHITE = (255, 255, 255)
_JPEG_QUALITY = 90


@apart
def read_image(
    path: Path, max_side: int | None = None, *, limits: Limits | None = None, ground: Colour = WHITE
) -> bytes:
    """Return an image file as JPEG or PNG, upright, opaque, in grey or RGB of 8 bits.

    A file that is so already comes back byte for byte; any other of `picture_formats` is converted.

    Args:
        path: The file.
        max_side: Longest side, in pixels; larger images are scaled down. None: any size.
        limits: Values of files of more than 8 bits that become black and white; None: see `limits_of`.
        ground: Colour that shows through what is transparent.

    Raises:
        MediaError: The file cannot be read, or is no image.
    """
    with decoded(path) as (content, image):
        orientation = orientation_of(image)
        too_large = max_side is not None and max(image.size) > max_side
        simple = image.mode in ("L", "RGB") and not (_is_transparent(image) or is_deep(image, content))
        if image.format in ("JPEG", "PNG") and simple and orientation == 1 and not too_large:
            return content
        shown = upright(_opaque(_of_8_bits(image, content, limits), ground), orientation)
    if max_side and too_large:
        shown.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
        return encoded(shown, "JPEG")
    return encoded(shown, "PNG")


@apart
def read_grey(path: Path) -> np.ndarray:
    """Return an image file as it is meant to be seen, upright, in grey on white paper, (h, w) uint8.

    Raises:
        MediaError: The file cannot be read, or is no image.
    """
    with decoded(path) as (content, image):
        opaque = _opaque(_of_8_bits(image, content, None), WHITE)
        return np.asarray(upright(opaque, orientation_of(image)).convert("L"))


@apart
def read_deep(path: Path) -> np.ndarray | None:
    """Return the values of an image file of more than 8 bits, (h, w, C), opacity left out; None: it has no more.

    Raises:
        MediaError: The file cannot be read, or is no image.
    """
    with _opened(path) as image, path.open("rb") as file:
        if not is_deep(image, file.read(32)):
            return None
    with decoded(path) as (content, image):
        return deep_values(image, content)[..., :3]


@apart
def image_size(source: Path | io.BytesIO) -> tuple[int, int]:
    """Return height and width of an image file as it is meant to be seen, from its header.

    Raises:
        MediaError: The file is no image.
    """
    with _opened(source) as image:
        return upright_size(image)


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
        check_rows(image, content)
        image.load()  # decodes it: a file that breaks off is found here
        yield content, image


def encoded(image: Image.Image, kind: str) -> bytes:
    """Return an image as a file of a kind, JPEG or PNG."""
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=_JPEG_QUALITY)
    return buffer.getvalue()


def _of_8_bits(image: Image.Image, content: bytes, limits: Limits | None) -> Image.Image:
    """Return an image whose values are of 8 bits; opacity is mapped by its whole range."""
    if not is_deep(image, content):
        return image
    values = deep_values(image, content)
    pixels = to_bytes(values[..., :3], limits or limits_of(values[..., :3]))
    if is_negative(image):
        pixels = 255 - pixels
    if values.shape[-1] == 4:
        opacity = np.rint(values[..., 3:] / np.iinfo(values.dtype).max * 255).astype(np.uint8)
        pixels = np.concatenate([pixels, opacity], axis=-1)
    return Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info


def _opaque(image: Image.Image, ground: Colour) -> Image.Image:
    """Return an image in RGB, laid on a ground where it is transparent."""
    if not _is_transparent(image):
        return image.convert("RGB")
    pixels = np.asarray(image.convert("RGBA"), np.float32)
    opacity = pixels[..., 3:] / np.float32(255)
    laid = pixels[..., :3] * opacity + np.array(ground, np.float32) * (1 - opacity)
    return Image.fromarray(np.rint(laid).astype(np.uint8))


@contextmanager
def _opened(source: Path | io.BytesIO) -> Iterator[Image.Image]:
    if isinstance(source, Path):
        check_file(source)
    with reasons("", SyntaxError):
        try:
            with Image.open(source, formats=picture_formats()) as image:
                check_bands(image)
                yield image
        except UnidentifiedImageError:  # whose own message tells of a buffer
            raise MediaError(why_unread(source)) from None
        except Image.DecompressionBombError:
            raise MediaError(bounds.told_pixels()) from None
