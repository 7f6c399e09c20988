"""Addresses in object stores, such as `s3://bucket/path`; each has one place on this machine: its mirror.

Most code knows the mirror alone, an ordinary path: only `disk.stores` fetches it and sends it. Recipes, results and
messages bear the address, which is the same on all machines.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_ADDRESS = re.compile(r"([a-z][a-z0-9]*)://(.*)", re.DOTALL)


def local_path(path: str | Path) -> Path:
    """Return a path, or the mirror of an address.

    Raises:
        ValueError: There can be no such address.
    """
    if not (found := _ADDRESS.fullmatch(str(path))):
        return Path(path)
    store, parts = found[1], found[2].rstrip("/").split("/")
    if not {"", ".", ".."}.isdisjoint(parts):
        raise ValueError(f"expected an address such as s3://bucket/folder, got {path}")
    return _mirrors().joinpath(store, *parts)


def address_of(path: Path) -> str | None:
    """Return the address that a path mirrors; None: it is of this machine alone."""
    path, mirrors = path.absolute(), _mirrors()
    if not path.is_relative_to(mirrors):
        return None
    store, *parts = path.relative_to(mirrors).parts or [""]
    return f"{store}://{'/'.join(parts)}" if parts else None


def named_place(path: Path) -> str:
    """Return how a path is called on all machines: by its address, if it has one."""
    return address_of(path) or str(path)


def _mirrors() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, "lstm_zoo", "stores").absolute()
