"""Files that are whole: written beside their place, and given their name once they lie on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

_LONGEST_TAIL = 200


@contextmanager
def written(file: Path) -> Iterator[Path]:
    """Give a place to write a file to, beside its own; it gets its name when all went well, else it is removed.

    Args:
        file: The file; an old one stays until the new one is whole.

    Raises:
        OSError: The disk is full, or the folder cannot be written; it names the file.
    """
    draft = file.with_name(f".{os.getpid()}.draft.{_tail(file)}")
    try:
        yield draft
        with draft.open("rb+") as whole:
            os.fsync(whole.fileno())
        draft.replace(file)
    except OSError as error:
        if error.errno is None or error.filename not in (None, os.fspath(draft)):
            raise
        raise OSError(error.errno, error.strerror, os.fspath(file)) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def replace_file(file: Path, content: str | bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never half of it."""
    with written(file) as draft:
        draft.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def remove_drafts(place: Path) -> None:
    """Remove what killed processes have left of a file, or of all files in a folder; the caller alone works there."""
    folder, of = (place, "*") if place.is_dir() else (place.parent, escape(_tail(place)))
    for draft in folder.glob(f".*.draft.{of}"):
        draft.unlink(missing_ok=True)


def _tail(file: Path) -> str:
    """Return the end of a file's name, so that a draft's is not too long where the file's is not."""
    return os.fsdecode(os.fsencode(file.name)[-_LONGEST_TAIL:])
