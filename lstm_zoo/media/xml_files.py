"""XML files as they are written: prefixes, comments and unknown parts stay when a file is written again."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

from ..console.text import first_line
from .errors import MediaError, content_of


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


def found(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """Return all elements of a kind, however deep."""
    return [one for one in element.iter() if kind(one) == name]


def children(element: ElementTree.Element, *names: str) -> list[ElementTree.Element]:
    """Return the children of some kinds."""
    return [child for child in element if kind(child) in names]


def _refuse_document_type(*_: object) -> NoReturn:
    """Refuse what entities are declared in: a few that name each other may unfold to gigabytes."""
    raise MediaError(
        "has a document type (<!DOCTYPE ...>), which may hide a bomb of entities; expected none: remove it"
    )
