"""Pictures that hold more rows than their header tells: a damaged header, for decoders stop there without a word."""

from __future__ import annotations

import io
import math
import struct

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from .errors import MediaError

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _SAMPLES, _ROWS, _PLANAR = 256, 257, 258, 259, 277, 278, 284  # tags of TIFF
_STRIPS, _STRIP_BYTES, _TILE_WIDTH, _TILE_HEIGHT, _TILES = 273, 279, 322, 323, 324
_UNPACKED, _LZW_OR_DEFLATE = 1, (5, 8, 32946)
_CLASSIC = (b"II*\0", b"MM\0*")  # others have offsets of 8 bytes
_MOST_ROWS = 65_500  # that libjpeg takes
_SIZES_OF_JPEG = (0xC0, 0xC1, 0xC2)  # markers of frames: baseline, extended, progressive
_PROGRESSIVE = 0xC2
_GREY = 128  # what libjpeg fills a picture with behind its end
_FEW = 2  # units that the last bits may give there


def check_rows(image: Image.Image, content: bytes) -> None:
    """Refuse a JPEG or TIFF, not decoded yet, that holds more than it tells.

    Raises:
        MediaError: It does.
    """
    more = False
    if isinstance(image, TiffImageFile):
        more = _tiff_has_more(image, content)
    elif image.format == "JPEG":
        more = _jpeg_has_more(content)
    if more:
        width, height = image.size
        raise MediaError(f"is damaged: it holds more than the {width} x {height} pixels that its header tells")


def _jpeg_has_more(content: bytes) -> bool:
    """Say whether blocks come that are no fill where a JPEG is made to claim further rows."""
    place = _size_of_jpeg(content)
    if place is None or content[place + 4] not in (1, 3):
        return False
    height, width = struct.unpack_from(">HH", content, place)  # in pixels; below, in units of one to 16 blocks
    factors = [content[place + 6 + 3 * number] for number in range(content[place + 4])]
    across, down = (max(factor >> shift & 15 for factor in factors) for shift in (4, 0))
    if not across or not down:  # no decoder takes it
        return False
    if len(factors) == 1:
        across = down = 1
    units_down, units_across = -(-height // (8 * down)), -(-width // (8 * across))
    claimed = 8 * down * (units_down + 2)
    if claimed > _MOST_ROWS:
        return False
    longer = io.BytesIO(content[:place] + struct.pack(">H", claimed) + content[place + 2 :])
    with Image.open(longer, formats=("JPEG",)) as image:
        image.draft("L", (1, 1))
        try:
            means = np.asarray(image.convert("L"))  # of blocks
        except OSError:
            return False
    if len(means) * 8 != claimed:  # it is not scaled down
        return False
    below = means[units_down * down :]
    fill = below[-1, -1] if content[place - 4] == _PROGRESSIVE else _GREY
    rows, columns = np.nonzero(below != fill)
    return bool((rows // down * units_across + columns // across >= _FEW).any())


def _size_of_jpeg(content: bytes) -> int | None:
    """Return the place of height, width and components in a JPEG."""
    place = 2
    while place + 9 < len(content):
        if content[place] != 0xFF or (marker := content[place + 1]) == 0xDA:
            return None
        if marker in _SIZES_OF_JPEG:
            return place + 5
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return None


def _tiff_has_more(image: TiffImageFile, content: bytes) -> bool:
    """Say whether a TIFF has more strips, tiles or bytes than its pixels take, or another row in its last strip."""
    tags = image.tag_v2
    width, height, samples = tags[_WIDTH], tags[_HEIGHT], tags.get(_SAMPLES, 1)
    planes = samples if tags.get(_PLANAR, 1) == 2 else 1
    if _TILES in tags:
        across, down = -(-width // tags[_TILE_WIDTH]), -(-height // tags[_TILE_HEIGHT])
        return len(tags[_TILES]) > across * down * planes
    rows = min(tags.get(_ROWS, height), height) or 1
    strips = len(tags.get(_STRIPS, ()))
    if strips > -(-height // rows) * planes:
        return True
    packing = tags.get(_COMPRESSION, _UNPACKED)
    if packing == _UNPACKED:
        taken = math.ceil(width * tags.get(_BITS, (1,))[0] * samples / planes / 8) * planes * height
        return sum(tags.get(_STRIP_BYTES, ())) > taken
    if packing not in _LZW_OR_DEFLATE or strips != 1 or content[:4] not in _CLASSIC:
        return False
    return _decodes(_with_tags(content, {_HEIGHT: height + 1, _ROWS: height + 1}))


def _with_tags(content: bytes, tags: dict[int, int]) -> bytes:
    """Return a TIFF with other values of tags in its first directory."""
    order = "<" if content.startswith(b"II") else ">"
    changed = bytearray(content)
    (start,) = struct.unpack_from(f"{order}I", content, 4)
    (count,) = struct.unpack_from(f"{order}H", content, start)
    for place in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(f"{order}HH", content, place)
        if tag in tags:
            struct.pack_into(f"{order}{'H' if kind == 3 else 'I'}", changed, place + 8, tags[tag])
    return bytes(changed)


def _decodes(content: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(content), formats=("TIFF",)) as image:
            image.load()
    except Exception:  # of many kinds
        return False
    return True
