"""A folder of the user's own images, with captions in a table or in text files beside them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from ...contracts import InputError, UserPath
from ..pipeline.family import Item
from ..pipeline.finding import ListFile, check_folder, find_file
from ..pipeline.splitting import SPLIT_NAMES, DealtSplits, Listing, split_named
from ..pipeline.tables import renaming
from .captioned_images import CaptionFiles
from .listing import with_stray_images
from .tables import COLUMNS, read_captions
from .text_files import read_texts

_TABLES = ("captions.csv", "captions.txt", "captions.json", "captions.jsonl", "metadata.csv", "metadata.jsonl")
_HUB = _TABLES[-2:]


def _separator(text: str | None) -> str | None:
    if text is not None and not text.strip(" "):
        raise ValueError("is empty; what has a meaning in YAML stands in quotes, as in '\"|\"' or '\"\\n\"'")
    return text and text.replace("\\n", "\n").replace("\\t", "\t")


class CaptionedFolder(CaptionFiles, DealtSplits):
    """Your own images with a table of captions, or with text files beside them; splits as there, or made by group.

    An image below root without a caption is a bad file, like one that cannot be read; `data check` lists both.
    """

    kind: Literal["captioned_folder"] = "captioned_folder"
    root: UserPath
    """Folder that holds the images, at any depth."""
    table: ListFile | None = None
    """File of captions (from the working directory, or below root): CSV with a header and the columns image, caption,
    split, group, one row a caption (or a cell with a list of them); .jsonl with such an object a line; .json with a
    list of such objects, with captions by the images' names, or in COCO's form or Karpathy's. Without split, whole
    images are dealt to the splits, those of one group together. null: captions.csv, .txt, .json or .jsonl, or the hub's
    metadata.csv or .jsonl (also in folders train, validation and test), or x.txt beside x.jpg, a caption a line."""
    columns: Annotated[dict[str, str], renaming(COLUMNS)] = {}
    """Names of those columns where the table calls them otherwise, such as {image: file, caption: said}; file_name,
    filename and image_name, and captions, text and comment, are known."""
    caption_separator: Annotated[str | None, AfterValidator(_separator)] = None
    """What stands between several captions in one cell, such as "|", or "\\n" for line breaks; null: nothing does."""

    def folder(self) -> Path:
        return self.root

    def listed(self) -> Listing:
        check_folder(self.root)
        splits, remarks = self._found()
        return Listing(with_stray_images(self.deal(splits), self.root), remarks)

    def _found(self) -> Listing:
        if self.table:
            return self._read(find_file(self.table, self.root, "data.table"))
        if Path(_TABLES[0]).is_file():
            return self._read(Path(_TABLES[0]))
        tables = [self.root / name for name in _TABLES if (self.root / name).is_file()]
        if len(tables) > 1 and tables[0].name != _TABLES[0]:
            raise InputError("data.table", f"there are {' and '.join(map(str, tables))}; name the one that counts")
        if tables:
            found = self._read(tables[0])
            return found._replace(remarks=[f"captions are those of {tables[0].name}", *found.remarks])
        return self._of_hub() or read_texts(self.root)

    def _read(self, file: Path) -> Listing:
        found = read_captions(file, self.root, self.columns, "data.table", self.caption_separator)
        self.check_named(found.splits, self.root, "data.table")
        return found

    def _of_hub(self) -> Listing | None:
        """Return what the tables in folders called after the splits say, as the Hugging Face hub has them."""
        folders = [self.root / name for names in SPLIT_NAMES.values() for name in names]
        tables = [file for folder in folders for name in _HUB if (file := folder / name).is_file()]
        splits: dict[str, list[Item]] = defaultdict(list)
        remarks = []
        for file in tables:
            place = file.parent
            found = read_captions(file, place, self.columns, "data.table", self.caption_separator)
            items = (item for items in found.splits.values() for item in items)
            splits[split_named(place.name) or ""] += [item._replace(name=f"{place.name}/{item.name}") for item in items]
            remarks += [f"captions are those of {place.name}/{file.name}", *found.remarks]
        self.check_named(splits, self.root, "data.table")
        return Listing(splits, remarks) if tables else None
