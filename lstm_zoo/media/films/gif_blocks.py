"""The blocks of a GIF, which FFmpeg and Pillow follow no farther than to the first damage, without a word."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_HEADER, _FLAGS = 13, 10
_EXTENSION, _PICTURE, _END = 0x21, 0x2C, 0x3B  # kinds of blocks
_BEHIND = 64  # bytes that writers may have put behind the end


class Blocks(NamedTuple):
    """What a GIF holds."""

    pictures: int
    damage: str = ""
    """Where its blocks do not follow each other any more, in words."""


def blocks_of(path: Path) -> Blocks:
    """Follow the blocks of a GIF to its end."""
    content = path.read_bytes()
    pictures, place = 0, _HEADER
    try:
        place += _table(content[_FLAGS])
        while content[place] != _END:
            if content[place] == _PICTURE:
                place = _behind_parts(content, place + 11 + _table(content[place + 9]))
                pictures += 1
            elif content[place] == _EXTENSION:
                place = _behind_parts(content, place + 2)
            else:
                return Blocks(pictures, f"is damaged behind picture {pictures}: its blocks do not follow each other")
    except IndexError:
        return Blocks(pictures, f"breaks off behind picture {pictures}")
    if len(content) - place > _BEHIND:
        return Blocks(pictures, f"has its end mark behind picture {pictures}, and {len(content) - place} bytes follow")
    return Blocks(pictures)


def _table(flags: int) -> int:
    """Return the bytes of a table of colours."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _behind_parts(content: bytes, place: int) -> int:
    """Return the place behind the parts of a block, each of which begins with its length; none is the last."""
    while length := content[place]:
        place += 1 + length
    return place + 1
