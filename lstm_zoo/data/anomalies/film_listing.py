"""Which films there are, in which split, and where the labels of those are found by which a network is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ...console.text import did_you_mean
from ...contracts import InputError
from ...disk.sending import fetched
from ..frames.films_below import MASKS_ENDING, films_below
from ..pipeline.family import Item
from ..pipeline.finding import check_folder
from ..pipeline.splitting import by_folder, split_named
from .frame_labels import KEY
from .label_files import LABEL_ENDINGS, read_labels


class Films(NamedTuple):
    """Which films there are."""

    splits: Mapping[str, Sequence[Item]]
    """Those of each split; of the split "", those that are to be dealt."""
    remarks: Sequence[str] = ()
    """How they were found."""
    labels: Path | None = None
    """File or folder of the labels; None: there are none, or masks."""


def list_films(root: Path, labels: Path | None) -> Films:
    """Return all films below a folder, by the splits that their folders are called after; of the test, with labels.

    Labels are an item's target; masks, a folder of pictures, one a frame, are its other file.

    Args:
        root: The folder.
        labels: Where the labels are; None: they are looked for.

    Raises:
        InputError: There are no films, none to train on, no such labels, or test films without labels.
    """
    check_folder(root)
    found = [_spelled_below(root, labels)] if labels else _label_files(root)
    films, masks = films_below(root, found)
    if not films:
        raise InputError("data.root", f"no films in {root}; expected videos, or folders of frames as pictures")
    splits = {split: of for split, of in by_folder([Item(film) for film in films]).items() if of}
    if "" in splits:
        if labels:
            raise InputError(
                KEY, f"there is no folder of test films in {root}; put those that are labelled into one called test"
            )
        return Films(splits, ["there is no folder of test films: all films are taken to be normal"])
    if "train" not in splits:
        raise InputError("data.root", f"{root} has no folder train of normal films to learn from")
    test = splits.get("test", [])
    if test and labels is None and masks:
        splits["test"] = _with_masks(test, masks)
        return Films(splits, [f"labels: the masks beside the test films ({len(masks)} folders)"])
    if test or found:
        file = _only(found, root)
        of_film = read_labels(file, [item.name for item in test])
        splits["test"] = [item._replace(target=of_film[item.name]) for item in test]
        return Films(splits, [f"labels: {file}"] * (labels is None), file)
    return Films(splits)


def _with_masks(test: Sequence[Item], masks: Mapping[str, str]) -> list[Item]:
    """Return test films with their folders of masks."""
    if missing := [item.name for item in test if item.name not in masks]:
        raise InputError(
            KEY, f"{missing[0]} has no folder of masks beside it ({missing[0]}{MASKS_ENDING}), as others have"
        )
    return [item._replace(others=(masks[item.name],)) for item in test]


def _spelled_below(root: Path, labels: Path) -> Path:
    """Return labels as they are spelled from the root on, if they lie below it."""
    if not fetched(labels).exists():
        near = did_you_mean(labels.name, [place.name for place in labels.parent.glob("*")])
        raise InputError(KEY, f"no file or folder {labels}{near}")
    start = root.resolve()
    for real in (labels.parent.resolve() / labels.name, labels.resolve()):
        if real.is_relative_to(start):
            return root / real.relative_to(start)
    return labels


def _label_files(root: Path) -> list[Path]:
    """Return the files of labels in the root and in its folders of test films, if it has any."""
    tests = [place for place in sorted(root.glob("*")) if split_named(place.name) == "test" and place.is_dir()]
    return [
        file
        for place in (root, *tests)
        for file in sorted(place.glob("*"))
        if tests and file.suffix.lower() in LABEL_ENDINGS and file.name[0] != "." and file.is_file()
    ]


def _only(files: Sequence[Path], root: Path) -> Path:
    """Return the only file of labels."""
    if len(files) != 1:
        there = ", ".join(file.name for file in files) or "none"
        raise InputError(
            KEY, f"the test films need labels, and {root} has not one file of them ({there}); name it: --set {KEY}=FILE"
        )
    return files[0]
