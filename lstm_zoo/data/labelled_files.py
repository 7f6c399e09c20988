"""What data sets made of the user's files with label maps share: which files, in which splits, and which classes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import NonNegativeInt, field_validator, model_validator

from ..contracts import SPLITS, BadFile, InputError, UserPath
from .class_list import Classes, read_classes
from .label_listing import COLUMNS, Pair, list_pairs, read_pair_table
from .listing import ListFile, Share, check_folder, check_splits, deal, find_file
from .segmentation import LabelledPictures

if TYPE_CHECKING:
    import numpy as np


class LabelledFiles(LabelledPictures):
    """What data sets made of files with label maps share."""

    root: UserPath
    """Folder that holds the pictures and their label maps."""
    on_bad_file: Literal["stop", "skip"] = "stop"
    """What a picture that is unreadable, or without fitting labels, does: `stop` with an error, or `skip` it and count
    it."""

    @property
    def bad_file_policy(self) -> Literal["stop", "skip"]:
        """What an unreadable picture does."""
        return self.on_bad_file

    @abstractmethod
    def read_labelled(self, item: Pair, numbers: Mapping[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return a picture (..., C) and its labels (...), uint8; `numbers` says what those in the file stand for."""

    def reader(self) -> Callable[[Pair], tuple[np.ndarray, np.ndarray]]:
        """Return what reads a picture and its labels; the list of classes is read once."""
        return partial(self.read_labelled, numbers=self.numbered_classes().numbers)

    @abstractmethod
    def numbered_classes(self) -> Classes:
        """Return the classes, and what each number in the label maps stands for."""

    def problems(self) -> Iterator[InputError]:
        """Yield what is wrong with the files that there are, and with the list of classes."""
        yield from super().problems()
        found = {}  # by message, for the first may find what is wrong with the classes as well
        for find in (self.items, *((self.numbered_classes,) if self.root.is_dir() else ())):
            try:
                find()
            except InputError as error:
                found[error.message] = InputError(error.key.removeprefix("data."), error.message)
        yield from found.values()

    def bad_files(self) -> list[BadFile]:
        """Read every picture with its labels once, and return those that cannot be used."""
        return self.builder().builder_config.find_bad_files()

    def class_names(self) -> tuple[str, ...]:
        """Return the classes without void."""
        return self.numbered_classes().names

    def source_key(self, items: Mapping[str, Sequence[Pair]]) -> tuple[Any, ...]:
        """Return the state of every file, and what the numbers in label maps stand for."""
        names = sorted({name for pairs in items.values() for pair in pairs for name in (pair.name, pair.labels)})
        states = [file.stat() if file.is_file() else None for file in (self.root / name for name in names)]
        seen = [state and (state.st_size, state.st_mtime_ns) for state in states]
        return (self.root, self.numbered_classes(), *seen)


class ListedFiles(LabelledFiles):
    """What data sets share whose folders or tables the user names."""

    folders: dict[str, tuple[str, str]] = {}
    """Folders of the pictures and of their label maps of each split, below root, such as {train: [images, masks]};
    empty: train and trainannot, images/train and labels/train, or train/images and train/labels, whichever is there, or
    images and labels, whose pictures are dealt to the splits. One folder named twice: its files hold both (.npz)."""
    table: ListFile | None = None
    """CSV file (from the working directory, or below root) with a header and the columns image, labels, split, group;
    without split, pictures are dealt to the splits, those of one group together. null: `folders` decides."""
    columns: dict[str, str] = {}
    """Names of those columns where the table calls them otherwise, such as {image: file, labels: mask}."""
    classes: ListFile | None = None
    """Text file (from the working directory, or below root) with the name of a class a line, in the order of the
    numbers in the label maps, from 0; null: classes.txt in root."""
    void: int | str | None = None
    """Number, or name in the list of classes, of what is no class, such as 255 or void; it counts nowhere."""
    val_fraction: Share = 0.15
    """Share of the pictures for validation where neither folders nor table decide."""
    test_fraction: Share = 0.15
    """Share of the pictures for the test where neither folders nor table decide."""
    split_seed: NonNegativeInt = 0
    """Seed that decides which pictures go to which split."""

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, columns: dict[str, str]) -> dict[str, str]:
        if unknown := set(columns) - set(COLUMNS):
            raise ValueError(
                f"columns maps {', '.join(COLUMNS)} to the table's names; unknown: {', '.join(sorted(unknown))}"
            )
        return columns

    @field_validator("folders")
    @classmethod
    def _known_splits(cls, folders: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
        if unknown := set(folders) - set(SPLITS):
            raise ValueError(f"folders names those of {', '.join(SPLITS)}; unknown: {', '.join(sorted(unknown))}")
        return folders

    @model_validator(mode="after")
    def _one_way(self) -> ListedFiles:
        if self.columns and not self.table:
            raise ValueError("columns is about a table, but there is none; set table, or remove columns")
        if self.folders and self.table:
            raise ValueError("folders and table both decide about the splits; keep one of them")
        if self.val_fraction + self.test_fraction >= 1:
            raise ValueError("val_fraction and test_fraction leave nothing to train on; their sum must stay below 1")
        return self

    @abstractmethod
    def endings(self) -> tuple[Any, Any]:
        """Return the endings of pictures and of label maps."""

    def numbered_classes(self) -> Classes:
        """Return the classes, and what each number in the label maps stands for."""
        file = self.root / "classes.txt"
        if self.classes is not None:
            file = find_file(self.classes, self.root, "data.classes")
        elif not file.is_file():
            raise InputError("data.classes", f"no file {file} with a class a line; write it, or name another one")
        return read_classes(file, self.void)

    def items(self) -> dict[str, list[Pair]]:
        """Return the pictures of each split with their label maps."""
        check_folder(self.root)
        if self.table:
            key = "data.table"
            splits = read_pair_table(find_file(self.table, self.root, key), self.root, self.columns)
        else:
            key, splits = "data.folders", list_pairs(self.root, self.folders, *self.endings())
        check_splits(splits, key, self.class_names())
        return deal(splits, self.val_fraction, self.test_fraction, self.split_seed)
