"""A folder of the user's own videos: `root/<class>/<clip>` in anything FFmpeg can decode."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, field_validator, model_validator

from ..contracts import SPLITS, BadFile, InputError, Spec, UserPath
from .clips import PreparedVideoData
from .listing import (
    Clip,
    list_videos,
    natural_order,
    number_labels,
    read_list,
    read_table,
    refuse_shared_groups,
    split_by_group,
)

if TYPE_CHECKING:
    from .prepare import ClipBuilder

_Share = Annotated[float, Field(ge=0, lt=1)]


class FilesConfig(PreparedVideoData):
    """What data sets made of video files share."""

    on_bad_file: Literal["stop", "skip"] = "stop"
    """What an unreadable, empty or too short video does: `stop` with an error, or `skip` it and count it."""
    min_frames: PositiveInt = 2
    """A video with fewer frames is a bad file."""
    split_seed: NonNegativeInt = 0
    """Seed that decides which groups go to which split."""

    def bad_files(self) -> list[BadFile]:
        """Read every video once, and return those that cannot be used."""
        return self.builder().builder_config.find_bad_files()

    def builder_of(
        self, root: Path, splits: dict[str, list[Clip]], classes: list[str], like: Spec | None
    ) -> ClipBuilder:
        """Return the TFDS builder of clips below a root; their names are their paths below it."""
        from ..media import read_video
        from .prepare import ClipBuilder, ClipSource, fingerprint

        class_names = number_labels(classes, like)
        states = []
        for split, clips in splits.items():
            for clip in clips:
                file = root / clip.name
                state = file.stat() if file.is_file() else None
                states.append((split, *clip, state and state.st_size, state and state.st_mtime_ns))
        key = fingerprint(class_names, self.short_side, self.max_fps, self.min_frames, sorted(states, key=str))
        source = ClipSource(
            name=f"{re.sub(r'[^A-Za-z0-9_]+', '_', root.name) or 'root'}-{key}",
            class_names=class_names,
            splits=splits,
            read=lambda clip: read_video(root / clip.name, self.short_side, self.max_fps),
            min_frames=self.min_frames,
            on_bad_file=self.on_bad_file,
        )
        return ClipBuilder(type(self).model_fields["kind"].default, source, self.data_dir)


class VideoFolder(FilesConfig):
    """Your own videos, one folder a class; splits from lists, from a table, or made by group."""

    kind: Literal["video_folder"] = "video_folder"
    root: UserPath
    """Folder that holds one folder a class."""
    table: Path | None = None
    """CSV file (below root, or any path) with a header and the columns path, label, split, group; all but path may be
    missing: the label is then the clip's folder, and splits are made by group."""
    columns: dict[str, str] = {}
    """Names of those columns where the table calls them otherwise, such as {path: clip, group: source_video}."""
    lists: dict[str, Path] = {}
    """UCF101-style list files (below root, or any path) of train, val and test: a path a line, a number behind it is
    ignored."""
    group_pattern: str | None = None
    """Regular expression whose first group, found in a clip's path, names the source that it shares with others."""
    val_fraction: _Share = 0.15
    """Share of the clips for validation where no list or table decides."""
    test_fraction: _Share = 0.15
    """Share of the clips for the test where no list or table decides."""

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, columns: dict[str, str]) -> dict[str, str]:
        unknown = set(columns) - {"path", "label", "split", "group"}
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
        return self.builder_of(self.root, self._clips(), list(self.class_names()), like)

    def class_names(self) -> tuple[str, ...]:
        """Return the labels found, in natural order."""
        return natural_order({clip.label for clips in self._clips().values() for clip in clips})

    def _clips(self) -> dict[str, list[Clip]]:
        """Return the clips of each split."""
        if self.lists:
            named = {split: read_list(self._find(file, "lists"), self.root) for split, file in self.lists.items()}
            grouped = {split: [self._grouped(clip) for clip in clips] for split, clips in named.items()}
            refuse_shared_groups(grouped, "data.lists")
            return grouped
        if self.table:
            rows = read_table(self._find(self.table, "table"), self.root, self.columns)
        else:
            rows = {"": list_videos(self.root)}
        clips = {split: [self._grouped(clip) for clip in found] for split, found in rows.items()}
        if "" not in clips:
            return clips
        shares = {
            "train": 1 - self.val_fraction - self.test_fraction,
            "val": self.val_fraction,
            "test": self.test_fraction,
        }
        return split_by_group(clips[""], shares, self.split_seed)

    def _grouped(self, clip: Clip) -> Clip:
        found = re.search(self.group_pattern, clip.name) if self.group_pattern and not clip.group else None
        return clip._replace(group=found.group(1)) if found else clip

    def _find(self, file: Path, key: str) -> Path:
        for place in (self.root / file, file.expanduser()):
            if place.is_file():
                return place.absolute()
        raise InputError(f"data.{key}", f"no file {file}, neither below {self.root} nor from the working directory")
