"""Which films there are, in which split, and where the labels of those are found by which a network is judged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...contracts import InputError
from ..pipeline.family import Item
from ..pipeline.finding import check_folder, unlinked
from ..pipeline.splitting import Listing, by_folder
from ..videos.clip_files import clips_below
from .frame_labels import KEY
from .label_files import LABEL_ENDINGS, read_labels

MASKS = "masks"
"""Label of a film that names a folder of pictures, one a frame; what is not black is abnormal."""
_MASKS_OF = "_gt"  # behind the name of the film, as in UCSD's layout


def list_films(root: Path, labels: Path | None) -> Listing:
    """Return all films below a folder, by the splits that their folders are called after; of the test, with labels.

    Args:
        root: The folder.
        labels: Where the labels are; None: they are looked for.

    Raises:
        InputError: There are no films, none to train on, or test films without labels.
    """
    check_folder(root)
    found = unlinked(clips_below(root))
    masks = {film for film in found if film.name.endswith(_MASKS_OF) and _film_of(film) in found}
    items = [Item(film.relative_to(root).as_posix()) for film in found if film not in masks]
    if not items:
        raise InputError("data.root", f"no films in {root}; expected videos, or folders of frames as pictures")
    splits = {split: of for split, of in by_folder(items).items() if of}
    if "" in splits:
        if labels:
            raise InputError(
                KEY, f"there is no folder of test films in {root}; put those that are labelled into one called test"
            )
        return Listing(splits, ["there is no folder of test films: all films are taken to be normal"])
    if "train" not in splits:
        raise InputError("data.root", f"{root} has no folder train of normal films to learn from")
    test = splits.get("test", [])
    if test and labels is None and masks:
        splits["test"] = _with_masks(test, root, masks)
        return Listing(splits, [f"labels: the masks beside the test films ({len(masks)} folders)"])
    if test:
        file = labels or _only_file(root, test)
        of_film = read_labels(file, [item.name for item in test])
        splits["test"] = [item._replace(target=of_film[item.name]) for item in test]
        return Listing(splits, [f"labels: {file}"] * (labels is None))
    return Listing(splits)


def _film_of(masks: Path) -> Path:
    return masks.with_name(masks.name.removesuffix(_MASKS_OF))


def _with_masks(test: Sequence[Item], root: Path, masks: set[Path]) -> list[Item]:
    """Return test films with their folders of masks."""
    of_film = {_film_of(folder).relative_to(root).as_posix(): folder.relative_to(root).as_posix() for folder in masks}
    if missing := [item.name for item in test if item.name not in of_film]:
        raise InputError(
            KEY, f"{missing[0]} has no folder of masks beside it ({missing[0]}{_MASKS_OF}), as others have"
        )
    return [item._replace(target={MASKS: of_film[item.name]}) for item in test]


def _only_file(root: Path, test: Sequence[Item]) -> Path:
    """Return the only file of labels in the root or in the folder of the test films."""
    folder = root / test[0].name.split("/")[0]
    found = [
        file
        for place in (root, folder)
        for file in sorted(place.iterdir())
        if file.suffix.lower() in LABEL_ENDINGS and file.name[0] != "."
    ]
    if len(found) != 1:
        there = ", ".join(file.name for file in found) or "none"
        raise InputError(
            KEY, f"the test films need labels, and {root} has not one file of them ({there}); name it: --set {KEY}=FILE"
        )
    return found[0]
