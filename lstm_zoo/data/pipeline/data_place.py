"""The place of prepared data, where it cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...console.text import first_line
from ...contracts import InputError
from ...disk.failures import telling


@contextmanager
def writing_to(place: Path) -> Iterator[None]:
    """Say which setting names another place where the work inside fails for want of one.

    Raises:
        DiskError: The disk is full, or the place is refused.
        InputError: There can be no such file or folder.
    """
    try:
        with telling(place, "data.data_dir"):
            yield
    except OSError as error:
        raise InputError(
            "data.data_dir", f"{place} cannot be written ({first_line(error)}); set data.data_dir"
        ) from error
