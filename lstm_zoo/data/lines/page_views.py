"""A page as a network's input: its lines, one by one, and what is made of the answers to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...console.visible import tell
from ...contracts import InputError, Part, Result, Views
from ...media.errors import MediaError
from ...media.line_cutting import cut_line
from ...media.page_writing import with_text
from ..pipeline.family import mean
from .page_files import open_page

if TYPE_CHECKING:
    import numpy as np


def page_views(file: Path, show: Callable[[np.ndarray], Views]) -> Views:
    """Return the lines of a page, whether they are transcribed or not; a line that cannot be shown tells why.

    Args:
        file: PAGE-XML or ALTO, its picture beside it or in the folder around.
        show: Returns the views of a line that was cut out, (h, w) uint8, or raises a MediaError.

    Raises:
        InputError: The page or its picture cannot be read.
    """
    try:
        page = open_page(file)
    except MediaError as error:
        raise InputError("", f"{file}: {error}") from None

    def parts() -> Iterator[Part]:
        for line in page.lines:
            about, views = {"name": line.name}, None
            try:
                views = show(cut_line(page.grey, line.polygon))
            except MediaError as error:
                about["error"] = str(error)
            yield Part(about, line.name, views)

    return Views({}, mean, parts=parts(), parts_name="lines", files=lambda answers: _files(file, answers))


def _files(file: Path, answers: Sequence[tuple[Part, Result | None]]) -> dict[str, bytes]:
    """Return the page's text, a line each (empty where none could be read), and its XML with the texts in."""
    texts = {part.about["name"]: result.answer for part, result in answers if result}
    files = {"text.txt": "".join(f"{texts.get(part.about['name'], '')}\n" for part, _ in answers).encode()}
    try:
        files["page.xml"] = with_text(file, texts)
    except MediaError as error:
        tell(f"{file}: {error}; no XML is written")
    return files
