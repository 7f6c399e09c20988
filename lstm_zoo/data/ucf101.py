"""UCF101 (Soomro et al., 2012, arXiv 1212.0402): 101 human actions in 13,320 clips, three official splits.

The videos are decoded by PyAV like every other folder of videos, so the ffmpeg program that TFDS's own `ucf101`
calls is not needed, and the groups (gXX, clips cut from one long video) stay known: validation clips are carved
from train by whole groups. Without a local copy, the files come from TFDS's addresses through its download manager.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ..contracts import InputError, Spec, UserPath
from .files import FilesConfig
from .listing import Clip, check_folder, check_splits, read_list, read_text, split_by_group

if TYPE_CHECKING:
    from .clip_builder import ClipBuilder

_LISTS = "ucfTrainTestlist"
_VIDEOS = "UCF-101"


class Ucf101(FilesConfig):
    """UCF101, from a local copy in its own layout or by download."""

    kind: Literal["ucf101"] = "ucf101"
    root: UserPath | None = None
    """Folder that holds `UCF-101/<Class>/v_<Class>_gXX_cYY.avi` and `ucfTrainTestlist/`; null: download it."""
    split: Literal[1, 2, 3] = 1
    """Official split: which trainlist and testlist to use."""
    val_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the training clips set aside for validation, by whole groups; 0 trains on all of them."""

    def problems(self) -> Iterator[InputError]:
        """Yield what is wrong with the local copy."""
        yield from super().problems()
        if self.root is None:
            return
        try:
            self._listed(self.root)
        except InputError as error:
            yield InputError(error.key.removeprefix("data."), error.message)

    def builder(self, like: Spec | None = None) -> ClipBuilder:
        """Return the TFDS builder of the split."""
        root = self.root or self._downloaded()
        splits, classes = self._listed(root)
        return self.builder_of(root / _VIDEOS, splits, classes, like)

    def class_names(self) -> tuple[str, ...]:
        """Return the classes in UCF101's order, of the local copy or as TFDS knows them."""
        if self.root is not None:
            return tuple(self._listed(self.root)[1])
        import tensorflow_datasets as tfds

        return tuple(tfds.core.tfds_path("video/ucf101_labels.txt").read_text().split())

    def _listed(self, root: Path) -> tuple[dict[str, list[Clip]], list[str]]:
        """Return the clips of each split, and the classes in UCF101's order."""
        check_folder(root)
        videos, lists = root / _VIDEOS, root / _LISTS
        for folder in (videos, lists):
            if not folder.is_dir():
                raise InputError(
                    "data.root", f"{root} has no folder {folder.name}; expected {_VIDEOS}/ beside {_LISTS}/"
                )
        classes = self._classes(lists / "classInd.txt")
        official = {
            split: [self._clip(clip) for clip in read_list(file, videos)]
            for split in ("train", "test")
            if (file := lists / f"{split}list{self.split:02d}.txt").is_file()
        }
        if not official:
            have = ", ".join(sorted(path.name for path in lists.glob("*.txt")))
            raise InputError(
                "data.split", f"no trainlist or testlist of split {self.split} in {lists}; it holds {have}"
            )
        used = {clip.label for clips in official.values() for clip in clips}
        unknown = sorted(used - set(classes))
        if unknown:
            raise InputError("data.root", f"{lists / 'classInd.txt'} lacks the class {unknown[0]} that the lists use")
        sources = {  # a group's number counts within its class
            split: [clip._replace(group=f"{clip.label} {clip.group}") for clip in clips]
            for split, clips in official.items()
        }
        check_splits(sources, "data.root", classes)
        if self.val_fraction and "train" in official:
            shares = {"train": 1 - self.val_fraction, "val": self.val_fraction}
            official |= split_by_group(official["train"], shares, self.split_seed)
        return official, classes

    def _classes(self, file: Path) -> list[str]:
        rows = [line.split() for line in read_text(file, "data.root").splitlines() if line.strip()]
        if not rows or any(len(row) != 2 or not row[0].isdigit() for row in rows):
            raise InputError("data.root", f"{file}: expected a number and a class a line, such as '1 ApplyEyeMakeup'")
        return [name for _, name in sorted((int(number), name) for number, name in rows)]

    @staticmethod
    def _clip(clip: Clip) -> Clip:
        group = re.search(r"_g(\d+)_c\d+", clip.name)
        return clip._replace(group=f"g{group.group(1)}" if group else "")

    def _downloaded(self) -> Path:
        """Download the archives through TFDS, and lay them out as UCF101 does."""
        from .downloads import download_ucf101

        return download_ucf101(self.data_dir, _VIDEOS, _LISTS)
