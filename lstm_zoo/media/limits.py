"""How much a file may take before it counts as damaged or hostile: memory, time, and what little bytes may unfold to.

Time and memory hold in the processes that read files, see `apart`; the others wherever files are read.
All of them follow from two variables of the environment, since it is the machine's owner who knows what it bears.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable

from .errors import MediaError

SECONDS, GIB = "LSTMZOO_FILE_SECONDS", "LSTMZOO_FILE_GIB"
"""Variables of the environment."""
_SECONDS, _GIB = 60.0, 8.0  # by default
_MOST = 1e6  # of either, which systems still take
_BYTES_A_SECOND = 2**20  # what the slowest disk and decoder bear
_BYTES_A_PIXEL = 48  # of a picture, while it is converted: so Pillow's own limit is kept
_SHARE = 4  # of the memory, which an array may take as it is stored: copies are made of it
_CANVAS = 2**26  # pixels of a frame: twice 8K
_FILM_PIXELS, _PIXELS_A_BYTE = 10**10, 200_000  # of all frames: a still screen at 60 frames a second takes a quarter


def seconds_a_file() -> float:
    """Return how long a reader may be silent."""
    return _number(SECONDS, _SECONDS)


def bytes_a_file() -> int:
    """Return how much memory a reader may take."""
    return int(_number(GIB, _GIB) * 2**30)


def check() -> None:
    """Raise a MediaError if a variable of the environment is no such number; processes that read could not tell it."""
    seconds_a_file()
    bytes_a_file()


def pixels_a_picture() -> int:
    """Return how many pixels a picture may have."""
    return bytes_a_file() // _BYTES_A_PIXEL


def check_array(num_bytes: int) -> None:
    """Refuse an array that takes too much memory, before room is made for it."""
    most = bytes_a_file() // _SHARE
    if num_bytes > most:
        raise MediaError(
            f"would take {_gib(num_bytes)} GiB as an array, more than {_gib(most)}; if that is meant, set the "
            f"environment variable {GIB} to {math.ceil(_SHARE * num_bytes / 2**30)}"
        )


def check_canvas(width: int, height: int) -> None:
    """Refuse frames that no camera takes."""
    if width * height > _CANVAS:
        raise MediaError(
            f"has frames of {width} x {height} pixels, more than {_CANVAS} in all; such films are not read"
        )


def check_film(pixels: int, num_bytes: int) -> None:
    """Refuse a film that goes on and on though it takes few bytes."""
    if pixels > _FILM_PIXELS + _PIXELS_A_BYTE * num_bytes:
        raise MediaError(f"unfolds to more than {pixels:.1e} pixels out of {num_bytes} bytes; such films are not read")


def told_pixels() -> str:
    """Return in words that a picture has too many pixels, and how more are allowed."""
    return (
        f"has more than {pixels_a_picture():,} pixels; if that is meant, set the environment variable {GIB} to more "
        f"than {_gib(bytes_a_file())}"
    )


def told_memory() -> str:
    """Return in words that the memory did not do, and how more is allowed."""
    return f"needs more than {_gib(bytes_a_file())} GiB of memory; set the environment variable {GIB} to allow more"


def told_time() -> str:
    """Return in words that the time did not do, and how more is allowed."""
    return (
        f"gives nothing for {seconds_a_file():g} s, and a second more a MiB of it; set the environment variable "
        f"{SECONDS} to wait longer"
    )


def watch(timer: Callable[[float], None]) -> None:
    """Make this process one that reads for others: something ends it so many seconds ahead, or never (0)."""
    global _timer
    _timer = timer


def is_reader() -> bool:
    """Say whether this process reads for others, within these limits."""
    return _timer is not None


def begin(num_bytes: int = 0) -> None:
    """Let the time of a file begin, or begin anew where a part of it has been read; it is longer for large ones."""
    if _timer is not None:
        _timer(seconds_a_file() + num_bytes / _BYTES_A_SECOND)


def end() -> None:
    """Let the time of a file end."""
    if _timer is not None:
        _timer(0)


_timer: Callable[[float], None] | None = None


def _number(name: str, default: float) -> float:
    try:
        found = float(os.environ.get(name) or default)
    except ValueError:
        found = math.nan
    if not 0 < found <= _MOST:
        expected = f"expected a number above 0, {_MOST:.0f} at most"
        raise MediaError(f"the environment variable {name} is {os.environ[name]!r}; {expected}")
    return found


def _gib(num_bytes: int) -> str:
    return f"{num_bytes / 2**30:.3g}"
