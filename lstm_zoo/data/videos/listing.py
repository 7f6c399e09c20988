"""Which videos there are and what they show: from folders, list files and tables."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from ...contracts import InputError
from ..pipeline.family import Item
from ..pipeline.finding import check_folder, name_below, read_text
from ..pipeline.tables import read_rows
from .video_data import videos_below

COLUMNS = ("path", "label", "split", "group")
"""What a table may hold; only the path must be there."""


def list_videos(root: Path) -> list[Item]:
    """Return all videos in `root/<class>/`, at any depth below it.

    Raises:
        InputError: There is no such folder, or it does not hold classes with videos.
    """
    check_folder(root)
    classes = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    items = [
        Item(path.relative_to(root).as_posix(), folder.name) for folder in classes for path in videos_below(folder)
    ]
    if not items:
        holds = ", ".join(folder.name for folder in classes[:5]) or "no folders"
        raise InputError(
            "data.root", f"no videos in {root}; expected root/<class>/<clip>.mp4 (or .avi, .mov, ...), found {holds}"
        )
    stray = [path.name for path in videos_below(root) if path.parent == root and path.suffix]
    if stray:
        raise InputError(
            "data.root", f"{stray[0]} lies directly in {root}; move it into the folder of its class, or elsewhere"
        )
    empty = [folder.name for folder in classes if not any(item.target == folder.name for item in items)]
    if empty:
        raise InputError(
            "data.root", f"these folders of {root} hold no videos: {', '.join(empty)}; fill or remove them"
        )
    return items


def read_list(file: Path, root: Path) -> list[Item]:
    """Read a UCF101-style list: `Class/clip.avi` a line, with or without the label's number behind it.

    Raises:
        InputError: A line is no path with a class, or the list is empty.
    """
    items = []
    for number, line in enumerate(read_text(file, "data.lists").splitlines(), 1):
        name = name_below(re.sub(r"\s+\d+$", "", line.strip()), root)
        if not line.strip():
            continue
        if not _class_folder(name):
            raise InputError("data.lists", f"{file}:{number}: expected Class/clip.avi, got {line.strip()!r}")
        items.append(Item(name, _class_folder(name)))
    if not items:
        raise InputError("data.lists", f"{file} names no clips")
    return items


def read_table(file: Path, root: Path, columns: Mapping[str, str]) -> dict[str, list[Item]]:
    """Return the clips of each split that a table names, see `read_rows`; of the split "" where it has no such column.

    Raises:
        InputError: A clip has no label, or the table is wrong or empty.
    """
    splits: dict[str, list[Item]] = defaultdict(list)
    for place, row in read_rows(file, COLUMNS, ("path",), columns, "data.table"):
        name = name_below(row["path"], root)
        label = row.get("label") or _class_folder(name)
        if not label:
            raise InputError("data.table", f"{place}: {name} has neither a label nor a folder that names one")
        splits[row["split"]].append(Item(name, label, row.get("group", "")))
    if not splits:
        raise InputError("data.table", f"{file} names no clips")
    return dict(splits)


def _class_folder(name: str) -> str:
    """Return the first folder of a path below the root: the class, as in `list_videos`."""
    parts = Path(name).parts
    return parts[0] if len(parts) > 1 else ""
