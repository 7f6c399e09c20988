"""How commands print: tables and text for people, or one JSON object."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..console.visible import console, visible, visible_json


class OutputError(Exception):
    """What is printed cannot be written, and is printed nowhere from now on; the message is the reason."""


def show(what: Any) -> None:
    """Print for people: text as a line, tables through rich; what strangers wrote moves no cursor."""
    with written():
        if isinstance(what, str):
            print(visible(what))
        else:
            console().print(what)


def show_json(value: dict[str, Any]) -> None:
    """Print one JSON object on one line."""
    with written():
        print(visible_json(value))


@contextmanager
def written() -> Iterator[None]:
    """Have what is printed inside written at once, so that a full disk is told, and not met when Python ends.

    Raises:
        OutputError: It cannot be written.
        BrokenPipeError: Its reader, `head` say, has seen enough.
    """
    try:
        yield
        if sys.stdout is not None:  # somebody closed it
            sys.stdout.flush()
    except OSError as error:
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise OutputError(f"the output cannot be written: {error.strerror}") from error
