"""A folder of the user's own videos: `root/<class>/<clip>` in anything FFmpeg can decode."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import field_validator, model_validator

from ...contracts import InputError, UserPath
from ..pipeline.family import Item
from ..pipeline.finding import ListFile, find_file, natural_order
from ..pipeline.splitting import BySplit, DealtSplits, check_classes, check_splits
from ..pipeline.tables import renaming
from .listing import COLUMNS, list_videos, read_list, read_table
from .video_files import VideoFiles


class VideoFolder(VideoFiles, DealtSplits):
    """Your own videos, one folder a class; splits from lists, from a table, or made by group."""

    kind: Literal["video_folder"] = "video_folder"
    root: UserPath
    """Folder that holds one folder a class."""
    table: ListFile | None = None
    """CSV file (from the working directory, or below root) with a header and the columns path, label, split, group; all
    but path may be missing: the label is then the clip's folder, and splits are made by group."""
    columns: Annotated[dict[str, str], renaming(COLUMNS)] = {}
    """Names of those columns where the table calls them otherwise, such as {path: clip, group: source_video}."""
    lists: BySplit[ListFile] = {}
    """UCF101-style list files (from the working directory, or below root) of train, val and test: a path a line, a
    number behind it is ignored."""
    group_pattern: str | None = None
    """Regular expression whose first group, found in a clip's path, names the source that it shares with others."""

    @field_validator("group_pattern")
    @classmethod
    def _one_group(cls, pattern: str | None) -> str | None:
        try:
            if pattern is not None and re.compile(pattern).groups < 1:
                raise ValueError("group_pattern needs one group in parentheses, such as '_g(\\d+)_'")
        except re.error as error:
            raise ValueError(f"group_pattern is no regular expression: {error}") from None
        return pattern

    @model_validator(mode="after")
    def _one_way(self) -> VideoFolder:
        if self.lists and self.table:
            raise ValueError("lists and table both decide about the splits; keep one of them")
        return self

    def folder(self) -> Path:
        return self.root

    def class_names(self) -> tuple[str, ...]:
        return natural_order({item.target for items in self.items().values() for item in items})

    def items(self) -> dict[str, list[Item]]:
        if self.lists:
            key = "data.lists"
            named = {split: read_list(find_file(file, self.root, key), self.root) for split, file in self.lists.items()}
        elif self.table:
            key = "data.table"
            named = read_table(find_file(self.table, self.root, key), self.root, self.columns)
        else:
            key = "data.root"
            named = {"": list_videos(self.root)}
        splits = {split: [self._grouped(item) for item in items] for split, items in named.items()}
        check_classes({item.target for items in splits.values() for item in items}, key)
        check_splits(splits, key)
        return self.deal(splits, stratum=lambda item: item.target)

    def _grouped(self, item: Item) -> Item:
        if not self.group_pattern or item.group:
            return item
        found = re.search(self.group_pattern, item.name)
        if not found or not found.group(1):
            raise InputError("data.group_pattern", f"'{self.group_pattern}' finds no group in '{item.name}'")
        return item._replace(group=found.group(1))
