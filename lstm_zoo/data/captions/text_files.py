"""Captions in files beside the images: x.txt beside x.jpg, a caption a line."""

from __future__ import annotations

from pathlib import Path

from ...contracts import InputError
from ...media.endings import IMAGES, stem_of
from ..pipeline.family import Item
from ..pipeline.finding import files_ending, named, read_text
from ..pipeline.splitting import Listing, by_folder
from .listing import one_line

_TEXT = ".txt"


def read_texts(root: Path) -> Listing:
    """Return the images below a folder with the lines of the text files beside them.

    Folders train, val and test in it are the splits; without them, the split is "". An image without a text file has
    no captions.

    Raises:
        InputError: No image has a text file, or some images stand beside the folders of the splits.
    """
    texts = {stem: path for path in files_ending(root, (_TEXT,)) if (stem := stem_of(path.as_posix(), (_TEXT,)))}
    images = {path: stem_of(path.as_posix(), IMAGES) or path.as_posix() for path in files_ending(root, IMAGES)}
    if texts.keys().isdisjoint(images.values()):
        raise InputError(
            "data.table",
            f"{root} holds no captions: neither captions.csv, metadata.csv or metadata.jsonl, nor x{_TEXT} beside "
            "x.jpg; name another table (.csv, .jsonl, or .json in COCO's or Karpathy's form). Copies of COCO and "
            "Flickr8k as they are given out are read by data.kind=coco_captions and flickr8k",
        )
    items = [
        Item(path.relative_to(root).as_posix(), _lines(texts[stem]) if stem in texts else ())
        for path, stem in images.items()
    ]
    alone = [texts[stem] for stem in sorted(texts.keys() - images.values())]
    told = f"captions are the lines of the {_TEXT} files beside the images"
    spare = [f"{len(alone)} {_TEXT} files without an image were left out ({named(alone, root)})"] * bool(alone)
    return Listing(by_folder(items), [told, *spare])


def _lines(file: Path) -> tuple[str, ...]:
    """Return the captions of an image; blank lines are none."""
    return tuple(one_line(line) for line in read_text(file, "data.root").split("\n") if line.strip())
