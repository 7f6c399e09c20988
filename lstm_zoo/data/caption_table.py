"""Captions from a CSV table: one row a caption; the rows of an image may stand anywhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..console.text import did_you_mean
from ..contracts import SPLITS, InputError
from .captions import Photo, one_line
from .csv_rows import read_rows
from .listing import images_below, name_below

COLUMNS = ("image", "caption", "split", "group")
"""What a table may hold; only image and caption must be there."""


def read_captions(file: Path, folder: Path, columns: Mapping[str, str], key: str) -> dict[str, list[Photo]]:
    """Read a CSV table of captions.

    Args:
        file: CSV with a header.
        folder: Folder that the images' paths count from.
        columns: The table's names for image, caption, split and group, where they differ.
        key: The setting to name in errors.

    Returns:
        The images of each split, by name; of the split "" where the table has no such column. An image that rows put
        into two splits stands in both.

    Raises:
        InputError: A column is missing, or a row has no image, an unknown split, or another group than the image has.
    """
    captions: dict[tuple[str, str], list[str]] = defaultdict(list)  # by split and image
    groups: dict[str, tuple[str, int]] = {}
    for line, row in read_rows(file, COLUMNS, ("image", "caption"), columns, key):
        place = f"{file}:{line}"
        if not row["image"]:
            raise InputError(key, f"{place}: the image is empty; expected its path below {folder}")
        split = row.get("split", "").lower()
        if split not in (SPLITS if "split" in row else ("",)):
            hint = did_you_mean(split, SPLITS)
            raise InputError(key, f"{place}: split '{row['split']}'{hint}; expected train, val or test")
        name = name_below(row["image"], folder)
        if group := row.get("group", ""):
            known, first = groups.setdefault(name, (group, line))
            if group != known:
                raise InputError(
                    key, f"{place}: {name} is of group '{group}' here, but of '{known}' in line {first}; keep one"
                )
        captions[split, name].append(one_line(row["caption"]))
    if not captions:
        raise InputError(key, f"{file} holds no captions; expected one row a caption below the header")
    splits: dict[str, list[Photo]] = defaultdict(list)
    for (split, name), found in sorted(captions.items()):
        splits[split].append(Photo(name, tuple(found), groups.get(name, ("", 0))[0]))
    return dict(splits)


def with_stray_images(splits: Mapping[str, Sequence[Photo]], folder: Path) -> dict[str, list[Photo]]:
    """Return the images of each split, and in the first one those below a folder that have no captions in any.

    They are bad files, so that preparation names them whatever becomes of them.
    """
    named = {photo.name for photos in splits.values() for photo in photos}
    found = (path.relative_to(folder).as_posix() for path in images_below(folder))
    ordered = {split: list(splits[split]) for split in SPLITS if split in splits}
    ordered[next(iter(ordered))] += [Photo(name, ()) for name in found if name not in named]
    return ordered
