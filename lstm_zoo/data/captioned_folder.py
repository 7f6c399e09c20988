"""A folder of the user's own images, with a CSV table of captions."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from ..contracts import UserPath
from .caption_table import COLUMNS, read_captions, with_stray_images
from .captions import DealtCaptionFiles, Photo
from .listing import ListFile, check_folder, find_file


class CaptionedFolder(DealtCaptionFiles):
    """Your own images with a table of captions; splits from the table, or made by group.

    An image below root that no row names is a bad file, like one that cannot be read; `data check` lists both.
    """

    kind: Literal["captioned_folder"] = "captioned_folder"
    root: UserPath
    """Folder that holds the images, at any depth."""
    table: ListFile = Field(default=Path("captions.csv"), validate_default=True)
    """CSV file (from the working directory, or below root) with a header and the columns image, caption, split, group,
    one row a caption; without split, whole images are dealt to the splits, those of one group together."""
    columns: dict[str, str] = {}
    """Names of those columns where the table calls them otherwise, such as {image: file, caption: comment}."""

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, columns: dict[str, str]) -> dict[str, str]:
        unknown = set(columns) - set(COLUMNS)
        if unknown:
            raise ValueError(
                f"columns maps {', '.join(COLUMNS)} to the table's names; unknown: {', '.join(sorted(unknown))}"
            )
        return columns

    def folder(self) -> Path:
        """Return the root."""
        return self.root

    def photos(self) -> dict[str, list[Photo]]:
        """Return the images of each split with their captions."""
        check_folder(self.root)
        table = find_file(self.table, self.root, "data.table")
        splits = read_captions(table, self.root, self.columns, "data.table")
        return with_stray_images(self.deal(splits), self.root)
