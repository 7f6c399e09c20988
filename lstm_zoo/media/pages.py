"""Transcribed pages in PAGE-XML and ALTO: their lines read, cut out of the page's picture, and given new texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np
from PIL import Image, ImageDraw

from ..console.text import did_you_mean, first_line
from .errors import MediaError, content_of

_PAGE_XML, _ALTO = "PcGts", "alto"  # the root elements
_BOX = ("HPOS", "VPOS", "WIDTH", "HEIGHT")  # of ALTO's elements
_FAR = 10**6  # in pixels; points beyond any page are drawn from there
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_BLANKS = re.compile(r"[ \t\r\n]+")  # of XML: others, such as a no-break space, are part of a text
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
    root = _root(parse_xml(path))
    is_alto = kind(root) == _ALTO
    if is_alto:
        _check_unit(root)
    if (pages := len(_found(root, "Page"))) > 1:
        raise MediaError(f"holds {pages} pages; expected one: split it into a file for each page")
    outline, text = (_alto_outline, _alto_text) if is_alto else (_page_outline, _page_text)
    lines = tuple(PageLine(name, outline(line, name), text(line)) for name, line in _named_lines(root).items())
    if not lines:
        raise MediaError("holds no lines (TextLine); expected a page whose lines are marked: segment it first")
    return Page(_picture(root, is_alto), lines, None if is_alto else _size(root))


def cut_line(picture: np.ndarray, polygon: Sequence[tuple[float, float]]) -> np.ndarray:
    """Cut a line out of a page; around its outline stands the paper's shade, the median of what is inside.

    Args:
        picture: The page in grey (H, W), uint8.
        polygon: The outline, x and y in pixels; the pixels it runs through belong to the line.

    Returns:
        The line (h, w), uint8: the box around the outline, as far as it lies on the page.

    Raises:
        MediaError: The outline has less than three points, or nothing of it lies on the page.
    """
    if len(polygon) < 3:
        raise MediaError(f"has a line with an outline of {len(polygon)} points; expected three or more: mark it anew")
    points = np.rint(np.clip(polygon, -_FAR, _FAR)).astype(int)  # Pillow itself would cut fractions off
    size = np.array(picture.shape[::-1])  # width and height
    start, end = points.min(axis=0).clip(0), (points.max(axis=0) + 1).clip(max=size)
    inside = _mask(points - start, end - start) if (start < end).all() else np.zeros((0, 0), bool)
    if not inside.any():
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        raise MediaError(
            f"has a line at x {left} to {right} and y {top} to {bottom}, of which nothing lies on the page of "
            f"{size[0]} x {size[1]} pixels (width x height); expected the very picture that was transcribed"
        )
    part = picture[start[1] : end[1], start[0] : end[0]]
    return np.where(inside, part, np.uint8(np.median(part[inside])))


def with_text(path: Path, texts: Mapping[str, str]) -> bytes:
    """Return a transcribed page with new texts of its lines; all else stays as it is.

    In PAGE-XML a text takes the place of those of the line and of its words, in ALTO that of the line's words.

    Args:
        path: The XML file.
        texts: New texts by the names of lines, as `read_page` gives them; other lines keep theirs.

    Returns:
        The XML file, UTF-8.

    Raises:
        MediaError: The file cannot be read, is neither PAGE-XML nor ALTO, has no such line, or a text cannot stand in
            XML.
    """
    document = parse_xml(path)
    root = _root(document)
    lines = _named_lines(root)
    replace = _replace_in_alto if kind(root) == _ALTO else _replace_in_page
    for name, text in texts.items():
        if name not in lines:
            raise MediaError(f"has no line '{name}'{did_you_mean(name, lines)}; expected one of its {len(lines)} lines")
        if wrong := _NO_XML.search(text):
            raise MediaError(
                f"cannot hold the text of line '{name}': XML has no character U+{ord(wrong[0]):04X}; remove it"
            )
        replace(lines[name], text)
    parts = ['<?xml version="1.0" encoding="UTF-8"?>', *(ElementTree.tostring(part, "unicode") for part in document)]
    return "\n".join([*parts, ""]).encode()


def parse_xml(path: Path) -> ElementTree.Element:
    """Return what an XML file holds: an element with the root, and with comments and instructions around it.

    Names stand as they are written (`pc:TextLine`), and namespaces as attributes (`xmlns:pc`), so that what is written
    again keeps its prefixes, even those that only values need.

    Raises:
        MediaError: The file cannot be read, is no XML, or declares a document type.
    """
    content = content_of(path)
    builder = ElementTree.TreeBuilder(insert_comments=True, insert_pis=True)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.CommentHandler = builder.comment
    parser.ProcessingInstructionHandler = builder.pi
    builder.start("document", {})
    try:
        parser.Parse(content, True)
    except MediaError:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two: an encoding that is not known
        raise MediaError(f"is no XML that can be read: {first_line(error)}") from None
    builder.end("document")
    return builder.close()


def kind(element: ElementTree.Element) -> str:
    """Return an element's name without its prefix; nothing for comments and instructions."""
    return element.tag.rpartition(":")[2] if isinstance(element.tag, str) else ""


def _refuse_document_type(*_: object) -> NoReturn:
    """Refuse what entities are declared in: a few that name each other may unfold to gigabytes."""
    raise MediaError(
        "has a document type (<!DOCTYPE ...>), which may hide a bomb of entities; expected none: remove it"
    )


def _root(document: ElementTree.Element) -> ElementTree.Element:
    root = next(part for part in document if kind(part))
    if kind(root) not in (_PAGE_XML, _ALTO):
        raise NoPageError(f"is XML with the root <{root.tag}>; expected <{_PAGE_XML}> (PAGE-XML) or <{_ALTO}> (ALTO)")
    return root


def _found(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """Return all elements of a kind, however deep."""
    return [one for one in element.iter() if kind(one) == name]


def _children(element: ElementTree.Element, *names: str) -> list[ElementTree.Element]:
    return [child for child in element if kind(child) in names]


def _named_lines(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """Return the lines by id; those without one, or with the same as others, by number."""
    lines = _found(root, "TextLine")
    ids = [line.get("id") or line.get("ID") or "" for line in lines]
    times = Counter(ids)
    names = (one if one and times[one] == 1 else str(number) for number, one in enumerate(ids, 1))
    return dict(zip(names, lines, strict=True))


def _picture(root: ElementTree.Element, is_alto: bool) -> str:
    if is_alto:
        return next((_text(file) for file in _found(root, "fileName")), "")
    return next((page.get("imageFilename", "") for page in _found(root, "Page")), "")


def _size(root: ElementTree.Element) -> tuple[int, int] | None:
    sides = [page.get(side, "") for page in _found(root, "Page") for side in ("imageWidth", "imageHeight")]
    width, height = (int(side) if side.isdecimal() else 0 for side in sides or ("", ""))
    return (width, height) if width and height else None


def _check_unit(root: ElementTree.Element) -> None:
    """Refuse ALTO in a unit whose pixels depend on the scan's resolution; where there is none, it is in pixels."""
    unit = next((_text(unit) for unit in _found(root, "MeasurementUnit")), "pixel")
    if unit.lower() != "pixel":
        raise MediaError(
            f"is measured in '{unit}' (MeasurementUnit); expected 'pixel': export it anew in pixels (at R dots per "
            "inch, mm10 times R / 254 or inch1200 times R / 1200 is pixels)"
        )


def _page_outline(line: ElementTree.Element, name: str) -> tuple[tuple[float, float], ...]:
    points = []
    for coords in _children(line, "Coords"):
        points.append(coords.get("points", ""))
        # until 2010 each point was an element
        points += [f"{point.get('x', '')} {point.get('y', '')}" for point in _children(coords, "Point")]
    return _pairs(" ".join(points), name)


def _alto_outline(line: ElementTree.Element, name: str) -> tuple[tuple[float, float], ...]:
    for shape in _children(line, "Shape"):
        for polygon in _children(shape, "Polygon"):
            if outline := _pairs(polygon.get("POINTS", ""), name):
                return outline
    box = _numbers(" ".join(line.get(side, "") for side in _BOX))
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
    text = _main_text(line) or " ".join(filter(None, map(_main_text, _children(line, "Word"))))
    return text or None


def _main_text(element: ElementTree.Element) -> str:
    """Return the text of a line or word in PAGE-XML: of several, the one with the lowest index."""

    def index(text: ElementTree.Element) -> int:
        number = text.get("index", "")
        return int(number) if number.isdecimal() else 0

    for text in sorted(_children(element, "TextEquiv"), key=index)[:1]:
        for form in [*_children(text, "Unicode"), *_children(text, "PlainText")][:1]:
            return _text(form)
    return ""


def _alto_text(line: ElementTree.Element) -> str | None:
    parts = _children(line, "String", "SP", "HYP")
    blank = "" if _children(line, "SP") else " "  # some programs leave all blanks out
    text = ""
    for part in parts:
        between = blank if kind(part) == "String" else " " if kind(part) == "SP" else ""
        text += between + part.get("CONTENT", "")
    return _one_line(text) or None


def _text(element: ElementTree.Element) -> str:
    return _one_line("".join(element.itertext()))


def _one_line(text: str) -> str:
    return _BLANKS.sub(" ", text).strip(" ")


def _mask(points: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return which pixels an outline encloses or runs through.

    Args:
        points: The outline (N, 2), x and y in pixels from the upper left corner of the mask.
        size: Width and height, in pixels.

    Returns:
        The mask (height, width), bool.
    """
    mask = Image.new("1", tuple(size.tolist()))
    ImageDraw.Draw(mask).polygon([tuple(point) for point in points.tolist()], fill=1, outline=1)
    return np.asarray(mask)


def _replace_in_page(line: ElementTree.Element, text: str) -> None:
    for part in _found(line, "Word") + _found(line, "Glyph"):
        _exchange(part, ("TextEquiv",))
    new = ElementTree.Element(_like(line, "TextEquiv"))
    ElementTree.SubElement(new, _like(line, "Unicode")).text = text
    _exchange(line, ("TextEquiv",), new, before=("TextStyle", "UserDefined", "Labels"))


def _replace_in_alto(line: ElementTree.Element, text: str) -> None:
    box = {side: line.get(side, "") for side in _BOX}
    outline = _alto_outline(line, line.get("ID", ""))
    if outline and not all(box.values()):
        (left, top), (right, bottom) = (tuple(map(side, zip(*outline, strict=True))) for side in (min, max))
        box = dict(zip(_BOX, (f"{value:g}" for value in (left, top, right - left, bottom - top)), strict=True))
    known = {side: value for side, value in box.items() if value}
    new = ElementTree.Element(_like(line, "String"), {**known, "CONTENT": text})
    _exchange(line, ("String", "SP", "HYP"), new)


def _like(element: ElementTree.Element, name: str) -> str:
    """Return the name of a new element in the namespace of another."""
    prefix, colon, _ = element.tag.rpartition(":")
    return prefix + colon + name


def _exchange(
    parent: ElementTree.Element,
    names: Collection[str],
    new: ElementTree.Element | None = None,
    before: Collection[str] = (),
) -> None:
    """Remove the children of some kinds, and insert another one, before those of other kinds; all stay indented."""
    ending = parent[-1].tail if len(parent) else parent.text
    for child in _children(parent, *names):
        parent.remove(child)
    if new is not None:
        place = min((place for place, child in enumerate(parent) if kind(child) in before), default=len(parent))
        new.tail = parent.text
        if place:
            parent[place - 1].tail = parent.text
        parent.insert(place, new)
    if len(parent):
        parent[-1].tail = ending
