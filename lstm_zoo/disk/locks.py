"""Folders in which one process works at a time: a lock that the system releases when the process dies."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from ..console.visible import tell
from ..contracts import InputError

_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EROFS)


@contextmanager
def alone(file: Path, what: str, *, wait: bool = False) -> Iterator[None]:
    """Be the only process that holds a lock.

    Args:
        file: The lock's file; it is there while the lock is held.
        what: What is done, such as "trains into runs/a", for the message to another process.
        wait: Wait for the process that holds it, instead of raising an error.

    Raises:
        InputError: Another process holds it.
    """
    try:
        descriptor = _taken(file, what, wait)
    except OSError as error:
        if error.errno not in _NO_LOCKS and os.access(file.parent, os.W_OK):
            raise
        yield  # a place that cannot be written: there is nothing to keep apart
        return
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink()  # while it is held: who waits for it takes another
        os.close(descriptor)


def _taken(file: Path, what: str, wait: bool) -> int:
    """Return the descriptor of the lock's file, once this process holds the lock."""
    while True:
        descriptor = _opened(file)
        try:
            _take(descriptor, what, wait)
            if _is(file, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _opened(file: Path) -> int:
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except PermissionError:  # another user's: it locks all the same
        return os.open(file, os.O_RDONLY | os.O_CLOEXEC)


def _is(file: Path, descriptor: int) -> bool:
    """Say whether an open file still bears its name; who held its lock has removed it, and another may be there."""
    try:
        return os.path.samestat(os.stat(file), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _take(descriptor: int, what: str, wait: bool) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            tell("this file system knows no locks: make sure that no other process works here")
            return
        if error.errno != errno.EWOULDBLOCK:
            raise
        holder = os.pread(descriptor, 1000, 0).decode(errors="replace") or "another process"
        if not wait:
            raise InputError("", f"{holder}; expected to be the only one: wait for its end, or stop it") from None
        tell(f"{holder}; waiting for its end")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    now = datetime.now().isoformat(" ", timespec="seconds")
    with suppress(OSError):  # a full disk: the lock holds without its words
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()} {what} since {now}".encode(), 0)
