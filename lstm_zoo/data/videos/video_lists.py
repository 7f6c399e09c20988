"""Lists of clips as data sets bring them: UCF101, HMDB51, Something-Something, and MMAction2's annotation files."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ...contracts import InputError
from ..pipeline.family import Item
from ..pipeline.finding import name_below, read_text
from ..pipeline.splitting import Listing
from .clip_files import ClipFinder
from .listing import class_of, split_depth, told_respelt

_KEY = "data.lists"
_NUMBERED = re.compile(r"(.*[^\s,;])[\s,;]+(\d+)")
_OF_HMDB51 = re.compile(r"(.+)_test_split(\d+)\.txt")
_SPLITS_OF_HMDB51 = {"0": "", "1": "train", "2": "test"}


class _Line(NamedTuple):
    """A line of a list."""

    place: str
    """File and line, for messages."""
    listed: str
    """The clip as the list names it."""
    name: str
    """The clip as it lies below the root, as far as it is there."""
    number: str
    """The label's number behind the path; empty where there is none."""


def read_list(file: Path, root: Path) -> list[Item]:
    """Read one list, see `read_lists`."""
    return list(read_lists({"": file}, root).splits[""])


def read_lists(files: Mapping[str, Path], root: Path) -> Listing:
    """Read lists of clips: JSON as Something-Something has it, or a path a line, with or without the label's number.

    The class is the clip's first folder, as in UCF101; or the number, where that does not go with the folders, or there
    are none, as MMAction2 has it. Folders of frames may have the number of these before that of the label.

    Raises:
        InputError: A line names no clip with one class, or a list is empty.
    """
    finder = ClipFinder(root)
    lines = {split: _lines(file, root, finder) for split, file in files.items() if file.suffix.lower() != ".json"}
    splits = {split: read_something(file, finder) for split, file in files.items() if split not in lines}
    every = [line for found in lines.values() for line in found]
    remarks = told_respelt([line.listed for line in every], [line.name for line in every])
    if by_number := any(map(_by_number, lines.values())):
        remarks += ["layout: the numbers behind the paths are the classes, for the folders do not go with them"]
    elif _by_number(every):
        names = ", ".join(map(str, files.values()))
        raise InputError(
            _KEY,
            f"the numbers behind the paths go with the folders otherwise in one of {names} "
            "than in another; take them away where folders are the classes, or number the classes alike",
        )
    for split, found in lines.items():
        splits[split] = _numbered(found) if by_number else _in_folders(found)
    return Listing({split: splits[split] for split in files}, remarks)


def _lines(file: Path, root: Path, finder: ClipFinder) -> list[_Line]:
    if of_hmdb51 := _OF_HMDB51.fullmatch(file.name):
        pattern = Path(file.parent.name, file.name.replace(of_hmdb51[1], "*"))
        raise InputError(_KEY, f"{file} is one of HMDB51's lists; give all of them as data.table='{pattern}'")
    lines = []
    for number, text in enumerate(read_text(file, _KEY).splitlines(), 1):
        if text.strip():
            lines.append(_parsed(text.strip(), f"{file}:{number}", root, finder))
    if not lines:
        raise InputError(_KEY, f"{file} names no clips")
    return lines


def _parsed(text: str, place: str, root: Path, finder: ClipFinder) -> _Line:
    numbered = _NUMBERED.fullmatch(text)
    if not numbered:
        name = name_below(text, root)
        return _Line(place, name, finder.find(name) or name, "")
    name, again = name_below(numbered[1], root), _NUMBERED.fullmatch(numbered[1])
    if again and not finder.find(name) and (clip := finder.find(name_below(again[1], root))):
        if not (root / clip).is_dir():
            labels = f"{again[2]} {numbered[2]}"
            raise InputError(_KEY, f"{place}: several labels ({labels}), but a clip has one class; keep one of them")
        name = name_below(again[1], root)
    return _Line(place, name, finder.find(name) or name, numbered[2])


def _by_number(lines: Sequence[_Line]) -> bool:
    """Say whether folders cannot be the classes, since the label's numbers do not go with them."""
    depth = split_depth([line.listed for line in lines])
    pairs = {(class_of(line.listed, depth), line.number) for line in lines if line.number}
    folders, numbers = {folder for folder, _ in pairs}, {number for _, number in pairs}
    return "" in folders or (len(numbers) > 1 and not len(pairs) == len(folders) == len(numbers))


def _numbered(lines: Sequence[_Line]) -> list[Item]:
    for line in lines:
        if not line.number:
            raise InputError(_KEY, f"{line.place}: expected a label's number behind {line.listed}, as in other lines")
    return [Item(line.name, line.number) for line in lines]


def _in_folders(lines: Sequence[_Line]) -> list[Item]:
    depth = split_depth([line.listed for line in lines])
    items = [Item(line.name, class_of(line.listed, depth)) for line in lines]
    for line, item in zip(lines, items, strict=True):
        if not item.target:
            raise InputError(_KEY, f"{line.place}: expected Class/clip.avi, got {line.listed!r}")
    return items


def read_something(file: Path, finder: ClipFinder) -> list[Item]:
    """Read a list of Something-Something: JSON objects with an id, which is the name of a clip, and a template.

    Raises:
        InputError: It is another JSON, or has no labels, as that of the test.
    """
    try:
        entries = json.loads(read_text(file, _KEY))
        names = [str(entry["id"]) for entry in entries]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise InputError(
            _KEY, f"{file} is no list of clips; expected objects with an id and a template, as Something-Something's"
        ) from None
    labels = [str(entry.get("template") or entry.get("label") or "") for entry in entries]
    if "" in labels:
        raise InputError(_KEY, f"{file}: the clip {names[labels.index('')]} has no template and no label")
    return [
        Item(finder.find_stem(name) or f"{name}.webm", label.replace("[", "").replace("]", ""))
        for name, label in zip(names, labels, strict=True)
    ]


def read_hmdb51(files: Sequence[Path], root: Path, key: str) -> Listing:
    """Read HMDB51's lists of one of its splits, a file a class: a line names a clip, and 1 (train), 2 (test) or 0.

    Raises:
        InputError: The files are others, or of several splits.
    """
    finder = ClipFinder(root)
    splits: dict[str, list[Item]] = defaultdict(list)
    numbers = Counter(found[2] for file in files if (found := _OF_HMDB51.fullmatch(file.name)))
    if len(numbers) != 1 or numbers.total() < len(files):
        names = ", ".join(file.name for file in files[:3])
        raise InputError(
            key, f"expected HMDB51's lists of one split, such as *_test_split1.txt; found {names} and so on"
        )
    for file in files:
        label = file.name.rpartition("_test_split")[0]
        for number, text in enumerate(read_text(file, key).splitlines(), 1):
            found = re.fullmatch(r"\s*(.*\S)\s+([012])\s*", text)
            if text.strip() and not found:
                raise InputError(key, f"{file}:{number}: expected a clip and 0, 1 or 2, got {text.strip()!r}")
            if found:
                name = finder.find_stem(Path(found[1]).stem) or f"{label}/{found[1]}"
                splits[_SPLITS_OF_HMDB51[found[2]]].append(Item(name, label))
    unused = len(splits.pop("", ()))
    return Listing(dict(splits), [f"{unused} clips are in neither train nor test, as the lists say"] * bool(unused))
