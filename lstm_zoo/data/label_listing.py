"""Which images have which label maps, and to which split they belong: from folders side by side, or a CSV table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..console.text import did_you_mean
from ..contracts import SPLITS, InputError
from ..media.endings import IMAGES, LABELS, stem_of
from ..media.errors import MediaError
from .csv_rows import read_rows
from .listing import check_folder, files_below, name_below

COLUMNS = ("image", "labels", "split", "group")
"""What a table may hold; only image and labels must be there."""

_LAYOUTS: tuple[dict[str, tuple[str, str]], ...] = (
    {split: (split, f"{split}annot") for split in SPLITS},
    {split: (f"images/{split}", f"labels/{split}") for split in SPLITS},
    {split: (f"{split}/images", f"{split}/labels") for split in SPLITS},
    {"": ("images", "labels")},
)
_EXPECTED = "train/ and trainannot/, images/train/ and labels/train/, train/images/ and train/labels/, or images/ and "
_EXPECTED += "labels/ where splits are to be made"


class Pair(NamedTuple):
    """One image or volume of a data set, with the file of its labels.

    Either file may be missing: its path is then the one where it was looked for; see `check_pair`.
    """

    name: str
    """Path of the image below the root of the data set; no two are the same."""
    labels: str
    """Path of its labels below the root; the image's own where one file holds both."""
    group: str = ""
    """What it shares with images of the same source; a group never stands in two splits."""

    @property
    def label(self) -> str:
        """All images count alike when splits are made."""
        return ""


class _File(NamedTuple):
    stem: str
    """Path below its folder, without the ending."""
    ending: str
    name: str
    """Path below the root."""


def list_pairs(
    root: Path,
    folders: Mapping[str, tuple[str, str]],
    images: Collection[str] = IMAGES,
    labels: Collection[str] = LABELS,
) -> dict[str, list[Pair]]:
    """Return the images of each split with the label files of the same name, at any depth below their folders.

    An image without labels, and labels without an image, make a `Pair` all the same: one of its files is missing.
    Files of the label folder whose ending no pair has (a list of classes, say) are no labels.

    Args:
        root: Folder of the data set.
        folders: Folders of the images and of their labels of each split, below root; of the split "" where splits are
            to be made. They may be one folder where a file holds both. Empty: those of a usual layout.
        images: Endings of images.
        labels: Endings of label files.

    Raises:
        InputError: A folder is missing or empty, no image has labels, or files differ in their endings only.
    """
    check_folder(root)
    for folder in (folder for split, both in folders.items() if split for folder in both):
        check_folder(root / folder, "data.folders")
    for folder in folders.get("", ()):  # not the user's to name
        check_folder(root / folder)
    key = "data.folders" if folders and "" not in folders else "data.root"
    splits = {}
    for split, (image_folder, label_folder) in (folders or _usual_folders(root)).items():
        pictures = _files(root, image_folder, "images", images, key)
        maps = _files(root, label_folder, "label files", labels, key)
        stems = {file.stem for file in pictures}
        endings = {file.ending for file in maps if file.stem in stems}
        if not endings:
            raise InputError(
                key,
                f"no image of {root / image_folder} has labels in {root / label_folder}: they hold {pictures[0].name} "
                f"and {maps[0].name}, say; expected names that differ in their endings only ({_joined(labels)})",
            )
        splits[split] = _paired(
            image_folder, pictures, label_folder, [file for file in maps if file.ending in endings], key
        )
    return splits


def read_pair_table(file: Path, root: Path, columns: Mapping[str, str]) -> dict[str, list[Pair]]:
    """Read a CSV table of images and their labels, one row an image.

    Args:
        file: CSV with a header.
        root: Folder that all paths count from.
        columns: The table's names for image, labels, split and group, where they differ.

    Returns:
        The images of each split; of the split "" where the table has no such column.

    Raises:
        InputError: A column is missing, or a row has no image or labels, an unknown split, or an image that was named
            before.
    """
    key = "data.table"
    lines: dict[str, int] = {}
    splits: dict[str, list[Pair]] = defaultdict(list)
    for line, row in read_rows(file, COLUMNS, ("image", "labels"), columns, key):
        place = f"{file}:{line}"
        for name in ("image", "labels"):
            if not row[name]:
                raise InputError(key, f"{place}: the column for the {name} is empty; expected a path below {root}")
        split = row.get("split", "").lower()
        if split not in (SPLITS if "split" in row else ("",)):
            hint = did_you_mean(split, SPLITS)
            raise InputError(key, f"{place}: split '{row['split']}'{hint}; expected train, val or test")
        pair = Pair(name_below(row["image"], root), name_below(row["labels"], root), row.get("group", ""))
        first = lines.setdefault(pair.name, line)
        if first != line:
            raise InputError(key, f"{place}: {pair.name} stands in line {first} already; expected one row an image")
        splits[split].append(pair)
    if not splits:
        raise InputError(key, f"{file} names no images; expected one row an image below the header")
    return dict(splits)


def check_pair(root: Path, pair: Pair) -> None:
    """Raise a MediaError if the image or its labels are missing."""
    has_image, has_labels = ((root / name).is_file() for name in (pair.name, pair.labels))
    if not has_image:
        raise MediaError(f"no such image, but its labels {pair.labels}" if has_labels else "no such file")
    if not has_labels:
        raise MediaError(f"has no label file {pair.labels}")


def _usual_folders(root: Path) -> dict[str, tuple[str, str]]:
    """Return the folders of the first usual layout that is there."""
    for layout in _LAYOUTS:
        there = {split: [(root / folder).is_dir() for folder in both] for split, both in layout.items()}
        whole = {split: both for split, both in layout.items() if all(there[split])}
        if not whole:
            continue
        _check_other_splits(root, layout)
        for split, (images, labels) in layout.items():
            if any(there[split]) and split not in whole:
                found, missing = (images, labels) if there[split][0] else (labels, images)
                raise InputError(
                    "data.root",
                    f"{root} has {found}/, but no {missing}/; add it, or name the folders of the other splits in "
                    "data.folders",
                )
        return whole
    raise InputError(
        "data.root",
        f"{root} has no folders of images and of labels side by side; expected {_EXPECTED}, or those that data.folders "
        f"names; found {_some(_inside(root))}",
    )


def _check_other_splits(root: Path, layout: Mapping[str, tuple[str, str]]) -> None:
    """Refuse label folders that are laid out like those of the splits but are called otherwise, such as valid."""
    if "" in layout:
        return
    pattern = layout["train"][1].replace("train", "*")
    before, after = (len(part) for part in pattern.split("*"))
    found = sorted(path.relative_to(root).as_posix() for path in root.glob(pattern) if path.is_dir())
    names = [name[before : len(name) - after] for name in found]
    images = layout["train"][0]
    others = [name for name in names if name not in SPLITS and (root / images.replace("train", name)).is_dir()]
    if others := [name for name in others if not name.startswith(".")]:
        raise InputError(
            "data.root",
            f"{root} has images and labels of {', '.join(others)}; splits are called train, val and test: rename the "
            "folders, or name all of them in data.folders",
        )


def _files(root: Path, folder: str, what: str, endings: Collection[str], key: str) -> list[_File]:
    """Return the files with certain endings below a folder, in order; there is one at least."""
    files = []
    for path in files_below(root / folder):
        name = path.relative_to(root / folder).as_posix()
        stem = stem_of(name, endings)
        if stem is not None:
            files.append(_File(stem, name[len(stem) :].lower(), Path(folder, name).as_posix()))
    if not files:
        raise InputError(
            key, f"no {what} in {root / folder} ({_joined(endings)}); found {_some(_inside(root / folder))}"
        )
    return files


def _paired(
    image_folder: str, pictures: Sequence[_File], label_folder: str, maps: Sequence[_File], key: str
) -> list[Pair]:
    """Return all images and label files by their stems; what is missing is looked for under the usual ending."""
    names, labels = _by_stem(pictures, key), _by_stem(maps, key)
    picture, label = (Counter(file.ending for file in files).most_common(1)[0][0] for files in (pictures, maps))
    return [
        Pair(
            names.get(stem) or Path(image_folder, stem + picture).as_posix(),
            labels.get(stem) or Path(label_folder, stem + label).as_posix(),
        )
        for stem in sorted({*names, *labels})
    ]


def _by_stem(files: Iterable[_File], key: str) -> dict[str, str]:
    """Return each file by its stem."""
    names: dict[str, str] = {}
    for file in files:
        first = names.setdefault(file.stem, file.name)
        if first != file.name:
            raise InputError(
                key,
                f"{first} and {file.name} differ in their endings only, so that it is open which one belongs to which "
                "file; keep one there, and images and labels in different folders",
            )
    return names


def _inside(folder: Path) -> list[str]:
    return sorted(path.name + "/" * path.is_dir() for path in folder.iterdir() if not path.name.startswith("."))


def _some(names: Sequence[str]) -> str:
    """Return the first few of some names."""
    more = f", and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more or "nothing"


def _joined(endings: Collection[str]) -> str:
    return ", ".join(sorted(endings))
