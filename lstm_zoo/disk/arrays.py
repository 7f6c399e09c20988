"""Arrays of a `.npz` file that may be a stranger's, or damaged: nothing of it is run, or takes the machine's memory."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from ..console.text import first_line, size_in_words

_MOST_UNPACKED, _MOST_TIMES = 2**28, 20


class ArraysError(ValueError):
    """A file whose arrays cannot be had; the message is the reason."""


def arrays_in(file: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a `.npz` file by name.

    Raises:
        ArraysError: It is damaged, or unpacks to more than 20 times its size and 256 MiB.
        PermissionError: It may not be read.
    """
    try:
        with zipfile.ZipFile(file) as packed:
            size, unpacked = file.stat().st_size, sum(one.file_size for one in packed.infolist())
        if unpacked > max(_MOST_UNPACKED, _MOST_TIMES * size):
            raise ArraysError(f"its {size_in_words(size)} claim to hold {size_in_words(unpacked)}")
        with np.load(file, allow_pickle=False) as members:
            return dict(members)
    except (ArraysError, PermissionError):
        raise
    except Exception as error:  # NumPy, zipfile and zlib raise a dozen, by the kind of damage; MemoryError, too
        raise ArraysError(first_line(error)) from error
