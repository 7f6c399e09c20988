"""What lists of files may name, for they may come from a stranger: files of the data's own folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from ...contracts import InputError

_TOO_LONG = 256  # bytes of a name


def can_be_a_name(name: str) -> bool:
    """Say whether a file can be called so: systems know no longer names, and none with a NUL in it."""
    return "\0" not in name and all(
        len(part.encode("utf-8", "surrogatepass")) < _TOO_LONG for part in re.split(r"[/\\]", name)
    )


def check_inside(names: Iterable[str], folder: Path, key: str, *, outside: bool = False) -> None:
    """Refuse files that lie outside of a folder, by an absolute path, by `..`, or behind a link; and impossible names.

    Args:
        names: Paths as a list gives them, from the folder on.
        folder: It may be a link itself.
        key: The setting that names the list.
        outside: They may lie outside.

    Raises:
        InputError: One of them does, or no file can be called so.
    """
    inside, places = os.path.join(os.path.realpath(folder), ""), {}
    for name in names:
        if not can_be_a_name(name):
            raise InputError(key, f"names {name[:60]!r}, but no file can be called so: mend the list")
        if outside:
            continue
        parent, last = os.path.split(os.path.join(folder, name))
        if parent not in places:  # links are followed a folder at a time, for there may be many files
            places[parent] = os.path.realpath(parent)
        target = os.path.join(places[parent], last)
        if last == ".." or os.path.islink(target):
            target = os.path.realpath(target)
        if not os.path.join(target, "").startswith(inside):
            raise InputError(
                key,
                f"names {name}, which lies outside of {folder} (at {target}); copy it there, or set data.outside=true "
                "if you know who wrote that list",
            )
