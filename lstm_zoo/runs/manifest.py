"""The manifest of a published run: size and SHA-256 of each file, so that damage on the way is told by name.

`README.md` is not in it: people mend it where the run lies, and no program reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from ..console.text import first_line
from ..console.version import __version__
from ..contracts import InputError, copied_from
from ..disk.hashes import hash_of
from ..disk.whole_files import replace_file

MANIFEST, CARD = "MANIFEST.json", "README.md"
_FORMAT = 1
"""Of the manifest; raise it when one written now cannot be read by the version before."""


def write_manifest(folder: Path, about: dict[str, Any]) -> None:
    """Write the manifest of a folder.

    Args:
        folder: The folder; hidden files do not count.
        about: What else to keep; its `versions` at the least.
    """
    names = sorted(
        name
        for file in folder.rglob("*")
        if file.is_file()
        and not (name := file.relative_to(folder).as_posix()).startswith(".")
        and "/." not in name
        and name not in (MANIFEST, CARD)
    )
    files = {name: {"bytes": (folder / name).stat().st_size, "sha256": hash_of(folder / name)} for name in names}
    replace_file(folder / MANIFEST, json.dumps({"manifest": _FORMAT, **about, "files": files}, indent=2) + "\n")


def files_in_manifest(folder: Path, called: str = "") -> dict[str, tuple[int, str]]:
    """Return size and SHA-256 of each file that a folder's manifest lists; nothing where there is no manifest.

    Args:
        folder: The folder.
        called: What it is called in messages, if not by its path.

    Raises:
        InputError: It is damaged, names a file outside of the folder, or is of a newer version.
    """
    file, called = folder / MANIFEST, called or str(folder)
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        newer = found["manifest"] > _FORMAT
        listed = {} if newer else {name: (one["bytes"], str(one["sha256"])) for name, one in found["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError("", f"{called}/{MANIFEST} is damaged ({first_line(error)}); fetch it again") from None
    if newer:
        raise InputError("", f"{called} was published by a newer lstm_zoo than this, {__version__}; update it")
    for name in listed:
        if PurePosixPath(name).is_absolute() or not {"", ".", ".."}.isdisjoint(name.split("/")) or "\\" in name:
            raise InputError("", f"{called}/{MANIFEST} lists {name!r}; expected names of files in it, such as a/b.png")
    return listed


def check_manifest(folder: Path, names: Iterable[str] | None = None, called: str = "") -> None:
    """Compare a folder with its manifest, if it has one.

    Args:
        folder: The folder.
        names: Files that count, if they are listed; None: all.
        called: Where it was fetched from just now.

    Raises:
        InputError: A file is missing or another one, or what `files_in_manifest` raises.
    """
    listed = files_in_manifest(folder, called)
    mend = f"fetch it again, or remove {MANIFEST} if you changed it yourself"
    if called:
        mend = "fetch it again, or ask its author to publish it again"
    elif copied_from(folder):
        mend = f"remove {folder}, and it is fetched again"
    for name in listed if names is None else [name for name in names if name in listed]:
        size, known_by = listed[name]
        file, told = folder / name, f"{called or folder}/{name}"
        if not file.is_file():
            raise InputError("", f"{called or folder} has no {name}, which its {MANIFEST} lists; {mend}")
        if (there := file.stat().st_size) != size:
            raise InputError("", f"{told} is damaged: it has {there} bytes, {MANIFEST} tells of {size}; {mend}")
        if (other := hash_of(file)) != known_by:
            raise InputError(
                "", f"{told} is damaged: its SHA-256 is {other[:12]}..., {MANIFEST} has {known_by[:12]}...; {mend}"
            )
