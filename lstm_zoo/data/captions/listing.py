"""Captions from a CSV table: one row a caption; the rows of an image may stand anywhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...contracts import SPLITS, InputError
from ...media.endings import IMAGES
from ..pipeline.family import Item
from ..pipeline.finding import files_ending, name_below
from ..pipeline.tables import read_rows

COLUMNS = ("image", "caption", "split", "group")
"""What a table may hold; only image and caption must be there."""


def one_line(caption: str) -> str:
    """Return a caption with single blanks between its words and none around it."""
    return " ".join(caption.split())


def read_captions(file: Path, folder: Path, columns: Mapping[str, str], key: str) -> dict[str, list[Item]]:
    """Return the images of each split by name, from a table (see `read_rows`) with a row for each caption.

    Without a column for it, the split is "". An image that rows put into two splits stands in both.

    Raises:
        InputError: An image is of two groups, or the table is wrong or empty.
    """
    captions: dict[tuple[str, str], list[str]] = defaultdict(list)  # by split and image
    groups: dict[str, tuple[str, str]] = {}
    for place, row in read_rows(file, COLUMNS, ("image", "caption"), columns, key, may_be_empty=("caption",)):
        name = name_below(row["image"], folder)
        if group := row.get("group", ""):
            known, first = groups.setdefault(name, (group, place))
            if group != known:
                raise InputError(
                    key, f"{place}: {name} is of group '{group}' here, but of '{known}' in {first}; keep one"
                )
        captions[row["split"], name].append(one_line(row["caption"]))
    if not captions:
        raise InputError(key, f"{file} holds no captions; expected one row a caption below the header")
    splits: dict[str, list[Item]] = defaultdict(list)
    for (split, name), found in sorted(captions.items()):
        splits[split].append(Item(name, tuple(found), groups.get(name, ("", ""))[0]))
    return dict(splits)


def with_stray_images(splits: Mapping[str, Sequence[Item]], folder: Path) -> dict[str, list[Item]]:
    """Return the images of each split, and in the first one those below a folder that have no captions in any.

    They are bad files, so that preparation names them whatever becomes of them.
    """
    named = {item.name for items in splits.values() for item in items}
    found = (path.relative_to(folder).as_posix() for path in files_ending(folder, IMAGES))
    ordered = {split: list(splits[split]) for split in SPLITS if split in splits}
    ordered[next(iter(ordered))] += [Item(name, ()) for name in found if name not in named]
    return ordered
