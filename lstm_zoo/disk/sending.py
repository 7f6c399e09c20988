"""Places in stores while a command works with them: fetched before, sent meanwhile and at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from ..console.visible import tell
from ..contracts import InputError, WorkError
from .stores import Mirror, mirror_of

_PAUSE, _LONGEST_PAUSE = 10.0, 300.0  # seconds between two rounds
_SHARE = 5  # a round takes at most one part in so many of the time
_TRIES = 3
_fetched: set[Path] = set()


def fetched(path: Path) -> Path:
    """Return a path once what lies at its address is there, if it has one; a process fetches each place once.

    Raises:
        InputError: There is nothing at the address, or what `Mirror.fetch` raises.
        StoreError: The store cannot be reached.
    """
    if _fetched.isdisjoint((path, *path.parents)) and (mirror := mirror_of(path)):
        if not mirror.fetch(shown=True):
            raise InputError("", f"there is nothing at {mirror.address}")
        _fetched.add(path)
    return path


@contextmanager
def kept_in_store(path: Path | None, last: str = "") -> Iterator[None]:
    """Fetch a place if it is one in a store, and send what becomes of it: now and then, and all of it at the end.

    Args:
        path: What is written inside; None, or a path of this machine alone: there is nothing to do.
        last: As `Mirror.send` takes it.

    Raises:
        InputError: There is no such bucket, it may not be read or written, or something has changed there meanwhile.
        StoreError: The store cannot be reached; what was not sent lies in the mirror.
    """
    if path is None or not (mirror := mirror_of(path)):
        yield
        return
    mirror.check_writable()
    mirror.fetch(shown=True)
    _fetched.add(path)
    done = Event()
    sender = Thread(target=_send_until, args=(done, mirror, last), daemon=True)
    sender.start()
    try:
        yield
    except BaseException:
        _end(done, sender)
        try:
            _send_all(mirror, last)
        except (InputError, WorkError) as error:
            tell(str(error))
        raise
    _end(done, sender)
    _send_all(mirror, last)


def _end(done: Event, sender: Thread) -> None:
    done.set()
    sender.join()


def _send_until(done: Event, mirror: Mirror, last: str) -> None:
    """Send what is new, round by round; a failure is told once, and tried again."""
    pause, failure = _PAUSE, ""
    while not done.wait(pause):
        began = time.monotonic()
        try:
            mirror.send(last)
        except Exception as error:  # whatever it is, the work goes on, and the end tells
            if str(error) != failure:
                tell(f"{error}; this is tried again")
            pause, failure = min(2 * pause, _LONGEST_PAUSE), str(error)
            continue
        if failure:
            tell(f"{mirror.address} has all again")
        pause, failure = max(_PAUSE, _SHARE * (time.monotonic() - began)), ""


def _send_all(mirror: Mirror, last: str) -> None:
    """Send all that is new.

    Raises:
        InputError: Some of it has changed in the store, too, or may not be written.
        StoreError: The store cannot be reached, time and again.
    """
    for left in reversed(range(_TRIES)):
        try:
            mirror.send(last)
            return
        except WorkError as error:
            if not left:
                raise type(error)(
                    f"{error} Not all of {mirror.path} was sent: the command sends it when it goes on"
                ) from error
            tell(f"{error}; this is tried again")
            time.sleep(_TRIES - left)
