"""A folder of the user's own images, with a CSV table of captions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ...contracts import UserPath
from ..pipeline.family import Item
from ..pipeline.finding import ListFile, check_folder, find_file
from ..pipeline.splitting import DealtSplits
from ..pipeline.tables import renaming
from .captioned_images import CaptionFiles
from .listing import COLUMNS, read_captions, with_stray_images


class CaptionedFolder(CaptionFiles, DealtSplits):
    """Your own images with a table of captions; splits from the table, or made by group.

    An image below root that no row names is a bad file, like one that cannot be read; `data check` lists both.
    """

    kind: Literal["captioned_folder"] = "captioned_folder"
    root: UserPath
    """Folder that holds the images, at any depth."""
    table: ListFile = Field(default=Path("captions.csv"), validate_default=True)
    """CSV file (from the working directory, or below root) with a header and the columns image, caption, split, group,
    one row a caption; without split, whole images are dealt to the splits, those of one group together."""
    columns: Annotated[dict[str, str], renaming(COLUMNS)] = {}
    """Names of those columns where the table calls them otherwise, such as {image: file, caption: comment}."""

    def folder(self) -> Path:
        return self.root

    def listed(self) -> dict[str, list[Item]]:
        check_folder(self.root)
        table = find_file(self.table, self.root, "data.table")
        splits = read_captions(table, self.root, self.columns, "data.table")
        return with_stray_images(self.deal(splits), self.root)
