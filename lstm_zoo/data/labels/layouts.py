"""How folders of pictures and label maps are laid out: which folders, and what the names of their files end in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from itertools import product
from pathlib import Path

from ...console.text import listed
from ...contracts import SPLITS, InputError
from ...media.endings import stem_of
from ..pipeline.finding import files_below
from ..pipeline.splitting import SPLIT_NAMES

Folders = Mapping[str, tuple[str, str]]
"""Folders of pictures and of their label maps, below the root, of each split; of the split "", what is to be dealt."""

Suffixes = tuple[str | None, str | None]
"""What the names of pictures and of label maps end in beyond what they share, before the ending; None: find it."""

VOC: Folders = {"": ("JPEGImages", "SegmentationClass")}
"""Those of Pascal VOC, which has lists of the pictures of each split."""
_PICTURES, _MAPS = ("images", "image", "imgs", "img"), ("labels", "masks", "label", "mask", "annotations")
_LAYOUTS: tuple[tuple[str, str] | Folders, ...] = (
    ("{}", "{}annot"),
    *(
        layout
        for images, labels in product(_PICTURES, _MAPS)
        for layout in (
            (f"{images}/{{}}", f"{labels}/{{}}"),
            (f"{{}}/{images}", f"{{}}/{labels}"),
            {"": (images, labels)},
        )
    ),
    ("img_dir/{}", "ann_dir/{}"),
    ("leftImg8bit/{}", "gtFine/{}"),
    VOC,
    {"": ("imagesTr", "labelsTr"), "test": ("imagesTs", "labelsTs")},
    {"": ("train", "train_masks"), "val": ("val", "val_masks"), "test": ("test", "test_masks")},
)
_EXPECTED = (
    "train/ and trainannot/, images/train/ and labels/train/, train/images/ and train/labels/, or images/ and labels/ "
    "where splits are to be made (masks/ for labels/, too); Pascal VOC's, Cityscapes', nnU-Net's or Carvana's folders; "
    "label files beside their pictures and called as they are, with _mask, say, behind it"
)
_IMAGE_SUFFIXES = ("", "_leftImg8bit", "_0000", "_image", "_img", "_sat", "_rgb")
_NO_LABELS = ("_color", "_instanceIds", "_instanceTrainIds")  # what else Cityscapes' folders hold


def usual_folders(root: Path, images: Collection[str], labels: Collection[str], suffixes: Suffixes) -> Folders:
    """Return the folders of the first usual layout that is there, in upper or lower case.

    Last of all come folders that hold both kinds of files.

    Raises:
        InputError: There is none, or a split lacks one of its folders, or is called otherwise.
    """
    for layout in _LAYOUTS:
        if isinstance(layout, tuple):
            folders = _folders_by_split(root, *layout)
        else:
            folders = {split: found for split, both in layout.items() if (found := _spelt(root, both))}
        if folders:
            return folders
    splits = {split: _folder(root, name) or name for split, name in _there(root, "{}").items()}
    for mixed in ({split: (name, name) for split, name in splits.items()}, {"": (".", ".")}):
        names = [
            path.relative_to(root).as_posix() for folder, _ in mixed.values() for path in files_below(root / folder)
        ]
        pictures, maps = ([stem for name in names if (stem := stem_of(name, of))] for of in (images, labels))
        if find_suffixes(pictures, maps, suffixes, mixed=True):
            return mixed
    raise InputError(
        "data.root",
        f"{root} has no folders of images and of labels side by side; expected {_EXPECTED}, or those that data.folders "
        f"names; found {inside(root)}",
    )


def without_labels(root: Path, folders: Folders) -> list[str]:
    """Return the folders of pictures of a usual layout whose label maps are not there."""
    return [
        images
        for layout in _LAYOUTS
        if isinstance(layout, dict) and folders.items() <= layout.items()
        for split, (images, _) in layout.items()
        if split not in folders and (root / images).is_dir()
    ]


def find_suffixes(
    pictures: Collection[str], maps: Collection[str], suffixes: Suffixes = (None, None), *, mixed: bool = False
) -> tuple[str, str] | None:
    """Return what the names of pictures and of label maps end in, or None where no picture has labels.

    Args:
        pictures: Their names, without endings.
        maps: The same of label maps.
        suffixes: What is known already.
        mixed: Whether both are the same files, so that what ends in nothing further is no label map.

    Raises:
        InputError: There are several kinds of label maps.
    """
    of_pictures, of_maps = suffixes
    for suffix in _IMAGE_SUFFIXES if of_pictures is None else (of_pictures,):
        shared = {name.removesuffix(suffix) for name in pictures if name.endswith(suffix)}
        if of_maps is None:
            counts = Counter(further for name in maps for further in _beyond(name, shared, mixed))
            enough = min(len(shared), len(maps)) / 2
            kinds = [one for one, count in counts.items() if count >= enough and not one.endswith(_NO_LABELS)]
            if "" in counts:
                return suffix, ""
        else:
            fits = any(name.endswith(of_maps) and name.removesuffix(of_maps) in shared for name in maps)
            kinds = [of_maps] * fits
        if len(kinds) > 1:
            raise InputError(
                "data.label_suffix",
                f"label files may be those whose names end in {' or '.join(sorted(kinds))}; set it to one of these",
            )
        if kinds:
            return suffix, kinds[0]
    return None


def _beyond(name: str, shared: Collection[str], mixed: bool) -> Iterator[str]:
    """Yield what the name of a label map has behind that of a picture: nothing, or what begins like a new word."""
    if name in shared and not mixed:
        yield ""
        return
    for place in range(len(name) - 1, 0, -1):
        if name[place] in "_-. " and name[:place] in shared:
            yield name[place:]
            return


def inside(folder: Path) -> str:
    """Return what a folder holds, in a few words."""
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir() if not path.name.startswith("."))
    return listed(names, 6) or "nothing"


def _there(root: Path, pattern: str) -> dict[str, str]:
    """Return what each split is called whose folder is there."""
    return {
        split: name
        for split, names in SPLIT_NAMES.items()
        for name in reversed(names)  # the first one stays
        if _folder(root, pattern.format(name))
    }


def _folder(root: Path, name: str) -> str | None:
    """Return a folder below the root, spelt as it is; None: there is none of this name, in upper or lower case."""
    if (root / name).is_dir():
        return name
    place = root
    for part in name.split("/"):
        spelt = _names_in(place, place.stat().st_mtime_ns).get(part.lower())
        if spelt is None:
            return None
        place /= spelt
    return place.relative_to(root).as_posix()


@lru_cache(maxsize=64)  # asked for each layout, and a folder may hold a hundred thousand pictures
def _names_in(place: Path, changed: int) -> dict[str, str]:
    """Return the names of the folders in a folder, by the same in lower case; `changed` is when it was."""
    del changed
    return {path.name.lower(): path.name for path in sorted(place.iterdir()) if path.is_dir()}


def _spelt(root: Path, both: tuple[str, str]) -> tuple[str, str] | None:
    """Return folders of pictures and of label maps, spelt as they are; None: one is not there."""
    images, labels = (_folder(root, name) for name in both)
    return (images, labels) if images and labels else None


def _folders_by_split(root: Path, images: str, labels: str) -> Folders:
    """Return the folders of the splits that are there; `{}` stands for a split's name in the patterns.

    Raises:
        InputError: A split lacks one of its folders, or is called otherwise.
    """
    called = _there(root, images) | _there(root, labels)
    pairs = {split: (images.format(called[split]), labels.format(called[split])) for split in SPLITS if split in called}
    whole = {split: found for split, both in pairs.items() if (found := _spelt(root, both))}
    if not whole:
        return {}
    _check_other_splits(root, images, labels, called.values())
    for split, both in pairs.items():
        if split not in whole:
            found, missing = sorted(both, key=lambda folder: _folder(root, folder) is None)
            raise InputError(
                "data.root",
                f"{root} has {found}/, but no {missing}/; add it, or name the folders of the other splits in "
                "data.folders",
            )
    return whole


def _check_other_splits(root: Path, images: str, labels: str, called: Collection[str]) -> None:
    """Refuse label folders that are laid out like those of the splits but are called otherwise, such as holdout."""
    before, after = labels.split("{}")
    found = sorted(path.relative_to(root).as_posix() for path in root.glob(labels.format("*")) if path.is_dir())
    names = [name.removeprefix(before).removesuffix(after) for name in found]
    others = [
        name
        for name in names
        if name.lower() not in called and not name.startswith(".") and (root / images.format(name)).is_dir()
    ]
    if others:
        raise InputError(
            "data.root",
            f"{root} has images and labels of {', '.join(others)}; splits are called train, val and test: rename the "
            "folders, or name all of them in data.folders",
        )
