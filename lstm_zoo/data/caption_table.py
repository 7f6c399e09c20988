"""Captions from a CSV table: one row a caption; the rows of an image may stand anywhere."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..contracts import SPLITS, InputError
from ..nearest import did_you_mean
from .captions import Photo, images_below, one_line
from .listing import name_below, read_text

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
    for line, row in _rows(file, columns, key):
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


def _rows(file: Path, columns: Mapping[str, str], key: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row with the number of its last line; what the table has no column for is left out."""
    reader = csv.reader(io.StringIO(read_text(file, key), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        places = _places(header, columns, file, key)
        for row in reader:
            if len(row) > len(header):
                raise InputError(
                    key,
                    f"{file}:{reader.line_num}: {len(row)} fields below {len(header)} columns; a caption with commas "
                    "stands in double quotes",
                )
            row += [""] * (len(header) - len(row))
            if any(map(str.strip, row)):
                yield reader.line_num, {name: row[place].strip() for name, place in places.items()}
    except csv.Error as error:
        raise InputError(
            key, f"{file}:{reader.line_num}: {error}; a quote within a quoted caption is written twice"
        ) from None


def _places(header: Sequence[str], columns: Mapping[str, str], file: Path, key: str) -> dict[str, int]:
    """Return where in a row image, caption, split and group stand."""
    places = {}
    for name in COLUMNS:
        column = columns.get(name, name)
        if column in header:
            places[name] = header.index(column)
        elif name in columns or name in ("image", "caption"):
            raise InputError(
                "data.columns" if name in columns else key,
                f"{file}:1: no column '{column}' for the {name}{did_you_mean(column, header)}; its columns: "
                f"{', '.join(header) or 'none'}",
            )
        if header.count(column) > 1:
            raise InputError(key, f"{file}:1: {header.count(column)} columns '{column}'; expected one row a caption")
    return places
