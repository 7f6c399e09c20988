"""A TFDS data set is prepared by one process, and used by all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ...disk.making import making

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


@contextmanager
def preparing_once(builder: tfds.core.DatasetBuilder) -> Iterator[bool]:
    """Be the only process that prepares a data set, unless it is; what killed ones left is removed.

    Yields:
        Whether it is still to be prepared.
    """
    folder = Path(builder.data_dir)
    with making(folder, f"prepares {folder}") as missing:
        if missing:
            for left in folder.parent.glob(f"incomplete.*_{escape(folder.name)}"):  # TFDS's drafts
                shutil.rmtree(left, ignore_errors=True)
        elif not builder.info.splits:  # another process has prepared it since this builder was made
            builder.info.read_from_directory(folder)
        yield missing
