"""Transcribed pages in PAGE-XML and ALTO: which lines they have, where each is, and what it says."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from .errors import MediaError
from .xml_files import children, found, kind, parse_xml

_PAGE_XML, ALTO = "PcGts", "alto"  # the root elements
BOX = ("HPOS", "VPOS", "WIDTH", "HEIGHT")  # of ALTO's elements
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_BLANKS = re.compile(r"[ \t\r\n]+")  # of XML: others, such as a no-break space, are part of a text


class PageLine(NamedTuple):
    """A line of a page."""

    name: str
    """The line's id; its number, from 1, where it has none of its own."""
    polygon: tuple[tuple[float, float], ...]
    """Its outline, x and y in pixels; empty where the file tells none."""
    text: str | None
    """What is written there; None where nothing is transcribed, or only blanks."""


class Page(NamedTuple):
    """A transcribed page."""

    picture: str
    """The image file as the page names it; empty where it names none."""
    lines: tuple[PageLine, ...]
    """In the order of the file."""
    size: tuple[int, int] | None = None
    """Width and height of the image in pixels; None where the file tells none. ALTO's tell the sheet's, so they do not
    count."""


class NoPageError(MediaError):
    """An XML file of another kind."""


def read_page(path: Path) -> Page:
    """Read a transcribed page: PAGE-XML of any year, or ALTO that is measured in pixels.

    In PAGE-XML a line's own text counts, the one with the lowest index, and its words where the line has none. In ALTO
    blanks stand where the file has them (SP), and between all words of a line that has none.

    Args:
        path: The XML file.

    Raises:
        NoPageError: The file is XML, but neither of the two.
        MediaError: The file cannot be read, is not measured in pixels, or has no lines or more than one page.
    """
    root = root_of(parse_xml(path))
    is_alto = kind(root) == ALTO
    if is_alto:
        _check_unit(root)
    if (pages := len(found(root, "Page"))) > 1:
        raise MediaError(f"holds {pages} pages; expected one: split it into a file for each page")
    outline, text = (alto_outline, _alto_text) if is_alto else (_page_outline, _page_text)
    lines = tuple(PageLine(name, outline(line, name), text(line)) for name, line in named_lines(root).items())
    if not lines:
        raise MediaError("holds no lines (TextLine); expected a page whose lines are marked: segment it first")
    return Page(_picture(root, is_alto), lines, None if is_alto else _size(root))


def root_of(document: ElementTree.Element) -> ElementTree.Element:
    """Return the root of a document, or raise a MediaError where it is neither PAGE-XML nor ALTO."""
    root = next(part for part in document if kind(part))
    if kind(root) not in (_PAGE_XML, ALTO):
        raise NoPageError(f"is XML with the root <{root.tag}>; expected <{_PAGE_XML}> (PAGE-XML) or <{ALTO}> (ALTO)")
    return root


def named_lines(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """Return the lines by id; those without one, or with the same as others, by number."""
    lines = found(root, "TextLine")
    ids = [line.get("id") or line.get("ID") or "" for line in lines]
    times = Counter(ids)
    names = (one if one and times[one] == 1 else str(number) for number, one in enumerate(ids, 1))
    return dict(zip(names, lines, strict=True))


def _picture(root: ElementTree.Element, is_alto: bool) -> str:
    if is_alto:
        return next((_text(file) for file in found(root, "fileName")), "")
    return next((page.get("imageFilename", "") for page in found(root, "Page")), "")


def _size(root: ElementTree.Element) -> tuple[int, int] | None:
    sides = [page.get(side, "") for page in found(root, "Page") for side in ("imageWidth", "imageHeight")]
    width, height = (int(side) if side.isdecimal() else 0 for side in sides or ("", ""))
    return (width, height) if width and height else None


def _check_unit(root: ElementTree.Element) -> None:
    """Refuse ALTO in a unit whose pixels depend on the scan's resolution; where there is none, it is in pixels."""
    unit = next((_text(unit) for unit in found(root, "MeasurementUnit")), "pixel")
    if unit.lower() != "pixel":
        raise MediaError(
            f"is measured in '{unit}' (MeasurementUnit); expected 'pixel': export it anew in pixels (at R dots per "
            "inch, mm10 times R / 254 or inch1200 times R / 1200 is pixels)"
        )


def _page_outline(line: ElementTree.Element, name: str) -> tuple[tuple[float, float], ...]:
    points = []
    for coords in children(line, "Coords"):
        points.append(coords.get("points", ""))
        # until 2010 each point was an element
        points += [f"{point.get('x', '')} {point.get('y', '')}" for point in children(coords, "Point")]
    return _pairs(" ".join(points), name)


def alto_outline(line: ElementTree.Element, name: str) -> tuple[tuple[float, float], ...]:
    """Return the outline of a line of ALTO, x and y in pixels: its polygon, or else its box."""
    for shape in children(line, "Shape"):
        for polygon in children(shape, "Polygon"):
            if outline := _pairs(polygon.get("POINTS", ""), name):
                return outline
    box = _numbers(" ".join(line.get(side, "") for side in BOX))
    if len(box) < 4:
        return ()
    left, top, width, height = box
    return ((left, top), (left + width, top), (left + width, top + height), (left, top + height))


def _pairs(points: str, name: str) -> tuple[tuple[float, float], ...]:
    """Return points; programs write them as `x,y x,y`, as `x y x y` and in parentheses."""
    numbers = _numbers(points)
    if len(numbers) % 2:
        raise MediaError(f"has {len(numbers)} coordinates in the outline of line '{name}'; expected pairs x,y")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def _numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text)]


def _page_text(line: ElementTree.Element) -> str | None:
    text = _main_text(line) or " ".join(filter(None, map(_main_text, children(line, "Word"))))
    return text or None


def _main_text(element: ElementTree.Element) -> str:
    """Return the text of a line or word in PAGE-XML: of several, the one with the lowest index."""

    def index(text: ElementTree.Element) -> int:
        number = text.get("index", "")
        return int(number) if number.isdecimal() else 0

    for text in sorted(children(element, "TextEquiv"), key=index)[:1]:
        for form in [*children(text, "Unicode"), *children(text, "PlainText")][:1]:
            return _text(form)
    return ""


def _alto_text(line: ElementTree.Element) -> str | None:
    parts = children(line, "String", "SP", "HYP")
    blank = "" if children(line, "SP") else " "  # some programs leave all blanks out
    text = ""
    for part in parts:
        between = blank if kind(part) == "String" else " " if kind(part) == "SP" else ""
        text += between + part.get("CONTENT", "")
    return _one_line(text) or None


def _text(element: ElementTree.Element) -> str:
    return _one_line("".join(element.itertext()))


def _one_line(text: str) -> str:
    return _BLANKS.sub(" ", text).strip(" ")
