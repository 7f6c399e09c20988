"""Files that are whole: written beside their place, and given their name once they lie on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def written(file: Path) -> Iterator[Path]:
    """Give a place to write a file to, beside its own; it gets its name when all went well, else it is removed.

    Args:
        file: The file; an old one stays until the new one is whole.

    Raises:
        OSError: The disk is full, or the folder cannot be written.
    """
    draft = file.with_name(f".{file.stem}.{os.getpid()}.draft{''.join(file.suffixes[-2:])}")
    try:
        yield draft
        with draft.open("rb+") as whole:
            os.fsync(whole.fileno())
        draft.replace(file)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def replace_file(file: Path, content: str | bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never half of it."""
    with written(file) as draft:
        draft.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
