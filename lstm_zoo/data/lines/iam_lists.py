"""The lines of the IAM Handwriting Database (Marti & Bunke, IJDAR 2002), and the usual splits of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ...contracts import InputError
from ..pipeline.finding import check_folder, read_text

_KEY = "data.root"
_LISTS = ("ascii/lines.txt", "lines.txt")
_SPLIT_FOLDERS = ("", "splits", "largeWriterIndependentTextLineRecognitionTask")
_SPLIT_FILES = {
    "train": ("trainset.txt",),
    "val": ("validationset1.txt", "validationset2.txt"),
    "test": ("testset.txt",),
}
_EXAMPLE = "a01-000u-00 ok 154 19 408 746 1661 89 A|MOVE|to|stop"


def iam_lines(root: Path) -> list[tuple[str, str, str]]:
    """Return the lines of IAM as its makers' archives unpack: `ascii/lines.txt` and `lines/a01/a01-000u/*.png`.

    Lines whose words could not be told apart (err) are among them: their pictures and texts are right. A picture that
    is missing is named where it should lie, so that preparation tells of it.

    Args:
        root: The folder; the list may lie in it, and the pictures in its folder `lines`, without more folders.

    Returns:
        For each line its picture's path below the root, its text, and the form it is from.

    Raises:
        InputError: There is no list, it is no list of IAM's, or none of its pictures are there.
    """
    check_folder(root, _KEY)
    file = next((root / name for name in _LISTS if (root / name).is_file()), None)
    if file is None:
        raise InputError(
            _KEY,
            f"no {' and no '.join(_LISTS)} in {root}; expected the folder of the IAM Handwriting Database: get "
            "ascii.tgz and lines.tgz from its makers, and unpack them into the folders ascii and lines there",
        )
    lines = [(*_picture(name, root), text, _form(name)) for name, text in _rows(file)]
    if not lines:
        raise InputError(_KEY, f"{file} lists no lines; expected rows such as {_EXAMPLE}")
    if not any(there for _, there, _, _ in lines):
        raise InputError(
            _KEY,
            f"none of the {len(lines)} pictures that {file} lists are there; expected the first one at "
            f"{root / lines[0][0]}: unpack lines.tgz into {root / 'lines'}",
        )
    return [(picture, text, form) for picture, _, text, form in lines]


def iam_splits(root: Path) -> dict[str, set[str]] | None:
    """Return the ids of the lines in each split, where lists of them lie in the root or a folder of theirs.

    They are `trainset.txt`, `testset.txt`, and `validationset1.txt`, `validationset2.txt` or both, which together are
    the split val.

    Raises:
        InputError: One of the lists is missing or empty, holds something else, or shares a line with another split.
    """
    names = [name for files in _SPLIT_FILES.values() for name in files]
    folders = [root / folder for folder in _SPLIT_FOLDERS]
    folder = next((folder for folder in folders if any((folder / name).is_file() for name in names)), None)
    if folder is None:
        return None
    splits: dict[str, set[str]] = {}
    for split, files in _SPLIT_FILES.items():
        found = [folder / name for name in files if (folder / name).is_file()]
        splits[split] = {name for file in found for name in _ids(file)}
        if not splits[split]:
            what = "holds no ids of lines" if found else "is missing"
            raise InputError(
                _KEY,
                f"{' or '.join(files)} in {folder} {what}; expected ids of lines for each split, one a line, in "
                f"{', '.join(names)}: complete the lists, or remove all of them",
            )
        for other in list(splits)[:-1]:
            if both := splits[split] & splits[other]:
                raise InputError(
                    _KEY,
                    f"the lists in {folder} put {len(both)} lines, such as {min(both)}, into both {other} and {split}; "
                    "expected each line in one split: remove it from the others",
                )
    return splits


def _rows(file: Path) -> Iterator[tuple[str, str]]:
    """Yield id and text of each line."""
    for number, row in enumerate(read_text(file, _KEY).splitlines(), 1):
        if not row.strip() or row.startswith("#"):
            continue
        fields = row.split(maxsplit=8)  # a text may hold blanks of its own
        if len(fields) < 9 or fields[1] not in ("ok", "err") or not re.fullmatch(r"[\w-]{1,99}", fields[0]):
            raise InputError(_KEY, f"{file}:{number}: '{row}'; expected nine fields, such as {_EXAMPLE}")
        yield fields[0], " ".join(fields[8].replace("|", " ").split())


def _ids(file: Path) -> Iterator[str]:
    for number, row in enumerate(read_text(file, _KEY).splitlines(), 1):
        name = row.strip()
        if name and name.count("-") != 2:
            raise InputError(_KEY, f"{file}:{number}: '{name}'; expected the id of one line, such as a01-000u-00")
        if name:
            yield name


def _form(name: str) -> str:
    return name.rpartition("-")[0]


def _picture(name: str, root: Path) -> tuple[str, bool]:
    """Return a picture's path below the root, and whether it is there."""
    form = _form(name)
    for picture in (nested := f"lines/{form.partition('-')[0]}/{form}/{name}.png", f"lines/{name}.png"):
        if (root / picture).is_file():
            return picture, True
    return nested, False
