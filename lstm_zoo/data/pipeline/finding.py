"""Files and folders of the user's: which there are, and what a list of them says."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from ...console.text import did_you_mean
from ...contracts import InputError


def _absolute_if_here(path: Path) -> Path:
    path = path.expanduser()
    return path.absolute() if path.is_file() else path


ListFile = Annotated[Path, AfterValidator(_absolute_if_here)]
"""A list or table the user wrote: from the working directory, or else below the root of the data; see `find_file`."""


def files_below(folder: Path) -> list[Path]:
    """Return all files below a folder, also behind links, in order; hidden ones are left out."""
    return sorted(
        Path(place, name)
        for place, _, names in os.walk(folder, followlinks=True)
        for name in names
        if not name.startswith(".")
    )


def files_ending(folder: Path, endings: Collection[str]) -> list[Path]:
    """Return all files below a folder whose names end so, in order."""
    return [path for path in files_below(folder) if path.name.lower().endswith(tuple(endings))]


def natural_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return names sorted as people count: 2 before 10."""

    def parts(name: str) -> list[tuple[int, int, str]]:
        return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"([0-9]+)", name)]

    return tuple(sorted(names, key=parts))


def check_folder(root: Path, key: str = "data.root") -> None:
    """Raise an InputError if there is no such folder."""
    if root.is_dir():
        return
    if root.exists():
        raise InputError(key, f"{root} is a file; expected a folder")
    parent = next(folder for folder in root.parents if folder.is_dir())
    hint = did_you_mean(root.name, [path.name for path in parent.iterdir()]) if parent == root.parent else ""
    raise InputError(key, f"no folder {root}{hint}; the nearest folder that exists is {parent}")


def find_file(file: Path, root: Path, key: str) -> Path:
    """Return where a `ListFile` lies, or raise an InputError that names the setting."""
    place = root / file  # `file` itself where it is absolute
    if not place.is_file():
        raise InputError(key, f"no file {file}, neither from the working directory nor below {root}")
    return place


def read_text(file: Path, key: str) -> str:
    """Return the text of a file, or raise an InputError that names the setting."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(key, f"{file} is not UTF-8 text") from None
    except OSError as error:
        raise InputError(key, f"{file} cannot be read: {error.strerror}") from None


def name_below(name: str, root: Path) -> str:
    """Return a file's path as counted from the root."""
    path = Path(name.replace("\\", "/"))
    return path.relative_to(root).as_posix() if path.is_absolute() and path.is_relative_to(root) else path.as_posix()


def state_of(file: Path) -> tuple[int, int] | None:
    """Return size and time of change of a file, by which a change of it is noticed; None: there is none."""
    if not file.is_file():
        return None
    state = file.stat()
    return state.st_size, state.st_mtime_ns
