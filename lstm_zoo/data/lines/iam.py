"""The lines of the IAM Handwriting Database (Marti & Bunke, IJDAR 2002)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Literal

from ...contracts import InputError, UserPath
from ..pipeline.family import Item
from ..pipeline.splitting import DealtSplits
from .iam_lists import iam_lines, iam_splits
from .line_files import LineFiles


class IamLines(LineFiles, DealtSplits):
    """English handwriting (IAM) as its makers' archives unpack; splits by lists where they are, else dealt by form.

    Lists (trainset.txt, validationset1.txt, validationset2.txt, testset.txt) lie in root or in its folder splits.
    Without them, figures cannot be compared with those of others.
    """

    kind: Literal["iam_lines"] = "iam_lines"
    root: UserPath
    """Folder with ascii/lines.txt and lines/a01/a01-000u/*.png."""

    def folder(self) -> Path:
        return self.root

    def listed(self) -> Mapping[str, list[Item]]:
        items = self._by_id()
        splits = iam_splits(self.root)
        if splits is None:
            return self.deal({"": list(items.values())})
        for split, ids in splits.items():
            if not ids & set(items):
                raise InputError(
                    "data.root",
                    f"none of the {len(ids)} lines in the lists for {split}, such as {min(ids)}, is in lines.txt; "
                    "expected lists of its lines",
                )
        return {split: [items[name] for name in sorted(ids & set(items))] for split, ids in splits.items()}

    def left_out(self) -> str:
        items, splits = set(self._by_id()), iam_splits(self.root)
        if splits is None:
            return ""
        listed = set().union(*splits.values())
        told = {
            "lines are in no list of a split": items - listed,
            "lines of the lists of splits are not in lines.txt": listed - items,
        }
        named = [f"{len(names)} {what} (such as {min(names)})" for what, names in told.items() if names]
        return f"{' and '.join(named)}; they are left out" if named else ""

    def _by_id(self) -> dict[str, Item]:
        """Return all lines by their ids, in order; a form is a group."""
        lines = iam_lines(self.root)
        return {PurePosixPath(picture).stem: Item(picture, text, form) for picture, text, form in lines}
