"""What data sets made of the user's files with label maps share: which files, in which splits, and which classes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, model_validator

from ...contracts import SPLITS, InputError, LabelMap, UserPath
from ..pipeline.family import Item, Record
from ..pipeline.finding import ListFile, check_folder, find_file, state_of
from ..pipeline.prepared_data import UserFiles
from ..pipeline.splitting import BySplit, DealtSplits, Listing, check_splits
from ..pipeline.tables import renaming
from .class_list import ClassList, read_classes
from .labelled_pictures import LabelledPictures
from .listing import COLUMNS, check_pair, list_pairs, read_pairs
from .name_lists import LISTS_OF_VOC

_CLASS_FILES = ("classes.txt", "labelmap.txt")
_DEALT = "all"  # instead of a split: pictures that are to be dealt


def _known_splits(folders: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    if unknown := set(folders) - {*SPLITS, _DEALT}:
        raise ValueError(f"expected {', '.join(SPLITS)}, or {_DEALT}; unknown: {', '.join(sorted(unknown))}")
    if len(folders) > len(SPLITS):
        raise ValueError(f"all splits have folders of their own, so that none is left for those of {_DEALT}")
    return folders


class LabelledFiles(UserFiles, LabelledPictures):
    """What data sets made of files with label maps share; items name both, as paths below the root."""

    root: UserPath
    """Folder that holds the pictures and their label maps."""

    @abstractmethod
    def class_list(self) -> ClassList:
        """Return the classes, and what stands for them in the label maps."""

    @abstractmethod
    def pair_reader(self) -> Callable[[Item], Record]:
        """Return what reads the files of a picture (..., C) and of its labels (...), both uint8."""

    def reader(self) -> Callable[[Item], Record]:
        """Return what reads a picture and its labels; the list of classes is read once."""
        read_pair = self.pair_reader()

        def read(item: Item) -> Record:
            check_pair(self.root, item)
            return read_pair(item)

        return read

    def files_of(self, item: Item) -> Sequence[str]:
        return (item.name, *item.others, item.target)

    def checks(self) -> Sequence[Callable[[], Any]]:
        return (self.items, self.class_list)

    def class_names(self) -> tuple[str, ...]:
        return self.class_list().names

    def asked(self) -> LabelMap:
        return self.class_list().target

    def source_name(self) -> str:
        return self.root.name or "root"

    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        names = (name for found in items.values() for item in found for name in self.files_of(item))
        return (self.class_list(), *(state_of(self.root / name) for name in names))


class ListedFiles(LabelledFiles, DealtSplits):
    """What data sets share whose folders or tables the user names."""

    endings: ClassVar[tuple[Collection[str], Collection[str]]]
    """Those of pictures and of label maps."""

    folders: Annotated[dict[str, tuple[str, str]], AfterValidator(_known_splits)] = {}
    """Folders of the pictures and of their label maps of each split, below root, such as {train: [images, masks]};
    pictures of `all` are dealt to the splits that are not named. One folder may be named twice: its files hold both
    (.npz), or those of label maps have a suffix. Empty: a usual layout, of which `lstmzoo data check` tells: train and
    trainannot, images/train and labels/train, train/images and train/labels, images and labels, whose pictures are
    dealt; Pascal VOC's (with its lists), Cityscapes', nnU-Net's, Carvana's, or label files beside their pictures."""
    image_suffix: str | None = None
    """What the names of pictures end in beyond those of their label maps, before the ending, such as _leftImg8bit;
    null: it is found, where only one fits."""
    label_suffix: str | None = None
    """What the names of label maps end in beyond those of their pictures, such as _mask; null: it is found."""
    lists: BySplit[ListFile] = {}
    """Text files (from the working directory, or below root) with the names of each split's pictures, one a line, in
    the folders of `all`; empty: those of Pascal VOC's layout (ImageSets/Segmentation), where it is there."""
    table: ListFile | None = None
    """CSV file (from the working directory, or below root) with a header and the columns image, labels, split, group;
    without split, pictures are dealt to the splits, those of one group together. null: `folders` decides."""
    columns: Annotated[dict[str, str], renaming(COLUMNS)] = {}
    """Names of those columns where the table calls them otherwise, such as {image: file, labels: mask}."""
    classes: ListFile | None = None
    """Text file (from the working directory, or below root) with the name of a class a line, in the order of the
    numbers in the label maps, from 0; or with its number (`name: 7`) or colour (`name: [128, 0, 0]`) behind each, also
    as CVAT's labelmap.txt has it. null: classes.txt in root, or else labelmap.txt."""
    void: int | str | None = None
    """Number, or name in the list of classes, of what is no class, such as 255 or void; it counts nowhere."""

    @property
    def channel_names(self) -> tuple[str, ...] | None:
        """What names of the files of a picture's channels end in, before the ending, or the table's columns of them.

        Empty: it is found; None: one file has all channels.
        """
        return None

    @model_validator(mode="after")
    def _one_way(self) -> ListedFiles:
        if self.columns and not self.table:
            raise ValueError("columns is about a table, but there is none; set table, or remove columns")
        for name in ("folders", "lists"):
            if getattr(self, name) and self.table:
                raise ValueError(f"{name} and table both decide about the splits; keep one of them")
        return self

    def class_list(self) -> ClassList:
        check_folder(self.root)
        usual = [self.root / name for name in _CLASS_FILES]
        file = next(filter(Path.is_file, usual), usual[0])
        if self.classes is not None:
            file = find_file(self.classes, self.root, "data.classes")
        elif not file.is_file():
            raise InputError("data.classes", f"no file {file} with a class a line; write it, or name another one")
        return read_classes(file, self.void)

    def items(self) -> dict[str, list[Item]]:
        splits = self.listing().splits
        check_splits(splits, "data.table" if self.table else "data.folders")
        return self.deal(splits)

    def remarks(self) -> list[str]:
        return list(self.listing().remarks)

    def listing(self) -> Listing:
        """Return which pictures there are, not dealt to splits yet."""
        check_folder(self.root)
        if self.table:
            file = find_file(self.table, self.root, "data.table")
            found = read_pairs(file, self.root, self.columns, self.channel_names)
            self.check_named(found.splits, self.root, "data.table")
            return found
        found = list_pairs(
            self.root,
            {"" if split == _DEALT else split: both for split, both in self.folders.items()},
            *self.endings,
            suffixes=(self.image_suffix, self.label_suffix),
            lists={split: find_file(file, self.root, "data.lists") for split, file in self.lists.items()},
            channels=self.channel_names,
        )
        if self.lists or (self.root / LISTS_OF_VOC).is_dir():
            self.check_named(found.splits, self.root, "data.lists")
        return found
