"""The lines of RIMES as they were given out for the ICDAR 2011 competition: pages, and boxes of lines in XML."""

from __future__ import annotations

import html
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from xml.etree import ElementTree

from ...contracts import InputError
from ...media.errors import MediaError
from ...media.xml_files import kind, parse_xml
from ..pipeline.finding import check_folder

_KEY = "data.root"
_FILES = {"train": ("training_2011.xml", "training_2011"), "test": ("eval_2011_annotated.xml", "eval_2011")}
"""For each split its annotations, and the folder that its pages may lie in."""
RIMES_FILES = tuple(file for file, _ in _FILES.values())
"""Names of the annotations."""
_SIDES = ("Left", "Top", "Right", "Bottom")


class RimesLine(NamedTuple):
    """A line on a page."""

    picture: str
    """Path of the page's picture below the root."""
    box: tuple[int, int, int, int]
    """Left, top, right and bottom in pixels, of which none is negative."""
    text: str
    group: str
    """The page: the name of its picture without the ending."""


def rimes_lines(root: Path) -> dict[str, list[RimesLine]]:
    """Return the lines of each split, train and test, whose annotations lie in a folder.

    They are `training_2011.xml` and `eval_2011_annotated.xml`. The pages lie where these say, in the folders
    `training_2011` and `eval_2011`, or in `images_gray` (as the archives in grey unpack). A picture that is missing is
    named as the annotations name it, so that preparation tells of it.

    Raises:
        InputError: There are no annotations, they are no annotations of RIMES', or none of their pages are there.
    """
    check_folder(root, _KEY)
    there = {split: names for split, names in _FILES.items() if (root / names[0]).is_file()}
    if not there:
        raise InputError(
            _KEY,
            f"no {' and no '.join(file for file, _ in _FILES.values())} in {root}; expected the folder of RIMES 2011: "
            "get its annotations and pages from its makers, and unpack them there",
        )
    return {split: _read(root / file, root, folder) for split, (file, folder) in there.items()}


def _read(file: Path, root: Path, folder: str) -> list[RimesLine]:
    try:
        document = parse_xml(file)
    except MediaError as error:
        raise InputError(_KEY, f"{file} {error}") from None
    lines = []
    for page in (element for element in document.iter() if kind(element) == "SinglePage"):
        name = page.get("FileName", "").replace("\\", "/")
        if not name:
            raise InputError(_KEY, f"{file}: a SinglePage without its FileName; expected the name of its picture")
        picture = _picture(name, root, folder)
        for number, line in enumerate((element for element in page.iter() if kind(element) == "Line"), 1):
            place = f"{file}: line {number} of {name}"
            lines.append(RimesLine(picture, _box(line, place), _text(line, place), PurePosixPath(name).stem))
    if not lines:
        raise InputError(_KEY, f"{file} holds no lines; expected <SinglePage> with <Line> elements, as RIMES 2011 has")
    if not any((root / picture).is_file() for picture in {line.picture for line in lines}):
        raise InputError(
            _KEY,
            f"none of the pages that {file} names are there; expected the first one at {root / lines[0].picture}: "
            f"unpack their archive into {root}",
        )
    return lines


def _picture(name: str, root: Path, folder: str) -> str:
    base = PurePosixPath(name).name
    places = (name, f"{folder}/{name}", f"{folder}/{base}", f"images_gray/{base}", f"{folder}/images_gray/{base}", base)
    return next((place for place in places if (root / place).is_file()), name)


def _box(line: ElementTree.Element, place: str) -> tuple[int, int, int, int]:
    """Return a line's box; some reach beyond the page."""
    try:
        left, top, right, bottom = (max(0, int(line.get(side, ""))) for side in _SIDES)
    except ValueError:
        sides = ", ".join(f"{side}={line.get(side, 'nothing')}" for side in _SIDES)
        raise InputError(_KEY, f"{place}: {sides}; expected whole numbers of pixels") from None
    return left, top, right, bottom


def _text(line: ElementTree.Element, place: str) -> str:
    text = line.get("Value")
    if text is None:
        raise InputError(_KEY, f"{place}: no Value; expected the text of the line")
    return " ".join(html.unescape(text).split())  # some values are escaped twice
