"""Addresses in object stores, such as `s3://bucket/path`; each has one place on this machine: its mirror.

Most code knows the mirror alone, an ordinary path: only `disk.stores` fetches it and sends it. Recipes, results and
messages bear the address, which is the same on all machines. What lies at an address for ever, such as a commit of a
repository, has a copy here that is never sent; so has a network that comes with the package, whose address is its name.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_ADDRESS = re.compile(r"([a-z][a-z0-9]*)://(.*)", re.DOTALL)
_FIXED = re.compile(r"(hf)://([^/@]+/[^/@]+@[0-9a-f]{40})|(https?)://(.+#sha256=[0-9a-f]{64})")


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


def copy_of(address: str) -> Path:
    """Return the place of the copy of what lies at an address for ever.

    Args:
        address: `hf://owner/name@<commit>`, or `https://.../run.tar.gz#sha256=<hash>`.
    """
    found = _FIXED.fullmatch(address)
    assert found, address
    scheme, rest = filter(None, found.groups())
    return _copies().joinpath(scheme, *rest.split("/"))


def copy_of_shipped(name: str, sha256: str) -> Path:
    """Return the place of the copy of a network that comes with the package, by what that is known by."""
    return _shipped() / sha256[:12] / name


def copied_from(path: Path) -> str | None:
    """Return the address that a folder is the copy of; None: it is no such copy."""
    path, copies = path.absolute(), _copies()
    if path.parent.parent == _shipped():
        return path.name
    if not path.is_relative_to(copies):
        return None
    scheme, *parts = path.relative_to(copies).parts or [""]
    address = f"{scheme}://{'/'.join(parts)}"
    return address if _FIXED.fullmatch(address) else None


def named_place(path: Path) -> str:
    """Return how a path is called on all machines: by its address, if it has one."""
    return address_of(path) or copied_from(path) or str(path)


def _mirrors() -> Path:
    return own_cache() / "stores"


def _copies() -> Path:
    return own_cache() / "copies"


def _shipped() -> Path:
    return own_cache() / "shipped"


def own_cache() -> Path:
    """Return the folder for what can be made or fetched again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "lstm_zoo").absolute()
