"""Which pictures of lines there are, and what each says: from text files beside them, their names, tables and lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Literal

from ...console.text import is_text
from ...contracts import InputError
from ...media.endings import IMAGES, stem_of
from ...media.errors import MediaError
from ..pipeline.family import Item
from ..pipeline.finding import check_folder, files_below, files_ending, name_below, read_text
from ..pipeline.splitting import by_folder
from ..pipeline.tables import read_rows

COLUMNS = ("image", "text", "split", "group")
"""What a table may hold; only image and text must be there."""
_TRUTH = ".gt.txt"
_TOLD = 10  # mistakes in a table, at the most
_VARIANTS = (".nrm", ".bin", ".dew")
"""What OCR tools add to the name of a picture that they changed, before its ending."""


def read_table(file: Path, root: Path, columns: Mapping[str, str], key: str) -> dict[str, list[Item]]:
    """Return the lines of each split from a CSV table with a header, or a list without one: path, tab, text.

    Raises:
        InputError: A picture is missing or named twice, or the table is wrong or empty.
    """
    splits: dict[str, list[Item]] = defaultdict(list)
    seen: dict[str, tuple[str, str]] = {}
    mistakes = []
    for place, row in _rows(file, columns, key):
        name = name_below(row["image"], root)
        if not (root / name).is_file():
            mistakes.append(f"{place}: no picture {name} below {root}")
        first, text = seen.setdefault(name, (place, row["text"]))
        if first != place:
            both = "the same text" if text == row["text"] else f"'{text}' there, '{row['text']}' here"
            mistakes.append(f"{place}: {name} stands in {first} already ({both}); keep one")
        splits[row.get("split", "")].append(Item(name, row["text"], row.get("group", ""), notes=row.get("group", "")))
    if mistakes:
        more = [f"... and {len(mistakes) - _TOLD} more"] if len(mistakes) > _TOLD else []
        raise InputError(key, mistakes[0], *(f"  {one}" for one in [*mistakes[1:_TOLD], *more]))
    if not splits:
        raise InputError(key, f"{file} names no line; expected one row a line")
    return {split: sorted(items) for split, items in splits.items()}


def _rows(file: Path, columns: Mapping[str, str], key: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the rows of a table or list, each with its place."""
    if file.suffix.lower() in (".txt", ".lst", ".list"):
        return _listed(file, key)
    text = ("text",)
    return read_rows(file, COLUMNS, ("image", *text), columns, key, may_be_empty=text, verbatim=text)


def _listed(file: Path, key: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the lines of a list: a path, a tab, and the text up to the end of the line."""
    for number, line in enumerate(read_text(file, key).split("\n"), 1):  # a text may hold other separators
        path, tab, text = line.partition("\t")
        if not line.strip():
            continue
        if not tab:
            raise InputError(key, f"{file}:{number}: no tab; expected the path of a picture, a tab, and its text")
        yield f"{file}:{number}", {"image": path.strip(), "text": text}


def list_lines(root: Path, transcriptions: Literal["files", "names"]) -> dict[str, list[Item]]:
    """Return the lines below a folder, by split where its folders are called train, val and test, else as split "".

    A picture without a transcription has the target None, as has a transcription without a picture.

    Args:
        root: The folder.
        transcriptions: `files`: `x.gt.txt` beside `x.png` (or `x.nrm.png`); `names`: the names of the pictures.

    Raises:
        InputError: There is no picture.
    """
    check_folder(root)
    names = {path.relative_to(root).as_posix() for path in files_below(root)}
    found = [path.relative_to(root).as_posix() for path in files_ending(root, IMAGES)]
    pictures = {name: stem_of(name, IMAGES) or name for name in found}
    if not pictures:
        raise InputError("data.root", f"no pictures of lines below {root}; expected .png, .jpg or .tif files")
    if transcriptions == "names":
        told = {name: stem.rsplit("/", 1)[-1] for name, stem in pictures.items()}
        return by_folder([Item(name, text if is_text(text) else None) for name, text in told.items()])
    texts = {name: _text_of(stem, names) for name, stem in pictures.items()}
    # Pictures that share a text are of one line, and never stand in two splits.
    items = [_with_text(Item(name, group=text), root / text) if text else Item(name) for name, text in texts.items()]
    without_picture = sorted({name for name in names if name.endswith(_TRUTH)} - set(texts.values()))
    return by_folder([*items, *map(Item, without_picture)])


def _with_text(item: Item, file: Path) -> Item:
    """Return a line with its text; where that cannot be read, with the reason for a note."""
    try:
        return item._replace(target=read_text(file, "data.root"))
    except InputError as error:
        return item._replace(notes=error.message)


def _text_of(stem: str, names: Collection[str]) -> str | None:
    """Return the file that holds the text of a picture; None: there is none."""
    plain = next((stem.removesuffix(end) for end in _VARIANTS if stem.endswith(end)), stem)
    return next((name for name in (stem + _TRUTH, plain + _TRUTH) if name in names), None)


def check_text(text: str | None, name: str) -> str:
    """Return a transcription, or raise a MediaError: there is none, or it is empty."""
    if text is None:
        of_text = name.endswith(_TRUTH)
        raise MediaError("has no picture beside it" if of_text else f"has no transcription ({_TRUTH[1:]}) beside it")
    if not text:
        raise MediaError("its transcription is empty; write what it says, or leave the line out")
    return text
