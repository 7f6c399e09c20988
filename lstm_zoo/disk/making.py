"""What one process makes, once, while others that need it wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .locks import alone
from .whole_files import remove_drafts


@contextmanager
def making(place: Path, what: str) -> Iterator[bool]:
    """Be the only process that makes a file or folder, unless it is there; drafts of killed ones are removed.

    Args:
        place: What appears under its name once it is whole.
        what: What is done, such as "prepares data/a", for the message to another process.

    Yields:
        Whether it is still to be made.
    """
    if place.exists():
        yield False
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with alone(place.with_name(f".{place.name}.lock"), what, wait=True):
        missing = not place.exists()
        if missing:
            remove_drafts(place)
        yield missing
