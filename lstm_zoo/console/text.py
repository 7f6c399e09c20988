"""What hints and errors are told in: the valid name nearest to a mistyped one, and the reason in one line."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable


def did_you_mean(word: str, valid: Iterable[str]) -> str:
    """Return a hint at the nearest valid name, in parentheses, or nothing where none is near."""
    near = difflib.get_close_matches(word, list(valid), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type where it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def folded(name: str) -> str:
    """Return a name without what people overlook: case, runs of blanks, and how Unicode writes a letter."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
