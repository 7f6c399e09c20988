"""What data sets made of video files share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import PositiveInt

from ..pipeline.family import Item, Record
from ..pipeline.finding import state_of
from ..pipeline.prepared_data import UserFiles
from .clip_files import segment_of
from .video_data import VideoData


class VideoFiles(UserFiles, VideoData):
    """What data sets made of video files share; the names of items are paths below `folder`."""

    noun: ClassVar[str] = "video"

    min_frames: PositiveInt = 2
    """A video with fewer frames is a bad file."""

    @abstractmethod
    def folder(self) -> Path:
        """Return the folder that the names of videos count from."""

    def file_of(self, item: Item) -> str:
        return segment_of(item.name)[0]

    def reader(self) -> Callable[[Item], Record]:
        folder = self.folder()

        def read(item: Item) -> Record:
            file, between = segment_of(item.name)
            record = self.read(folder / file, between)
            return {**record, "video": list(record["video"])}  # as TFDS wants it

        return read

    def read(self, path: Path, between: tuple[float, float | None] | None = None) -> Record:
        from ...media.errors import MediaError

        record = super().read(path, between)
        if len(record["video"]) < self.min_frames:
            raise MediaError(f"has {len(record['video'])} frames; needed: {self.min_frames}")
        return record

    def source_name(self) -> str:
        return self.folder().name or "root"

    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        states = [state_of(self.folder() / self.file_of(item)) for found in items.values() for item in found]
        return (self.short_side, self.max_fps, self.pictures_fps, self.min_frames, *states)
