"""Folders as pages draw them, made on disk: each file is a small one of its kind, and `...` stands for more of them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from made_files import make_file

_ENTRY = re.compile(r"^([\s│├└─]*)(\S+)")
_WIDTH = 4  # of a step to the right
_MORE = 9  # of what stands above `...`


def root_of(tree: str) -> str:
    """Return the name of the folder that a tree shows; empty: the text is no tree."""
    first, *rest = tree.splitlines() or [""]
    return first.rstrip("/") if rest and re.fullmatch(r"[\w-]+/", first) and re.match(r"[├└]── ", rest[0]) else ""


def paths_of(tree: str) -> list[str]:
    """Return the paths of all files of a tree, from its root on."""
    above: list[str] = []
    entries: list[str] = []
    for line in tree.splitlines():
        found = _ENTRY.match(line)
        assert found, line
        depth, name = len(found[1]) // _WIDTH, found[2]
        place = [*above[:depth], name.rstrip("/")]
        if name == "...":
            entries += _more(entries, "".join(f"{one}/" for one in above[:depth]))
        elif name.endswith("/"):
            above = place
        else:
            entries.append("/".join(place))
    return entries


def _more(entries: list[str], folder: str) -> list[str]:
    """Return further files like the last ones of a folder: those of one name, or all of a folder below."""
    inside = [one.removeprefix(folder) for one in entries if one.startswith(folder)]
    stems = dict.fromkeys(one.split("/")[0] if "/" in one else one.split(".")[0] for one in inside)
    *_, last = stems
    stem = min((one for one in stems if re.match(rf"{one}(?![A-Za-z0-9])", last)), key=len)
    whole = re.compile(rf"(?<![A-Za-z0-9]){stem}(?![A-Za-z0-9])")
    alike = [one for one in inside if whole.match(one)]
    return [folder + whole.sub(_numbered(stem, step), one) for step in range(1, _MORE + 1) for one in alike]


def _numbered(stem: str, step: int) -> str:
    """Return a further name: the first number of several digits is counted on, or any; or one stands behind it."""
    number = re.search(r"\d{2,}", stem) or re.search(r"\d", stem)
    if number is None:
        return f"{stem}{step}"
    counted = str(int(number[0]) + step).zfill(len(number[0]))
    return stem[: number.start()] + counted + stem[number.end() :]


def make_tree(tree: str, place: Path) -> Path:
    """Make the folder that a tree shows, in a place, anew."""
    folder = place / root_of(tree)
    if folder.exists():
        shutil.rmtree(folder)
    names = [name.split("/", 1)[1] for name in paths_of(tree)]
    for number, name in enumerate(names):
        make_file(folder, name, names, number)
    return folder
