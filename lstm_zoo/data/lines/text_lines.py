"""A folder of the user's own pictures of lines, with what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from ...contracts import UserPath
from ..pipeline.family import Item
from ..pipeline.finding import ListFile, find_file
from ..pipeline.splitting import DealtSplits
from ..pipeline.tables import renaming
from .line_files import LineFiles
from .listing import COLUMNS, list_lines, read_table


class TextLinesFolder(LineFiles, DealtSplits):
    """Your own pictures of lines with what they say, beside them, in their names, or in a table."""

    kind: Literal["text_lines"] = "text_lines"
    root: UserPath
    """Folder that holds the pictures, at any depth; folders train, val and test in it are the splits."""
    transcriptions: Literal["files", "names"] = "files"
    """Where the texts are, unless a table holds them: `files`: `x.gt.txt` beside `x.png` or `x.nrm.png`; `names`: the
    names of the pictures, as captchas have it."""
    table: ListFile | None = None
    """CSV file (from the working directory, or below root) with a header and the columns image, text, split, group, one
    row a line; or a list (.txt) of paths, each with a tab and its text behind it. Without split, lines are dealt to the
    splits, those of one group together."""
    columns: Annotated[dict[str, str], renaming(COLUMNS)] = {}
    """Names of those columns where the table calls them otherwise, such as {image: path, text: words}."""

    def folder(self) -> Path:
        return self.root

    def listed(self) -> dict[str, list[Item]]:
        if self.table:
            file = find_file(self.table, self.root, "data.table")
            splits = read_table(file, self.root, self.columns, "data.table")
            self.check_named(splits, self.root, "data.table")
            return self.deal(splits)
        return self.deal(list_lines(self.root, self.transcriptions))
