"""What is saved of the answers to a file: pictures, label maps, texts; each in a place that follows from the file's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..console.text import first_line
from ..console.visible import tell
from ..contracts import Part, Result, Views, named_place
from ..disk.whole_files import replace_file
from ..tasks.figures.canvas import png_of


class Place(NamedTuple):
    """Where what is made of a file is saved."""

    folder: Path
    name: str
    """What the names of files begin with."""
    below: Path
    """Where the file lies below the folder that holds all of them, for those that bear its own name."""

    def of(self, end: str) -> Path:
        """Return the place of a file by the end of its name, or by what it holds and its whole name: `labels/a.nii`."""
        what, stroke, name = end.partition("/")
        return self.folder / f"predicted-{what}" / self.below / name if stroke else self.folder / f"{self.name}-{end}"


def save(
    views: Views, result: Result | None, answers: Sequence[tuple[Part, Result | None]], place: Place
) -> dict[str, str]:
    """Write what the task makes of a file, a picture and others, and what the data make of the answers to its parts.

    Returns:
        Where each lies, by what it holds.
    """
    saved = {}
    if result is not None:
        figure = {} if result.figure is None else {"figure.png": png_of(result.figure())}
        saved = _saved({**result.files, **figure}, place)
    of_parts = _saved(views.files(answers), place) if answers else {}
    return saved | {f"{name}_file": file for name, file in of_parts.items()}


def what_of(end: str) -> str:
    """Return what a file holds, by the end of its name."""
    return re.split(r"[./]", end)[0]


def _saved(contents: Mapping[str, bytes], place: Place) -> dict[str, str]:
    """Write files by the ends of their names; return where each lies."""
    saved = {}
    for end, content in contents.items():
        file = place.of(end)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(file, content)
        except OSError as error:
            tell(f"{file} cannot be written ({first_line(error)})")
            continue
        saved[what_of(end)] = named_place(file)
    return saved
