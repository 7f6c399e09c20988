"""Clips and segments of clips from CSV tables: the user's own, and Kinetics'."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from ...contracts import InputError
from ..pipeline.family import Item
from ..pipeline.finding import name_below
from ..pipeline.splitting import Listing
from ..pipeline.tables import header_of, read_rows
from .clip_files import Between, ClipFinder, segment_name
from .listing import class_of, split_depth, told_respelt

COLUMNS = ("path", "label", "split", "group", "start", "end")
"""What a table may hold; only the path must be there."""
_KINETICS = ("label", "youtube_id", "time_start", "time_end", "split")
_KEY = "data.table"


def read_table(file: Path, root: Path, columns: Mapping[str, str]) -> Listing:
    """Return the clips of each split that a table names, see `read_rows`; of the split "" where it has no such column.

    Raises:
        InputError: A clip has no label or several, a segment does not end behind its start, labels are measured
            numbers, or the table is wrong or empty.
    """
    if "path" not in columns and set(_KINETICS[:4]) <= set(header_of(file, _KEY)):
        return Listing(_read_kinetics(file, root))
    splits: dict[str, list[Item]] = defaultdict(list)
    rows = list(read_rows(file, COLUMNS, ("path",), columns, _KEY))
    if not rows:
        raise InputError(_KEY, f"{file} names no clips")
    labels = [(place, row["label"]) for place, row in rows if row.get("label")]
    _check_one_each(labels)
    _check_no_measures(labels, file)
    finder, listed = ClipFinder(root), [name_below(row["path"], root) for _, row in rows]
    names, depth = [finder.find(name) or name for name in listed], split_depth(listed)
    for name, (place, row) in zip(names, rows, strict=True):
        label = row.get("label") or class_of(name, depth)
        if not label:
            raise InputError(_KEY, f"{place}: {name} has neither a label nor a folder that names one")
        splits[row["split"]].append(Item(segment_name(name, _segment(row, place)), label, row.get("group", "")))
    return Listing(dict(splits), [*told_respelt(listed, names), *_told_joined({label for _, label in labels})])


def _segment(row: Mapping[str, str], place: str) -> Between | None:
    """Return the segment of a clip that a row is about; None: the whole."""
    start, end = (_seconds(row.get(name, ""), f"{place}: the {name}") for name in ("start", "end"))
    if start is None and end is None:
        return None
    if end is not None and end <= (start or 0.0):
        raise InputError(_KEY, f"{place}: the segment ends at {end:g} s, and starts at {start or 0:g} s")
    return start or 0.0, end


def _seconds(text: str, what: str) -> float | None:
    """Return seconds, written as such or as a clock shows them (1:02:03.5)."""
    if not text:
        return None
    if not re.fullmatch(r"(\d+:){0,2}\d+([.,]\d+)?", text):
        raise InputError(_KEY, f"{what} is {text!r}; expected seconds, such as 12.5 or 0:12.5")
    *whole, last = text.replace(",", ".").split(":")
    return sum(int(part) * 60 ** (len(whole) - place) for place, part in enumerate(whole)) + float(last)


def _check_one_each(labels: Sequence[tuple[str, str]]) -> None:
    """Refuse cells that hold several labels: a list, or labels with commas between them that stand alone elsewhere."""
    known = {label for _, label in labels}
    for place, label in labels:
        parts = [part.strip() for part in label.split(",")]
        if re.search(r"[;|]|^\[.*\]$", label) or (len(parts) > 1 and not known.isdisjoint(parts)):
            raise InputError(
                _KEY, f"{place}: several labels in one cell ({label}), but a clip has one class; keep one of them"
            )


def _told_joined(labels: Set[str]) -> list[str]:
    """Return in words which labels may be several, as parts of them, between strokes and the like, are labels, too."""
    joined = [one for one in labels if len(parts := re.split(r"\s*[/+&]\s*", one)) > 1 and labels >= set(parts)]
    named = ", ".join(map(repr, sorted(joined)))
    return [f"{named}: taken for classes of their own, though their parts are classes, too"] * bool(joined)


def _check_no_measures(labels: Sequence[tuple[str, str]], file: Path) -> None:
    """Refuse numbers with a fraction that mostly stand once: they measure something, and are no classes."""
    different = dict.fromkeys(label for _, label in labels)
    numbers = [label for label in different if re.fullmatch(r"[-+]?\d*[.,]?\d+([eE][-+]?\d+)?", label)]
    fractions = [label for label in numbers if not re.fullmatch(r"[-+]?\d+([.,]0*)?", label)]
    if fractions and len(numbers) == len(different) > len(labels) / 2:
        raise InputError(
            _KEY,
            f"{file}: the labels are numbers such as {fractions[0]}, {len(different)} different ones in {len(labels)} "
            "rows, each of which would be a class; expected names of classes: put ranges of the numbers into words, or "
            "name the right column in data.columns",
        )


def _read_kinetics(file: Path, root: Path) -> dict[str, list[Item]]:
    """Return the clips of a table of Kinetics, which lie somewhere below the root as <youtube_id>_<start>_<end>.mp4."""
    finder, missing = ClipFinder(root), []
    splits: dict[str, list[Item]] = defaultdict(list)
    for place, row in read_rows(file, _KINETICS, _KINETICS[:4], {}, _KEY):
        start, end = (_seconds(row[name], f"{place}: {name}") or 0.0 for name in ("time_start", "time_end"))
        stem = f"{row['youtube_id']}_{round(start):06d}_{round(end):06d}"
        name = finder.find_stem(stem)
        if name is None:
            name = f"{row['label']}/{stem}.mp4"
            missing.append(name)
        splits[row["split"]].append(Item(name, row["label"], row["youtube_id"]))
    total = sum(map(len, splits.values()))
    if len(missing) == total:
        first = f", such as {missing[0]}" if missing else ""
        raise InputError(_KEY, f"none of the {total} clips of {file} lies below {root}{first}")
    return dict(splits)
