"""What a mirror has in common with its store: the version of each object, beside size and time of change of its file.

By these, it is known where something has changed since. What is on its way is noted before it goes, so that a process
which was killed meanwhile leaves no doubt whose object is there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from .whole_files import replace_file

_ARRIVED = "*"
State = tuple[int, int]
"""Size of a file, and its time of change in nanoseconds."""


class Object(NamedTuple):
    """What lies in a store."""

    path: str
    version: str
    state: State


class Note(NamedTuple):
    """What is known of a file."""

    version: str
    """Of the object that is the same as the file; of one on its way, that of the object before."""
    state: State | None
    """Of the file; None: it differs, whatever it is."""
    on_its_way: bool = False


def arrived(state: State) -> Note:
    """Return the note of a file that is in the store, until its version there is known."""
    return Note(_ARRIVED, state, True)


def settled(noted: dict[str, Note], there: dict[str, Object]) -> dict[str, Note]:
    """Return notes that say of files which were on their way whether they have come to the store."""
    result = {}
    for name, note in noted.items():
        if note.on_its_way and name in there:
            one = there[name]
            if one.version == note.version:
                note = Note(one.version, None)
            elif note.version == _ARRIVED or (note.state and one.state[0] == note.state[0]):
                note = Note(one.version, note.state)
        if not note.on_its_way or name in there:
            result[name] = note
    return result


def is_changed(name: str, here: dict[str, State], noted: dict[str, Note]) -> bool:
    """Say whether a file is not the one that is noted."""
    return name not in noted or noted[name].on_its_way or noted[name].state != here.get(name)


def is_other(name: str, there: dict[str, Object], noted: dict[str, Note]) -> bool:
    """Say whether an object is not the one that is noted."""
    return name not in there or name not in noted or noted[name].version != there[name].version


def state_of(file: Path) -> State | None:
    """Return the state of a file; None: there is none."""
    try:
        state = file.stat()
    except FileNotFoundError:
        return None
    return state.st_size, state.st_mtime_ns


def notes_in(file: Path) -> dict[str, Note]:
    """Return what was noted in a file; nothing where there is none."""
    if not file.is_file():
        return {}
    noted = json.loads(file.read_text(encoding="utf-8"))
    return {name: Note(one[0], one[1] and (one[1][0], one[1][1]), one[2]) for name, one in noted.items()}


def keep_notes(file: Path, noted: dict[str, Note]) -> None:
    """Write notes into a file."""
    replace_file(file, json.dumps(noted))
