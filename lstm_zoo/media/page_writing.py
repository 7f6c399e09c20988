"""Transcribed pages given new texts, PAGE-XML and ALTO."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from xml.etree import ElementTree

from ..console.text import did_you_mean
from .errors import MediaError
from .pages import ALTO, BOX, alto_outline, named_lines, root_of
from .xml_files import children, found, kind, parse_xml

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
    root = root_of(document)
    lines = named_lines(root)
    replace = _replace_in_alto if kind(root) == ALTO else _replace_in_page
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


def _replace_in_page(line: ElementTree.Element, text: str) -> None:
    for part in found(line, "Word") + found(line, "Glyph"):
        _exchange(part, ("TextEquiv",))
    new = ElementTree.Element(_like(line, "TextEquiv"))
    ElementTree.SubElement(new, _like(line, "Unicode")).text = text
    _exchange(line, ("TextEquiv",), new, before=("TextStyle", "UserDefined", "Labels"))


def _replace_in_alto(line: ElementTree.Element, text: str) -> None:
    box = {side: line.get(side, "") for side in BOX}
    outline = alto_outline(line, line.get("ID", ""))
    if outline and not all(box.values()):
        (left, top), (right, bottom) = (tuple(map(side, zip(*outline, strict=True))) for side in (min, max))
        box = dict(zip(BOX, (f"{value:g}" for value in (left, top, right - left, bottom - top)), strict=True))
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
    for child in children(parent, *names):
        parent.remove(child)
    if new is not None:
        place = min((place for place, child in enumerate(parent) if kind(child) in before), default=len(parent))
        new.tail = parent.text
        if place:
            parent[place - 1].tail = parent.text
        parent.insert(place, new)
    if len(parent):
        parent[-1].tail = ending
