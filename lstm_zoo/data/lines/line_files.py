"""What data sets made of pictures of lines share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...console.visible import tell
from ...contracts import Spec, Splits
from ..pipeline.family import Item, Record
from ..pipeline.finding import state_of
from ..pipeline.prepared_data import UserFiles
from ..pipeline.splitting import check_splits
from .line_data import LineData


class LineFiles(UserFiles, LineData):
    """What data sets made of pictures of lines share; the names of items are paths below `folder`."""

    @abstractmethod
    def folder(self) -> Path:
        """Return the folder that the pictures' names count from."""

    @abstractmethod
    def listed(self) -> Mapping[str, Sequence[Item]]:
        """Return the lines of each split with their texts as they are written; None for one without."""

    def items(self) -> Mapping[str, Sequence[Item]]:
        splits = {
            split: [
                item if item.target is None else item._replace(target=self.text.normalized(item.target))
                for item in items
            ]
            for split, items in self.listed().items()
        }
        check_splits(splits, "data.root")
        return splits

    def reader(self) -> Callable[[Item], Record]:
        from ...media.errors import MediaError
        from ...media.images import read_grey
        from .listing import check_text

        folder = self.folder()

        def read(item: Item) -> Record:
            if item.target is None and item.notes:
                raise MediaError(item.notes)
            text = check_text(item.target, item.name)
            return self.record_of(read_grey(folder / item.name), text)

        return read

    def source_name(self) -> str:
        return self.folder().name or "root"

    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        names = dict.fromkeys(self.file_of(item) for found in items.values() for item in found)
        states = [state_of(file) for file in self.files_behind(list(names))]
        return (self.line.model_dump_json(exclude={"augment"}), *states)

    def files_behind(self, names: Sequence[str]) -> Sequence[Path]:
        """Return all files that must not change unnoticed, from the names that `file_of` gives."""
        return [self.folder() / name for name in names]

    def left_out(self) -> str:
        """Return what the listing leaves out, in words; nothing where all is listed."""
        return ""

    def load(self, like: Spec | None = None, splits: Sequence[str] | None = None) -> Splits:
        if told := self.left_out():
            tell(f"data.root: {told}")
        return super().load(like, splits)
