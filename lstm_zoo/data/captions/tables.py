"""Captions from a table: CSV or JSON, a row a caption or a row an image; the rows of an image may stand anywhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...contracts import InputError
from ..pipeline.finding import name_below
from ..pipeline.splitting import Listing
from ..pipeline.tables import known_split, read_rows
from .cells import Cells
from .json_files import COCO, KARPATHY, coco_entries, karpathy_entries, read_json, read_lines
from .listing import Entry, gathered

COLUMNS = ("image", "caption", "split", "group")
"""What a table may hold; only image and caption must be there."""
_ALSO = {"image": ("file_name", "filename", "image_name"), "caption": ("captions", "text", "comment")}
"""What the first two are called where a table has none of that name and the user names none."""
_JSON = f'[{{"image", "caption"}}], {{image: [captions]}}, {COCO}, or {KARPATHY}'


def read_captions(
    file: Path, folder: Path, columns: Mapping[str, str], key: str, separator: str | None = None
) -> Listing:
    """Return the images of each split by name, from a table; without a column for it, the split is "".

    Args:
        file: CSV with a header (see `read_rows`), .jsonl with an object a line, or .json in one of several forms.
        folder: What the images' names count from.
        columns: The table's own names for its columns, where they differ.
        key: The setting to name in errors.
        separator: What stands between captions in one cell; lists are known by themselves.

    Raises:
        InputError: The table is wrong or empty.
    """
    cells = Cells(separator)
    rows = {".json": _json_rows, ".jsonl": _objects, ".ndjson": _objects}.get(file.suffix.lower(), _csv_rows)
    entries = rows(file, columns, key, cells)
    placed = (entry._replace(image=name_below(entry.image, folder)) for entry in entries)
    splits = gathered(placed, file, key)
    return Listing({split: sorted(items) for split, items in splits.items()}, cells.remarks())


def _csv_rows(file: Path, columns: Mapping[str, str], key: str, cells: Cells) -> Iterator[Entry]:
    also = [name for names in _ALSO.values() for name in names]
    _, first = next(read_rows(file, [*_ALSO, *also], (), {}, key), ("", {}))
    names = {**_own_names(first), **columns}
    for place, row in read_rows(file, COLUMNS, ("image", "caption"), names, key, may_be_empty=("caption",)):
        yield Entry(place, row["image"], cells.captions(row["caption"]), row["split"], row.get("group", ""))


def _json_rows(file: Path, columns: Mapping[str, str], key: str, cells: Cells) -> Iterator[Entry]:
    content = read_json(file, _JSON, key)
    if isinstance(content, dict):
        content = content.get("data", content)
    if isinstance(content, dict) and "annotations" in content:
        return coco_entries(content, file, key)
    if isinstance(content, dict) and "images" in content:
        return karpathy_entries(content, file, key)
    if isinstance(content, dict):
        return (Entry(f"{name} in {file.name}", name, _captions(found, cells)) for name, found in content.items())
    if isinstance(content, list):
        return (_entry(f"{file}, object {n}", one, columns, key, cells) for n, one in enumerate(content, 1))
    raise InputError(key, f"{file}: expected {_JSON}")


def _objects(file: Path, columns: Mapping[str, str], key: str, cells: Cells) -> Iterator[Entry]:
    return (_entry(place, one, columns, key, cells) for place, one in read_lines(file, key))


def _entry(place: str, one: Any, columns: Mapping[str, str], key: str, cells: Cells) -> Entry:
    """Return what an object says of its image."""
    if not isinstance(one, dict):
        raise InputError(key, f"{place}: expected an object with an image and its caption, got {one!r:.60}")
    names = {**{name: name for name in COLUMNS}, **_own_names(one), **columns}
    for name in ("image", "caption"):
        if names[name] not in one:
            at_fault = "data.columns" if name in columns else key
            raise InputError(
                at_fault, f"{place}: no '{names[name]}' for the {name}; it has {', '.join(one) or 'nothing'}"
            )
    image, caption, split, group = (one.get(names[name]) for name in COLUMNS)
    if not image or not isinstance(image, str):
        raise InputError(key, f"{place}: its '{names['image']}' is {image!r:.60}; expected the path of an image")
    split = known_split(str(split), place, key) if names["split"] in one else ""
    return Entry(place, image, _captions(caption, cells), split, "" if group is None else str(group))


def _captions(found: Any, cells: Cells) -> list[Any]:
    return list(cells.captions(found)) if isinstance(found, str) else found if isinstance(found, list) else [found]


def _own_names(found: Collection[str]) -> dict[str, str]:
    """Return the usual other names that a table has in place of `image` and `caption`."""
    there = {name: [other for other in others if other in found] for name, others in _ALSO.items() if name not in found}
    return {name: others[0] for name, others in there.items() if others}
