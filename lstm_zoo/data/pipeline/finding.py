"""Files and folders of the user's: which there are, and what a list of them says."""

from __future__ import annotations

import codecs
import io
import os
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from glob import glob
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import AfterValidator

from ...console.text import did_you_mean, listed
from ...contracts import InputError, expanded
from ...disk.sending import fetched
from ...media.endings import IMAGES, is_dropping, is_picture
from ...media.errors import is_special
from .inside import can_be_a_name


def _absolute_if_here(path: Path) -> Path:
    path = expanded(path)
    return path.absolute() if path.is_file() else path


ListFile = Annotated[Path, AfterValidator(_absolute_if_here)]
"""A list or table the user wrote: from the working directory, or else below the root of the data; see `find_file`."""


class Found(NamedTuple):
    """What is below a folder, in order."""

    files: list[Path]
    left_out: list[Path]
    """Hidden files and folders, what systems and editors leave behind, folders that cannot be read, links to folders
    that are there already or around them, and what is no file: pipes, devices, sockets."""


def look_below(folder: Path) -> Found:
    """Return the files below a folder, also behind links; each real folder is visited once, at its own place first."""
    start = folder.resolve()
    files, left_out, visited, waiting = [], [], set(), deque([(folder, start)])
    while waiting:
        place, real = waiting.popleft()
        if real in visited:
            left_out.append(place)
            continue
        visited.add(real)
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError:
            left_out.append(place)
            continue
        for entry in entries:
            path = place / entry.name
            if is_dropping(entry.name):
                left_out.append(path)
            elif not entry.is_dir():
                (files if entry.is_file() or not is_special(path) else left_out).append(path)
            elif not entry.is_symlink():
                waiting.appendleft((path, real / entry.name))
            elif start.is_relative_to(target := path.resolve()) or real.is_relative_to(target):
                left_out.append(path)
            else:
                waiting.append((path, target))
    return Found(sorted(files), sorted(left_out))


def files_below(folder: Path) -> list[Path]:
    """Return the files that `look_below` finds."""
    return look_below(folder).files


def files_ending(folder: Path, endings: Collection[str]) -> list[Path]:
    """Return all files below a folder whose names end so, in order; also pictures without an ending, if asked for."""
    ends, pictures = tuple(endings), frozenset(endings) >= IMAGES
    return [
        path
        for path in files_below(folder)
        if path.name.lower().endswith(ends) or (pictures and not path.suffix and is_picture(path))
    ]


def told_left_out(folder: Path, used: Collection[Path]) -> list[str]:
    """Return in words what is below a folder beyond the files (or folders of files) in use, counted and named."""
    found, kept = look_below(folder), set(used)
    spare = [path for path in found.files if not (path in kept or path.parent in kept)]
    by_ending: dict[str, list[Path]] = defaultdict(list)
    for path in spare:
        by_ending[f"*{path.suffix.lower()}" if path.suffix else "without an ending"].append(path)
    by_ending["no files (pipes, devices, sockets)"] = [path for path in found.left_out if is_special(path)]
    by_ending["hidden, a system's, or links back"] = [path for path in found.left_out if not is_special(path)]
    told = [f"{len(paths)} {what} ({named(paths, folder)})" for what, paths in by_ending.items() if paths]
    return [f"left out below {folder}: {'; '.join(told)}"] if told else []


def named(paths: Sequence[Path], folder: Path) -> str:
    """Return the first of some paths below a folder, for people."""
    return listed([path.relative_to(folder).as_posix() for path in paths])


def unlinked(paths: Iterable[Path]) -> list[Path]:
    """Return paths, in order, without links to a file that is among them already."""
    paths, own = list(paths), {}
    if not any(path.is_symlink() for path in paths):
        return paths
    for path in sorted(paths, key=lambda path: path.is_symlink()):
        own.setdefault(path.resolve(), path)
    return sorted(own.values())


def check_folder(root: Path, key: str = "data.root") -> None:
    """Raise an InputError if there is no such folder; one in a store is fetched first."""
    try:
        fetched(root)
    except InputError as error:
        raise InputError(key, error.message) from error
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


def find_files(pattern: Path, root: Path, key: str) -> list[Path]:
    """Return the files of a pattern, such as `lists/*_split1.txt`: from the working directory, or else below the root.

    Raises:
        InputError: There are none.
    """
    for folder in (Path(), root):
        if found := [Path(folder, name) for name in sorted(glob(str(pattern), root_dir=folder))]:
            return found
    raise InputError(key, f"no files {pattern}, neither from the working directory nor below {root}")


def read_text(file: Path, key: str) -> str:
    """Return the text of a file in UTF-8 or UTF-16, or raise an InputError that names the setting."""
    if is_special(file):
        raise InputError(key, f"{file} is a pipe, device or socket; expected a file")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(key, f"{file} cannot be read: {error.strerror}") from None
    try:
        return io.StringIO(content.decode(_encoding_of(content)), newline=None).read()  # all ends of lines become one
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start)
        shown = content.splitlines()[line].decode("cp1252", "replace").strip()
        raise InputError(
            key,
            f"{file}:{line + 1}: is not UTF-8 text; as Windows' ANSI (cp1252) this line is {shown[:80]!r}: save the "
            "file as UTF-8",
        ) from None


def _encoding_of(content: bytes) -> str:
    """Return UTF-16 where a mark at the start tells it, or the zeros beside Latin letters; else UTF-8."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding, zeros in (("utf-16-be", content[::2]), ("utf-16-le", content[1::2])):
        if b"\0" in content[:2] and 2 * zeros.count(0) > len(zeros):  # a damaged byte makes no other encoding
            return encoding
    return "utf-8-sig"


def name_below(name: str, root: Path) -> str:
    """Return a file's path as counted from the root; what lies outside of it, `check_inside` refuses.

    Raises:
        InputError: No file can be called so.
    """
    if not can_be_a_name(name):
        raise InputError("data", f"a list names {name[:60]!r}, but no file can be called so: mend the list")
    path = Path(name.replace("\\", "/"))
    return path.relative_to(root).as_posix() if path.is_absolute() and path.is_relative_to(root) else path.as_posix()


def state_of(file: Path) -> tuple[int, ...] | None:
    """Return size and time of change of a file, or of a folder's files, by which a change is noticed; None: no such."""
    if file.is_dir():
        states = [entry.stat() for entry in os.scandir(file) if entry.is_file()]
        return len(states), sum(one.st_size for one in states), max((one.st_mtime_ns for one in states), default=0)
    if not file.is_file():
        return None
    state = file.stat()
    return state.st_size, state.st_mtime_ns
