"""Your own films without any labels: windows of frames, and the frames that follow them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PositiveInt

from ...contracts import UserPath
from ..pipeline.family import Item, Record
from ..pipeline.finding import state_of, told_left_out
from ..pipeline.patterns import GroupPattern, find_groups
from ..pipeline.prepared_data import UserFiles
from ..pipeline.splitting import DealtSplits, Listing, check_splits
from .frame_data import FrameData
from .listing import clip_of, list_films

_Side = Annotated[int, Field(ge=1, le=4096)]


class VideoFrames(UserFiles, FrameData, DealtSplits):
    """Your own films: windows of consecutive frames to foretell the next ones from; whole films are dealt to splits."""

    noun: ClassVar[str] = "film"

    kind: Literal["video_frames"] = "video_frames"
    root: UserPath
    """A folder of films, at any depth, or one file. A film is a video, a folder of its frames as pictures, or an array
    (.npy, .npz), which may hold several clips. Folders called train, val and test, or the like, are the splits."""
    size: tuple[_Side, _Side] = (64, 64)
    """Height and width of the frames given to the network, in pixels; films of other shapes are stretched."""
    colour: bool = False
    """Whether frames are shown in colours (three channels), or in grey (one)."""
    stride: PositiveInt | None = None
    """From the first frame of a window to that of the next, in frames; null: the horizon. One more ends each film."""
    group_pattern: GroupPattern | None = None
    """Regular expression whose first group, found in a film's path, names what it shares with others, such as the
    camera; these are dealt together."""

    @property
    def frame_size(self) -> tuple[int, int]:
        return self.size

    @property
    def channels(self) -> Literal[1, 3]:
        return 3 if self.colour else 1

    @property
    def step(self) -> int:
        return self.stride or self.horizon

    def folder(self) -> Path:
        """Return the folder that the names of films count from."""
        return self.root.parent if self.root.is_file() else self.root

    def checks(self) -> Sequence[Callable[[], Any]]:
        return (self.items,)

    def items(self) -> dict[str, list[Item]]:
        return self.deal(self._listing().splits)

    def reader(self) -> Callable[[Item], Record]:
        folder = self.folder()

        def read(item: Item) -> Record:
            file, number = clip_of(item.name)
            return self.read(folder / file, number)

        return read

    def file_of(self, item: Item) -> str:
        return clip_of(item.name)[0]

    def source_name(self) -> str:
        return self.root.stem or "root"

    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        files = dict.fromkeys(self.file_of(item) for found in items.values() for item in found)
        settings = (self.size, self.colour, self.num_frames, self.horizon, self.step, self.max_fps, self.pictures_fps)
        return (*settings, self.array_order, *(state_of(self.folder() / file) for file in files))

    def remarks(self) -> list[str]:
        splits, remarks = self._listing()
        if self.root.is_file():
            return list(remarks)
        films = {self.root / self.file_of(item) for items in splits.values() for item in items}
        return [*remarks, *told_left_out(self.root, films)]

    def _listing(self) -> Listing:
        """Return the films before they are dealt."""
        splits, remarks = list_films(self.root, self.array_order)
        splits = {split: self._grouped(items) for split, items in splits.items()}
        check_splits(splits, "data.root")
        return Listing(splits, remarks)

    def _grouped(self, items: Sequence[Item]) -> list[Item]:
        if self.group_pattern is None:
            return list(items)
        groups = find_groups(self.group_pattern, [item.name for item in items], "data.group_pattern")
        return [item._replace(group=group) for item, group in zip(items, groups, strict=True)]
