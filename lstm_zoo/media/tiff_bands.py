"""TIFF files with more bands than a picture has: told by name, for Pillow reads the first ones, or nothing."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from .errors import MediaError

_BITS_PER_SAMPLE, _SAMPLES_PER_PIXEL = 258, 277  # tags
_HEADERS = (b"II*\0", b"MM\0*")


def check_bands(image: Image.Image) -> None:
    """Refuse a TIFF of which Pillow leaves out bands; a fourth one that means nothing does not count.

    Raises:
        MediaError: It has more.
    """
    if isinstance(image, TiffImageFile) and image.tag_v2.get(_SAMPLES_PER_PIXEL, 1) > 4:
        raise MediaError(_told(image.tag_v2))


def why_unread(source: Path | io.BytesIO) -> str:
    """Return why Pillow cannot read a file."""
    content = source.getvalue() if isinstance(source, io.BytesIO) else source.read_bytes()
    if content[:4] in _HEADERS:
        tags, file = ImageFileDirectory_v2(content[:8]), io.BytesIO(content)
        file.seek(tags.next)
        with suppress(Exception):  # of many kinds: the file is damaged
            tags.load(file)
        if _SAMPLES_PER_PIXEL in tags:
            return _told(tags)
    return "is no image that can be read"


def _told(tags: Any) -> str:
    bands, bits = tags.get(_SAMPLES_PER_PIXEL, 1), tags.get(_BITS_PER_SAMPLE, (1,))[0]
    return (
        f"is a TIFF of {bands} bands of {bits} bits; expected grey of any depth, or three colours of 8 or 16 bits: "
        "choose three bands, or store all as an array (1, height, width, bands) in .npy for data.kind=volume_folder"
    )
