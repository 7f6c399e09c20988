"""The lines of RIMES 2011: French letters by hand (Grosicki & El-Abed, ICDAR 2011)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import NonNegativeInt

from ...contracts import UserPath
from ...media.line_cutting import cut_line
from ..pipeline.family import Item
from ..pipeline.splitting import Share, split_by_group
from .page_files import opened_once
from .page_lines import PageLines
from .rimes_lists import RIMES_FILES, RimesLine, rimes_lines

if TYPE_CHECKING:
    import numpy as np


class RimesLines(PageLines):
    """French letters by hand (RIMES 2011) as its makers give them out: pages, and boxes of lines in XML.

    Train and test are their own; the lines for validation are dealt out of train here, whole pages at a time, so that
    figures of others rest on other ones.
    """

    kind: Literal["rimes_lines"] = "rimes_lines"
    root: UserPath
    """Folder with training_2011.xml, eval_2011_annotated.xml and the folders of their pages."""
    val_fraction: Share = 0.1
    """Share of the training lines that is for validation."""
    split_seed: NonNegativeInt = 0
    """Seed that decides which pages that are."""

    def folder(self) -> Path:
        return self.root

    def listed(self) -> Mapping[str, list[Item]]:
        splits = {split: self._items(lines) for split, lines in rimes_lines(self.root).items()}
        self.check_named(splits, self.root, "data.root")
        if train := splits.pop("train", []):
            splits |= split_by_group(train, {"train": 1 - self.val_fraction, "val": self.val_fraction}, self.split_seed)
        return splits

    def left_out(self) -> str:
        lines = [line for found in rimes_lines(self.root).values() for line in found]
        untold = len(lines) - len(self._items(lines))
        return f"{untold} of its {len(lines)} lines have no text and are left out" if untold else ""

    def _items(self, lines: Sequence[RimesLine]) -> list[Item]:
        return [
            Item(name, line.text, line.group) for name, line in _named(lines).items() if self.text.normalized(line.text)
        ]

    def files_behind(self, names: Sequence[str]) -> list[Path]:
        return [self.root / name for name in (*RIMES_FILES, *names)]

    def cutter(self) -> Callable[[Item], np.ndarray]:
        from ...media.images import read_grey

        named = _named([line for found in rimes_lines(self.root).values() for line in found])
        page_of = opened_once(lambda name: read_grey(self.root / name))

        def cut(item: Item) -> np.ndarray:
            left, top, right, bottom = named[item.name].box
            return cut_line(page_of(self.file_of(item)), ((left, top), (right, top), (right, bottom), (left, bottom)))

        return cut


def _named(lines: Sequence[RimesLine]) -> dict[str, RimesLine]:
    """Return lines by their page's picture and their number on it, from 1."""
    named, counts = {}, Counter()
    for line in lines:
        counts[line.picture] += 1
        named[f"{line.picture}#{counts[line.picture]}"] = line
    return named
