"""What the system refuses to write or read, as one line that says what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..contracts import WorkError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)
_TOLD = (*_FULL, *_REFUSED, errno.ENAMETOOLONG, errno.EIO)


class DiskError(WorkError):
    """The disk is full or a place cannot be written; the message says where, why, and what to do."""


@contextmanager
def telling(place: str | Path, elsewhere: str) -> Iterator[None]:
    """Raise what the disk refuses inside as a DiskError; the arguments are those of `explained`."""
    try:
        yield
    except Exception as error:
        if line := explained(error, place, elsewhere):
            raise DiskError(line) from error
        raise


def explained(error: BaseException, place: str | Path = "", elsewhere: str = "") -> str | None:
    """Return one line for an error of the disk, or that one was the cause of; None where it is another.

    Args:
        error: Of any library.
        place: What was written, where the error does not name it.
        elsewhere: What option or setting names another place, for the advice.
    """
    cause: BaseException | None = error
    while cause is not None and (number := _refusal(cause)) is None:
        cause = cause.__cause__
    if cause is None:
        return None
    named = cause.filename if isinstance(cause, OSError) and cause.filename else place
    where = os.fspath(named) if named else "a file"
    reason = os.strerror(number)
    other = f"choose another place{f' ({elsewhere})' * bool(elsewhere)}"
    if number in _FULL:
        return f"{where} cannot be written: {reason}; free some room there, or {other}"
    if number == errno.EROFS:
        return f"{where} cannot be written: {reason}; {other}"
    if number in _REFUSED:
        return f"{where} is refused: {reason}; change who may use it, or {other}"
    if number == errno.ENAMETOOLONG:
        return f"{where}: {reason}; choose a shorter one"
    return f"{where} cannot be used: {reason}; is the disk sound?"


def _refusal(error: BaseException) -> int | None:
    """Return the system's number for a full disk or a place that is refused; None where an error is another."""
    if isinstance(error, OSError):
        return error.errno if error.errno in _TOLD else None
    if type(error).__module__.partition(".")[0] == "tensorflow":  # which tells it in words alone
        return next((one for one in _TOLD if os.strerror(one).lower() in str(error).lower()), None)
    return None
