"""A TFDS data set is prepared by one process, and used by all: on this machine, or wherever a store is seen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ...disk.making import making
from ...disk.stores import Mirror, mirror_of

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

_WHOLE = "dataset_info.json"
"""TFDS's own file that goes to a store when all others are there: with it, prepared data are whole."""


@contextmanager
def preparing_once(builder: tfds.core.DatasetBuilder) -> Iterator[bool]:
    """Be the only process that prepares a data set, unless it is; what killed ones left is removed.

    Prepared data whose place is in a store are fetched where they are whole there, and sent once they are whole here.

    Yields:
        Whether it is still to be prepared.

    Raises:
        InputError: The store cannot be read or written, or has others already.
        StoreError: The store cannot be reached.
    """
    folder = Path(builder.data_dir)
    mirror = mirror_of(folder)
    with making(folder, f"prepares {folder}") as missing:
        if missing:
            for left in folder.parent.glob(f"incomplete.*_{escape(folder.name)}"):  # TFDS's drafts
                shutil.rmtree(left, ignore_errors=True)
            missing = mirror is None or not _fetched(mirror)
        if not missing and not builder.info.splits:  # another process has prepared it since this builder was made
            builder.info.read_from_directory(folder)
        yield missing
    if mirror and not mirror.has_sent(_WHOLE):
        mirror.send(_WHOLE)


def is_whole(folder: Path) -> bool:
    """Say whether prepared data are in their place, on this machine or in a store."""
    mirror = mirror_of(folder)
    return folder.is_dir() or (mirror is not None and mirror.has(_WHOLE))


def _fetched(mirror: Mirror) -> bool:
    """Fetch prepared data that are whole in a store; return whether they are."""
    if not mirror.has(_WHOLE):
        mirror.check_writable()  # before the work
        return False
    folder = mirror.path
    draft = Mirror(mirror.address, folder.with_name(f"incomplete.fetched_{folder.name}"))
    draft.fetch(shown=True)
    draft.move(folder)
    return True
