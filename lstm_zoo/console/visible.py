"""Text of strangers (keys, paths, class names, captions) as a terminal may have it: shown, and never obeyed."""

from __future__ import annotations

import json
import math
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_only_errors = [False]
_JOINERS = "\u200c\u200d"  # of Persian and Hindi words, and of emoji: they move nothing


def visible(text: str, lines: bool = False) -> str:
    r"""Return text with all that a terminal would act on written as in JSON: an escape code becomes `\u001b`.

    That is control characters, marks that turn the direction of writing or have no width, and halves of characters,
    as which names that are no UTF-8 are read. JSON stays the same JSON.

    Args:
        text: What strangers may have written a part of.
        lines: Newlines are ours, or move no cursor, as in a page, and stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if _harmless(one) or (lines and one == "\n") else _escaped(one) for one in text)


def visible_json(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON that every program reads, `visible` too: null stands for numbers that are not finite."""
    text = json.dumps(_finite(value), indent=indent, ensure_ascii=False, allow_nan=False)
    return visible(text, lines=indent is not None)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def tell(text: str) -> None:
    """Print a line that a user should know on standard error; what strangers wrote moves no cursor."""
    if not _only_errors[0]:
        print(visible(text), file=sys.stderr)


@contextmanager
def only_errors(only: bool) -> Iterator[None]:
    """Tell nothing inside but errors, if so: of processes that do the same together, one tells the rest."""
    before, _only_errors[0] = _only_errors[0], only
    try:
        yield
    finally:
        _only_errors[0] = before


def _harmless(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp") or character in _JOINERS


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def console(stderr: bool = False) -> Console:
    """Return a console of rich's that shows strangers' text: nothing in it is markup, an emoji's name or a command.

    In a notebook it writes plain lines: what moves there needs ipywidgets, which rich would warn of; and a notebook,
    which claims to be a terminal, keeps every frame of a bar.
    """
    from rich.console import Console

    class Plain(Console):
        def render_str(self, text: str, **options):  # every title, cell and caption comes by here
            return super().render_str(visible(text), **options)

    return Plain(
        stderr=stderr,
        markup=False,
        emoji=False,
        highlight=False,
        force_jupyter=False,
        force_terminal=False if Console().is_jupyter else None,  # None: rich finds out
        quiet=_only_errors[0],
    )
