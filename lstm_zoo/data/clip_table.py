"""A CSV table of clips, their labels, splits and groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from ..contracts import SPLITS, InputError
from .csv_rows import read_rows
from .listing import Clip, class_folder, name_below

COLUMNS = ("path", "label", "split", "group")
"""What a table may hold; only the path must be there."""


def read_table(file: Path, root: Path, columns: Mapping[str, str]) -> dict[str, list[Clip]]:
    """Read a CSV table of clips.

    Args:
        file: CSV with a header.
        root: Folder that the paths count from.
        columns: The table's names for path, label, split and group, where they differ.

    Returns:
        The clips of each split; of the split "" where the table has no such column.

    Raises:
        InputError: A column is missing, or a row has an unknown split or no path.
    """
    splits: dict[str, list[Clip]] = defaultdict(list)
    for number, row in read_rows(file, COLUMNS, ("path",), columns, "data.table"):
        split = row.get("split", "").lower()
        if not row["path"]:
            raise InputError("data.table", f"{file}:{number}: the path is empty")
        if split not in (SPLITS if "split" in row else ("",)):
            raise InputError("data.table", f"{file}:{number}: split {split!r}; expected train, val or test")
        name = name_below(row["path"], root)
        label = row.get("label") or class_folder(name)
        if not label:
            raise InputError("data.table", f"{file}:{number}: {name} has neither a label nor a folder that names one")
        splits[split].append(Clip(name, label, row.get("group", "")))
    if not splits:
        raise InputError("data.table", f"{file} names no clips")
    return dict(splits)
