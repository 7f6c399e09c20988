"""What hints, errors and remarks are told in: the nearest valid name, a reason in one line, names in a row."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

_LONGEST_WORD = 80  # that somebody mistypes; comparing longer ones takes long
_SHOWN = 100


def did_you_mean(word: str, valid: Iterable[str]) -> str:
    """Return a hint at the nearest valid name, in parentheses, or nothing where none is near."""
    if len(word) > _LONGEST_WORD:
        return ""
    near = difflib.get_close_matches(word, list(valid), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type where it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def folded(name: str) -> str:
    """Return a name without what people overlook: case, runs of blanks, and how Unicode writes a letter."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def shown(value: Any) -> str:
    """Return a value as it is quoted in a message: not more of it than tells it."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def size_in_words(count: int) -> str:
    """Return a number of bytes for people, such as `3.6 TiB`."""
    power = min(max(count.bit_length() - 1, 0) // 10, 6)
    return f"{count / 2 ** (10 * power):,.4g} {('bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB')[power]}"


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return names in a row; of many, the first ones and how many more there are."""
    more = [f"and {len(names) - most} more"] * (len(names) > most)
    return ", ".join([*names[:most], *more])


def natural_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return names sorted as people count: 2 before 10."""
    return tuple(sorted(names, key=natural_key))


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Return what a name is sorted by in `natural_order`."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"([0-9]+)", name)]


def is_text(text: str) -> bool:
    """Say whether text can be written down: it holds no half of a character, as names that are no UTF-8 do."""
    return text == writable(text)


def writable(text: str) -> str:
    r"""Return text that can be written down: halves of characters become codes, such as `\udce9`."""
    return text.encode("utf-8", "backslashreplace").decode()
