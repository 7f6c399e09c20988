"""A folder of the user's own videos: `root/<class>/<clip>` in anything FFmpeg can decode."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import model_validator

from ...console.text import did_you_mean, listed, natural_order
from ...contracts import InputError, UserPath
from ..pipeline.family import Item
from ..pipeline.finding import ListFile, check_folder, find_file, find_files, told_left_out
from ..pipeline.patterns import GroupPattern, find_groups
from ..pipeline.splitting import (
    BySplit,
    DealtSplits,
    Listing,
    check_classes,
    check_spelling,
    check_splits,
    told_few_groups,
)
from ..pipeline.tables import renaming
from .clip_files import segment_of
from .clip_tables import COLUMNS, read_table
from .listing import list_videos
from .video_files import VideoFiles
from .video_lists import read_hmdb51, read_lists


class VideoFolder(VideoFiles, DealtSplits):
    """Your own videos, one folder a class; splits from folders, lists or a table, or made by group."""

    kind: Literal["video_folder"] = "video_folder"
    root: UserPath
    """Folder that holds one folder a class; folders called train, val and test, or the like, above or below these are
    the splits. A clip is a video, an array of frames (.npy, .npz) or a folder of its frames as pictures."""
    table: ListFile | None = None
    """CSV file (from the working directory, or below root) with a header and the columns path, label, split, group,
    start, end; all but path may be missing: the label is then the clip's folder, and splits are made by group; start
    and end, in seconds, make an example of a segment. Also Kinetics' tables as they are, and HMDB51's lists by a
    pattern, such as lists/*_test_split1.txt."""
    columns: Annotated[dict[str, str], renaming(COLUMNS)] = {}
    """Names of those columns where the table calls them otherwise, such as {path: clip, group: source_video}."""
    lists: BySplit[ListFile] = {}
    """List files (from the working directory, or below root) of train, val and test: a path a line, as UCF101 has it,
    the label's number may stand behind it; annotation files of MMAction2; or Something-Something's JSON."""
    group_pattern: GroupPattern | None = None
    """Regular expression whose first group, found in a clip's path, names the source that it shares with others."""
    classes: tuple[str, ...] | None = None
    """Classes to take, such as [fall, walk]; clips of others are left out. null: all."""

    @model_validator(mode="after")
    def _one_way(self) -> VideoFolder:
        if self.lists and self.table:
            raise ValueError("lists and table both decide about the splits; keep one of them")
        return self

    def folder(self) -> Path:
        return self.root

    def class_names(self) -> tuple[str, ...]:
        return natural_order({item.target for items in self._listing().splits.values() for item in items})

    def checks(self) -> Sequence[Callable[[], Any]]:
        return (self.items, lambda: check_classes(self.class_names(), self._key))

    def items(self) -> dict[str, list[Item]]:
        return self.deal(self._listing().splits, stratum=lambda item: item.target)

    def remarks(self) -> list[str]:
        splits, remarks = self._listing()
        items = [item for found in splits.values() for item in found]
        if "" in splits:
            remarks = [*remarks, *told_few_groups(items, 1 + bool(self.val_fraction) + bool(self.test_fraction))]
        counts = Counter(item.target for item in items)
        single = [name for name, count in counts.items() if count == 1]
        if len(single) > len(counts) / 2:
            remarks.append(
                f"{len(single)} of {len(counts)} classes have one clip only ({listed(single)}); are these the classes?"
            )
        every = items if self.classes is None else [item for found in self._found().splits.values() for item in found]
        used = [*self.lists.values(), *([self.table] if self.table else []), *(self.file_of(item) for item in every)]
        return [*remarks, *told_left_out(self.root, [self.root / file for file in used])]

    def without(self, unknown: Sequence[str]) -> str:
        known = [name for name in self.class_names() if name not in unknown]
        return f"; to leave them out: --set 'data.classes={json.dumps(known, ensure_ascii=False)}'" if known else ""

    @property
    def _key(self) -> str:
        """The setting that decides which clips there are."""
        return "data.lists" if self.lists else "data.table" if self.table else "data.root"

    def _listing(self) -> Listing:
        """Return the clips before they are dealt."""
        check_folder(self.root)
        splits, remarks = self._found()
        if self.classes is not None:
            splits, left_out = self._of_classes(splits)
            remarks = [*remarks, *left_out]
        splits = {split: self._grouped(items) for split, items in splits.items()}
        check_spelling({item.target for items in splits.values() for item in items}, self._key)
        check_splits(splits, self._key)
        return Listing(splits, remarks)

    def _found(self) -> Listing:
        if not (self.lists or self.table):
            return list_videos(self.root)
        found = self._named()
        self.check_named(found.splits, self.root, self._key)
        return found

    def _named(self) -> Listing:
        """Return the clips that lists or a table name."""
        if not self.table:
            return read_lists(
                {split: find_file(file, self.root, self._key) for split, file in self.lists.items()}, self.root
            )
        if "*" in self.table.name:
            return read_hmdb51(find_files(self.table, self.root, self._key), self.root, self._key)
        return read_table(find_file(self.table, self.root, self._key), self.root, self.columns)

    def _of_classes(self, splits: Mapping[str, Sequence[Item]]) -> Listing:
        """Return the clips of the classes to take, and a remark about the others."""
        assert self.classes is not None
        counts = Counter(item.target for items in splits.values() for item in items)
        for name in self.classes:
            if name not in counts:
                raise InputError(
                    "data.classes",
                    f"there is no clip of '{name}'{did_you_mean(name, counts)}; found: {', '.join(counts)}",
                )
        kept = {split: [item for item in items if item.target in self.classes] for split, items in splits.items()}
        others = [f"{name} ({count})" for name, count in counts.items() if name not in self.classes]
        return Listing(kept, [f"clips of other classes are left out: {', '.join(others)}"] * bool(others))

    def _grouped(self, items: Sequence[Item]) -> list[Item]:
        """Return clips with their sources: as the table says, as the pattern finds it, or the film of a segment."""
        names = [item.name for item in items if not item.group]
        if self.group_pattern:
            groups = find_groups(self.group_pattern, names, "data.group_pattern")
        else:
            groups = [film if segment else "" for film, segment in map(segment_of, names)]
        found = iter(groups)
        return [item if item.group else item._replace(group=next(found)) for item in items]
