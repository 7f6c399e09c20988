"""What data sets share whose lines are cut out of the pictures of pages."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..pipeline.family import Item, Record
from .line_files import LineFiles

if TYPE_CHECKING:
    import numpy as np


class PageLines(LineFiles):
    """What data sets share whose lines are cut out of pages; a line is called by its page's file, # and its own name.

    An item without a target stands for a whole page that cannot be used.
    """

    @abstractmethod
    def cutter(self) -> Callable[[Item], np.ndarray]:
        """Return what cuts a line (h, w) uint8 out of its page, or raises a MediaError."""

    def file_of(self, item: Item) -> str:
        return item.name if item.target is None else item.name.rpartition("#")[0]

    def reader(self) -> Callable[[Item], Record]:
        cut = self.cutter()

        def read(item: Item) -> Record:
            return self.record_of(cut(item), item.target, cut=True)

        return read
