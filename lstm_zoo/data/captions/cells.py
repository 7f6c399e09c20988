"""Several captions in one cell of a table: lists as JSON, Python and NumPy write them, and separators."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

_LIST = "a list"
_LISTLIKE = re.compile(r"\[\s*[\"'\u2018\u201c\u201e\u00ab].*\]", re.DOTALL)
_DOUBLED = re.compile(r"(\w)''(\w)")  # an apostrophe as databases write it, within a text
_DOUBTS = {"|": "'|'", "##": "'##'", "\n": "line breaks", "\t": "tabs", ";": "';'"}
_PROSE = ";"  # also stands within sentences


class Cells:
    """Takes the cells of a table apart, and counts those that may hold several captions and were taken as one.

    Args:
        separator: What stands between the captions of a cell; None: a cell that is no list holds one.
    """

    def __init__(self, separator: str | None):
        self._separator = separator
        self._cells = self._lists = self._parted = 0
        self._doubts = Counter[str]()

    def captions(self, cell: str) -> Sequence[Any]:
        """Return the captions of a cell; a list may hold other things than text."""
        self._cells += 1
        if (found := list_in(cell)) is not None:
            self._lists += 1
            return found
        cell = "\n".join(cell.strip().splitlines()) if "\r" in cell else cell.strip()
        if self._separator and self._separator in cell:
            self._parted += 1
            return [part for part in cell.split(self._separator) if part.strip()]
        self._doubts.update(mark for mark in _DOUBTS if mark in cell)
        self._doubts[_LIST] += _LISTLIKE.fullmatch(cell) is not None
        return [cell]

    def remarks(self) -> list[str]:
        """Return what there is to say of the cells."""
        of_all = f"of {self._cells} cells with captions"
        told = [f"{self._lists} {of_all} hold lists and were taken apart"] if self._lists else []
        if self._doubts[_LIST]:
            told.append(
                f"{self._doubts[_LIST]} {of_all} look like lists, but not as JSON or Python write them; each was taken "
                "as one caption"
            )
        if self._separator:
            return told if self._parted else [*told, "no cell with captions holds data.caption_separator"]
        for mark, called in _DOUBTS.items():
            count = self._doubts[mark]
            if count and (mark != _PROSE or 2 * count >= self._cells):
                told.append(
                    f"{count} {of_all} hold {called}, and each was taken as one caption; if these part captions: "
                    f"data.caption_separator={json.dumps(mark)}"
                )
        return told


def list_in(cell: str) -> list[Any] | None:
    """Return what a list of texts in a cell holds, as JSON, Python or NumPy write it; None: the cell is no list."""
    cell = cell.strip()
    if cell[:1] + cell[-1:] not in ("[]", "()"):
        return None
    with suppress(json.JSONDecodeError):
        return _with_text(json.loads(cell))
    try:
        cell = _DOUBLED.sub(r"\1\'\2", cell)
        found = ast.literal_eval(cell)
        tokens = list(tokenize.generate_tokens(io.StringIO(cell).readline))
        texts = [ast.literal_eval(token.string) for token in tokens if token.type == tokenize.STRING]
    except (ValueError, SyntaxError, MemoryError, RecursionError, tokenize.TokenError):
        return None
    if not isinstance(found, list | tuple):
        return None
    # NumPy writes no commas, and Python makes one text of texts that follow each other.
    return texts if texts and all(isinstance(one, str) for one in found) else _with_text(list(found))


def _with_text(found: Any) -> list[Any] | None:
    return found if isinstance(found, list) and (not found or any(isinstance(one, str) for one in found)) else None
