"""Downloads that fail soon instead of hanging."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

_SECONDS = 15


@contextmanager
def network_patience() -> Iterator[None]:
    """Let a server that stays silent for a few seconds count as a failure, for all that is done inside."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type where it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
