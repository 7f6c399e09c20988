"""Flickr8k (Hodosh, Young and Hockenmaier, JAIR 2013): 8,091 photographs of people and dogs, five sentences each.

Its makers no longer give it out. Copies that go round are in the makers' own layout, with their splits of 6,000, 1,000
and 1,000 images; have these splits, and the sentences, in Karpathy's file; or hold all sentences in one CSV file and no
splits. What lies in the folder decides. Flickr30k is read the same way, by Karpathy's file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from ...contracts import InputError, UserPath
from ..pipeline.family import Item
from ..pipeline.finding import check_folder, read_text
from ..pipeline.splitting import DealtSplits, Listing
from .captioned_images import CaptionFiles
from .json_files import KARPATHY, karpathy_entries, read_json
from .listing import gathered, one_line, with_stray_images
from .tables import read_captions

_IMAGES = ("Images", "Flicker8k_Dataset", "Flickr8k_Dataset", "flickr30k_images", "flickr30k-images", "images")
"""The makers' own archive is misspelt."""
_TEXTS = (".", "Flickr8k_text")
_TOKENS = ("Flickr8k.token.txt",)
_KARPATHY = ("dataset_flickr8k.json", "dataset_flickr30k.json", "dataset.json")
_TABLES = ("captions.txt", "captions.csv")
_LISTS = {
    "train": "Flickr_8k.trainImages.txt",
    "val": "Flickr_8k.devImages.txt",
    "test": "Flickr_8k.testImages.txt",
}
_LAYOUT = (
    f"root/Images/<name>.jpg (or root/{_IMAGES[1]}/) beside {_TOKENS[0]}, {', '.join(_LISTS.values())} (or these in "
    f"root/{_TEXTS[1]}/), beside {_KARPATHY[0]}, or beside {_TABLES[0]} with the header image,caption. Images that lie "
    "otherwise are read by data.kind=captioned_folder"
)


class Flickr8k(CaptionFiles, DealtSplits):
    """Flickr8k (Hodosh, Young and Hockenmaier, JAIR 2013), from a local copy in any of its layouts; and Flickr30k."""

    kind: Literal["flickr8k"] = "flickr8k"
    root: UserPath
    """Folder that holds `Images/` and the captions: `Flickr8k.token.txt` with the makers' lists, Karpathy's
    `dataset_flickr8k.json` (or 30k), or `captions.txt`."""

    def folder(self) -> Path:
        for name in _IMAGES:
            if (self.root / name).is_dir():
                return self.root / name
        raise InputError("data.root", f"{self.root} has no folder of images; expected {_LAYOUT}")

    def listed(self) -> Listing:
        """Return the images of each split: the makers' own, Karpathy's, or made here where both are missing."""
        self._check_root()
        found = self._found(self.folder())
        self.check_named(found.splits, self.folder(), "data.root")
        return found

    def _found(self, folder: Path) -> Listing:
        lists = {split: file for split, name in _LISTS.items() if (file := self._text(name))}
        if tokens := self._text(*_TOKENS):
            captions = _read_tokens(tokens)
            if not lists:
                raise InputError(
                    "data.root", f"{tokens.parent} has none of the lists {', '.join(_LISTS.values())}; put one there"
                )
        elif not lists and (file := self._text(*_KARPATHY)):
            entries = karpathy_entries(read_json(file, KARPATHY, "data.root"), file, "data.root")
            return Listing(gathered(entries, file, "data.root"), [f"splits and captions are those of {file.name}"])
        elif table := self._text(*_TABLES):
            found = read_captions(table, folder, {}, "data.root")
            if not lists:
                return found._replace(splits=with_stray_images(self.deal(found.splits), folder))
            captions = {item.name: item.target for items in found.splits.values() for item in items}
        else:
            raise InputError("data.root", f"{self.root} has no captions; expected {_LAYOUT}")
        return Listing({split: _read_list(file, captions) for split, file in lists.items()})

    def _check_root(self) -> None:
        try:
            check_folder(self.root)
        except InputError as error:
            raise InputError(
                "data.root",
                f"{error.message}. Flickr8k cannot be downloaded from its makers any more: get its images and captions "
                f"(Flickr8k_Dataset.zip and Flickr8k_text.zip, or Images with captions.txt) by other means and lay "
                f"them out as {_LAYOUT}",
            ) from None

    def _text(self, *names: str) -> Path | None:
        """Return the first of some text files that is there."""
        files = (self.root / folder / name for name in names for folder in _TEXTS)
        return next((file for file in files if file.is_file()), None)


def _read_tokens(file: Path) -> dict[str, tuple[str, ...]]:
    """Read all captions of each image: `name.jpg#0<TAB>caption` a line."""
    captions: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(read_text(file, "data.root").split("\n"), 1):
        if not line.strip():
            continue
        found = re.fullmatch(r"([^\t]+)#\d+\t(.*)", line.rstrip("\r"))
        if not found:
            raise InputError("data.root", f"{file}:{number}: expected name.jpg#0<TAB>caption, got {line.strip()!r}")
        name = found[1].strip()
        captions[name] = (*captions.get(name, ()), one_line(found[2]))
    return captions


def _read_list(file: Path, captions: dict[str, tuple[str, ...]]) -> list[Item]:
    """Read the images of one split, a name a line; one without captions becomes a bad file."""
    names = [line.strip() for line in read_text(file, "data.root").splitlines() if line.strip()]
    return [Item(name, captions.get(name, ())) for name in names]
