"""A folder of the user's own videos: `root/<class>/<clip>` in anything FFmpeg can decode."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import field_validator, model_validator

from ..contracts import SPLITS, InputError, Spec, UserPath
from .clip_table import COLUMNS, read_table
from .files import FilesConfig
from .listing import (
    Clip,
    ListFile,
    Share,
    check_splits,
    deal,
    find_file,
    list_videos,
    natural_order,
    read_list,
)

if TYPE_CHECKING:
    from .clip_builder import ClipBuilder


class VideoFolder(FilesConfig):
    """Your own videos, one folder a class; splits from lists, from a table, or made by group."""

    kind: Literal["video_folder"] = "video_folder"
    root: UserPath
    """Folder that holds one folder a class."""
    table: ListFile | None = None
    """CSV file (from the working directory, or below root) with a header and the columns path, label, split, group; all
    but path may be missing: the label is then the clip's folder, and splits are made by group."""
    columns: dict[str, str] = {}
    """Names of those columns where the table calls them otherwise, such as {path: clip, group: source_video}."""
    lists: dict[str, ListFile] = {}
    """UCF101-style list files (from the working directory, or below root) of train, val and test: a path a line, a
    number behind it is ignored."""
    group_pattern: str | None = None
    """Regular expression whose first group, found in a clip's path, names the source that it shares with others."""
    val_fraction: Share = 0.15
    """Share of the clips for validation where no list or table decides."""
    test_fraction: Share = 0.15
    """Share of the clips for the test where no list or table decides."""

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, columns: dict[str, str]) -> dict[str, str]:
        unknown = set(columns) - set(COLUMNS)
        if unknown:
            raise ValueError(f"columns maps path, label, split and group to the table's names; unknown: {unknown}")
        return columns

    @field_validator("lists")
    @classmethod
    def _known_splits(cls, lists: dict[str, Path]) -> dict[str, Path]:
        unknown = set(lists) - set(SPLITS)
        if unknown:
            raise ValueError(f"lists has a file for train, val and test; unknown: {', '.join(sorted(unknown))}")
        return lists

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
    def _leaves_training(self) -> VideoFolder:
        if self.val_fraction + self.test_fraction >= 1:
            raise ValueError("val_fraction and test_fraction leave nothing to train on; their sum must stay below 1")
        if self.lists and self.table:
            raise ValueError("lists and table both decide about the splits; keep one of them")
        return self

    def problems(self) -> Iterator[InputError]:
        """Yield what is wrong with the folder and its lists."""
        yield from super().problems()
        try:
            self._clips()
        except InputError as error:
            yield InputError(error.key.removeprefix("data."), error.message)

    def builder(self, like: Spec | None = None) -> ClipBuilder:
        """Return the TFDS builder of the folder."""
        splits = self._clips()
        return self.builder_of(self.root, splits, list(_labels(splits)), like)

    def class_names(self) -> tuple[str, ...]:
        """Return the labels found, in natural order."""
        return _labels(self._clips())

    def _clips(self) -> dict[str, list[Clip]]:
        """Return the clips of each split."""
        if self.lists:
            key = "data.lists"
            named = {split: read_list(find_file(file, self.root, key), self.root) for split, file in self.lists.items()}
        elif self.table:
            key = "data.table"
            named = read_table(find_file(self.table, self.root, key), self.root, self.columns)
        else:
            key = "data.root"
            named = {"": list_videos(self.root)}
        splits = {split: [self._grouped(clip) for clip in clips] for split, clips in named.items()}
        check_splits(splits, key)
        return deal(splits, self.val_fraction, self.test_fraction, self.split_seed)

    def _grouped(self, clip: Clip) -> Clip:
        if not self.group_pattern or clip.group:
            return clip
        found = re.search(self.group_pattern, clip.name)
        if not found or not found.group(1):
            raise InputError("data.group_pattern", f"'{self.group_pattern}' finds no group in '{clip.name}'")
        return clip._replace(group=found.group(1))


def _labels(splits: dict[str, list[Clip]]) -> tuple[str, ...]:
    return natural_order({clip.label for clips in splits.values() for clip in clips})
