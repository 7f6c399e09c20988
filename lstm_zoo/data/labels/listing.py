"""Which pictures have which label maps: from folders side by side, or a CSV table.

Either file of an item may be missing: its path is then the one where it was looked for; see `check_pair`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from ...contracts import SPLITS, InputError
from ...media.endings import IMAGES, LABELS, stem_of
from ..pipeline.family import Item
from ..pipeline.finding import check_folder, files_below, name_below
from ..pipeline.tables import read_rows

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
) -> dict[str, list[Item]]:
    """Return the images of each split with the label files of the same name, at any depth below their folders.

    An image without labels, and labels without an image, make an item all the same. Files of the label folder whose
    ending no pair has (a list of classes, say) are no labels.

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
    key = "data.folders" if folders and "" not in folders else "data.root"  # those of "" are not the user's to name
    for folder in chain(*folders.values()):
        check_folder(root / folder, key)
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
        maps = [file for file in maps if file.ending in endings]
        image, label = _finder(image_folder, pictures, key), _finder(label_folder, maps, key)
        splits[split] = [Item(image(stem), label(stem)) for stem in sorted(stems | {file.stem for file in maps})]
    return splits


def read_pairs(file: Path, root: Path, columns: Mapping[str, str]) -> dict[str, list[Item]]:
    """Return the images of each split that a table names, see `read_rows`; of the split "" where it has no such column.

    Raises:
        InputError: An image is named twice, or the table is wrong or empty.
    """
    key = "data.table"
    places: dict[str, str] = {}
    splits: dict[str, list[Item]] = defaultdict(list)
    for place, row in read_rows(file, COLUMNS, ("image", "labels"), columns, key):
        item = Item(name_below(row["image"], root), name_below(row["labels"], root), row.get("group", ""))
        first = places.setdefault(item.name, place)
        if first != place:
            raise InputError(key, f"{place}: {item.name} stands at {first} already; expected one row an image")
        splits[row["split"]].append(item)
    if not splits:
        raise InputError(key, f"{file} names no images; expected one row an image below the header")
    return dict(splits)


def check_pair(root: Path, item: Item) -> None:
    """Raise a MediaError if the image or its labels are missing."""
    from ...media.errors import MediaError

    has_image, has_labels = ((root / name).is_file() for name in (item.name, item.target))
    if not has_image:
        raise MediaError(f"no such image, but its labels {item.target}" if has_labels else "no such file")
    if not has_labels:
        raise MediaError(f"has no label file {item.target}")


def _usual_folders(root: Path) -> dict[str, tuple[str, str]]:
    """Return the folders of the first usual layout that is there."""
    for layout in _LAYOUTS:
        there = {split: [(root / folder).is_dir() for folder in both] for split, both in layout.items()}
        whole = {split: both for split, both in layout.items() if all(there[split])}
        if not whole:
            continue
        _check_other_splits(root, layout)
        for split, both in layout.items():
            if sum(there[split]) == 1:
                found, missing = sorted(both, key=lambda folder: not (root / folder).is_dir())
                raise InputError(
                    "data.root",
                    f"{root} has {found}/, but no {missing}/; add it, or name the folders of the other splits in "
                    "data.folders",
                )
        return whole
    raise InputError(
        "data.root",
        f"{root} has no folders of images and of labels side by side; expected {_EXPECTED}, or those that data.folders "
        f"names; found {_inside(root)}",
    )


def _check_other_splits(root: Path, layout: Mapping[str, tuple[str, str]]) -> None:
    """Refuse label folders that are laid out like those of the splits but are called otherwise, such as valid."""
    if "" in layout:
        return
    images, pattern = (folder.replace("train", "*") for folder in layout["train"])
    before, after = pattern.split("*")
    found = sorted(path.relative_to(root).as_posix() for path in root.glob(pattern) if path.is_dir())
    names = [name.removeprefix(before).removesuffix(after) for name in found]
    others = [
        name
        for name in names
        if name not in SPLITS and not name.startswith(".") and (root / images.replace("*", name)).is_dir()
    ]
    if others:
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
        raise InputError(key, f"no {what} in {root / folder} ({_joined(endings)}); found {_inside(root / folder)}")
    return files


def _finder(folder: str, files: Sequence[_File], key: str) -> Callable[[str], str]:
    """Return what gives the path of a file by its stem; what is missing is looked for under the usual ending."""
    names: dict[str, str] = {}
    for file in files:
        first = names.setdefault(file.stem, file.name)
        if first != file.name:
            raise InputError(
                key,
                f"{first} and {file.name} differ in their endings only, so that it is open which one belongs to which "
                "file; keep one there, and images and labels in different folders",
            )
    ((ending, _),) = Counter(file.ending for file in files).most_common(1)
    return lambda stem: names.get(stem) or Path(folder, stem + ending).as_posix()


def _inside(folder: Path) -> str:
    """Return what a folder holds, in a few words."""
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir() if not path.name.startswith("."))
    more = f", and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more or "nothing"


def _joined(endings: Collection[str]) -> str:
    return ", ".join(sorted(endings))
