"""What files are known by."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def hash_of(file: Path) -> str:
    """Return the SHA-256 of a file; of a folder, that of the names and hashes of all files in it."""
    if file.is_dir():
        inside = sorted(one for one in file.rglob("*") if one.is_file())
        told = "".join(f"{one.relative_to(file)} {hash_of(one)}\n" for one in inside)
        return hashlib.sha256(os.fsencode(told)).hexdigest()
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
