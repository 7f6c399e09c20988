"""Lists of the pictures of each split, as Pascal VOC has them (`ImageSets`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

from ...contracts import SPLITS, InputError
from ...media.endings import stem_of
from ..pipeline.family import Item
from ..pipeline.finding import read_text
from .layouts import VOC, Folders

LISTS_OF_VOC = "ImageSets/Segmentation"
"""Folder of the lists in Pascal VOC's layout."""


def usual_lists(root: Path, folders: Folders) -> dict[str, Path]:
    """Return the lists of the splits that stand beside the folders of Pascal VOC's layout."""
    files = {split: root / LISTS_OF_VOC / f"{split}.txt" for split in SPLITS}
    return {split: file for split, file in files.items() if folders == VOC and file.is_file()}


def by_lists(
    lists: Mapping[str, Path],
    pairs: Mapping[str, Mapping[str, Item]],
    folders: Folders,
    images: Collection[str],
    suffix: str,
) -> dict[str, list[Item]]:
    """Return the pairs that lists give to each split; a name without a picture makes an item all the same.

    Args:
        lists: Text files that name the images of each split, one a line: by paths below the root or the folder of the
            images, or by the last part where it is the only one, with or without an ending.
        pairs: Those that there are, by the names that pictures and label maps share; of the split "" alone.
        folders: Those of the images and of the labels.
        images: Endings of images.
        suffix: What names of images end in.

    Raises:
        InputError: The folders decide about the splits already, or a list names no image.
    """
    if set(folders) != {""}:
        raise InputError(
            "data.lists",
            "decide about the splits, and so do the folders of each; keep one of them, or name one pair of folders, "
            "such as data.folders={all: [images, labels]}",
        )
    of_images, of_labels = folders[""]
    stems = pairs[""]
    last_parts = Counter(Path(stem).name for stem in stems)
    by_last_part = {Path(stem).name: stem for stem in stems if last_parts[Path(stem).name] == 1}

    def item(line: str) -> Item:
        for name in (line, line.split()[0]):  # a list may name the label map, too, behind a blank
            name = _bare(name, images).removeprefix(f"{of_images}/").removesuffix(suffix)
            stem = name if name in stems else by_last_part.get(Path(name).name)
            if stem is not None and _agree(name, stem):
                return stems[stem]
        return Item(Path(of_images, line).as_posix(), Path(of_labels, line).as_posix())

    splits = {}
    for split, file in lists.items():
        lines = [line.strip() for line in read_text(file, "data.lists").splitlines()]
        splits[split] = [item(line) for line in lines if line]
        if not set(splits[split]) & set(stems.values()):
            raise InputError(
                "data.lists",
                f"{file} names no image of {of_images}; expected one a line, such as {next(iter(stems))}",
            )
    return splits


def _agree(name: str, stem: str) -> bool:
    """Say whether two paths may be of one file, so that all of the shorter one is the end of the longer one."""
    shorter, longer = sorted((f"/{name}", f"/{stem}"), key=len)
    return longer.endswith(shorter)


def _bare(name: str, images: Collection[str]) -> str:
    """Return a path in a list as it counts from the root, without an image's ending."""
    name = name.replace("\\", "/").lstrip("/")
    return stem_of(name, images) or name
