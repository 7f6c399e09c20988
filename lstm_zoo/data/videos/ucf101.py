"""UCF101 (Soomro et al., 2012, arXiv 1212.0402): 101 human actions in 13,320 clips, three official splits.

The videos are decoded by PyAV like every other folder of videos, so the ffmpeg program that TFDS's own `ucf101`
calls is not needed, and the groups (gXX, clips cut from one long video) stay known: validation clips are carved
from train by whole groups. Without a local copy, the files come from TFDS's addresses through its download manager.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import NonNegativeInt

from ...contracts import InputError, UserPath
from ..pipeline.family import Item
from ..pipeline.finding import check_folder, read_text
from ..pipeline.splitting import Share, check_classes, check_splits, split_by_group
from .video_files import VideoFiles
from .video_lists import read_list

_LISTS = "ucfTrainTestlist"
_VIDEOS = "UCF-101"


class Ucf101(VideoFiles):
    """UCF101, from a local copy in its own layout or by download."""

    kind: Literal["ucf101"] = "ucf101"
    root: UserPath | None = None
    """Folder that holds `UCF-101/<Class>/v_<Class>_gXX_cYY.avi` and `ucfTrainTestlist/`; null: download it."""
    split: Literal[1, 2, 3] = 1
    """Official split: which trainlist and testlist to use."""
    val_fraction: Share = 0.1
    """Share of the training clips set aside for validation, by whole groups; 0 trains on all of them."""

    split_seed: NonNegativeInt = 0
    """Seed that decides which groups are for validation."""

    def checks(self) -> Sequence[Callable[[], Any]]:
        return () if self.root is None else (self.items, lambda: check_classes(self._classes(), "data.root"))

    def folder(self) -> Path:
        return self._root / _VIDEOS

    @cached_property
    def _root(self) -> Path:
        """The local copy; without one, what TFDS downloads."""
        if self.root is not None:
            return self.root
        from ..pipeline.downloads import download_ucf101, has_ucf101

        return download_ucf101(self.place(has_ucf101), _VIDEOS, _LISTS)

    def class_names(self) -> tuple[str, ...]:
        """Return the classes in UCF101's order, of the local copy or as TFDS knows them."""
        if self.root is not None:
            self.items()  # tells what is wrong with the copy
            return tuple(self._classes())
        import tensorflow_datasets as tfds

        return tuple(tfds.core.tfds_path("video/ucf101_labels.txt").read_text().split())

    def items(self) -> dict[str, list[Item]]:
        check_folder(self._root)
        videos, lists = self._root / _VIDEOS, self._root / _LISTS
        for folder in (videos, lists):
            if not folder.is_dir():
                raise InputError(
                    "data.root", f"{self._root} has no folder {folder.name}; expected {_VIDEOS}/ beside {_LISTS}/"
                )
        classes = self._classes()
        official = {
            split: [_grouped(item) for item in read_list(file, videos)]
            for split in ("train", "test")
            if (file := lists / f"{split}list{self.split:02d}.txt").is_file()
        }
        if self.root is not None:  # what was downloaded is linked to its place
            self.check_named(official, videos, "data.root")
        if not official:
            have = ", ".join(sorted(path.name for path in lists.glob("*.txt")))
            raise InputError(
                "data.split", f"no trainlist or testlist of split {self.split} in {lists}; it holds {have}"
            )
        if unknown := sorted({item.target for items in official.values() for item in items} - set(classes)):
            raise InputError("data.root", f"{lists / 'classInd.txt'} lacks the class {unknown[0]} that the lists use")
        sources = {  # a group's number counts within its class
            split: [item._replace(group=f"{item.target} {item.group}") for item in items]
            for split, items in official.items()
        }
        check_splits(sources, "data.root")
        if self.val_fraction and "train" in official:
            shares = {"train": 1 - self.val_fraction, "val": self.val_fraction}
            official |= split_by_group(official["train"], shares, self.split_seed, lambda item: item.target)
        return official

    def _classes(self) -> list[str]:
        file = self._root / _LISTS / "classInd.txt"
        rows = [line.split() for line in read_text(file, "data.root").splitlines() if line.strip()]
        if not rows or any(len(row) != 2 or not row[0].isdigit() for row in rows):
            raise InputError("data.root", f"{file}: expected a number and a class a line, such as '1 ApplyEyeMakeup'")
        return [name for _, name in sorted((int(number), name) for number, name in rows)]


def _grouped(item: Item) -> Item:
    group = re.search(r"_g(\d+)_c\d+", item.name)
    return item._replace(group=f"g{group.group(1)}" if group else "")
