"""Files of transcribed pages: which there are, which picture each is of, and both opened once for all their lines."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ...console.cores import num_cores
from ...media.endings import IMAGES
from ...media.errors import MediaError
from ...media.pages import NoPageError, Page, PageLine, read_page
from ..pipeline.finding import files_ending, state_of

if TYPE_CHECKING:
    import numpy as np

PAGES = (".xml",)
"""How names of files with transcribed pages end."""
_OPEN = min(1 + num_cores(), 8)  # pages at a time: threads may be busy with the lines of one each
T = TypeVar("T")


class OpenPage(NamedTuple):
    """A page with the pixels that its lines are cut out of."""

    lines: tuple[PageLine, ...]
    grey: np.ndarray
    """Its picture (H, W), uint8."""


def opened_once(read: Callable[[str], T]) -> Callable[[str], T]:
    """Return what reads files, each once for all who ask for it in a row, in whatever thread; few stay in memory."""
    kept, lock = lru_cache(_OPEN)(read), Lock()

    def get(name: str) -> T:
        with lock:
            return kept(name)

    return get


def pages_below(folder: Path) -> dict[Path, Page | MediaError]:
    """Return the transcribed pages below a folder, in order, and why a page cannot be read; other XML is left out."""
    pages: dict[Path, Page | MediaError] = {}
    for file in files_ending(folder, PAGES):
        try:
            pages[file] = _known_page(file, state_of(file))
        except NoPageError:  # such as the METS file of a whole book
            continue
        except MediaError as error:
            pages[file] = error
    return pages


@lru_cache(4096)
def _known_page(file: Path, state: tuple[int, int] | None) -> Page:
    """Read a page without its outlines, which take most of its memory; again, where the file has changed."""
    del state
    page = read_page(file)
    return page._replace(lines=tuple(line._replace(polygon=()) for line in page.lines))


def pictures_below(folder: Path) -> Mapping[str, Sequence[Path]]:
    """Return all image files below a folder by their bare names."""
    found: dict[str, list[Path]] = defaultdict(list)
    for file in files_ending(folder, IMAGES):
        found[file.name].append(file)
    return found


def find_picture(file: Path, page: Page, below: Mapping[str, Sequence[Path]] | None = None) -> Path:
    """Return the picture of a page.

    The name that the page gives counts from its own folder, or from the one around it; its last part alone may stand in
    both, or below the root.

    Args:
        file: The page's XML file.
        page: What it holds.
        below: Image files below the root, by their bare names; None: there is no root.

    Raises:
        MediaError: It is not there, or nobody knows which one it is.
    """
    name = PurePosixPath(page.picture.replace("\\", "/"))
    if not name.name:
        raise MediaError("names no picture; expected the name of the page's image file (imageFilename, or fileName)")
    folders = (file.parent, file.parent.parent)
    for place in [folder / one for one in (name, name.name) for folder in folders]:
        if _is_around(place, folders[1]) and place.is_file():
            return place
    found = (below or {}).get(name.name, ())
    if len(found) > 1:
        raise MediaError(f"its picture {name.name} is in {len(found)} places, {found[0]} and {found[1]}; keep one")
    if not found:
        root = "" if below is None else ", nor below the root"
        raise MediaError(
            f"its picture {page.picture} is neither in {folders[0]} nor in {folders[1]}{root}; expected it there: copy "
            "it, or mend its name in the XML"
        )
    return found[0]


def _is_around(place: Path, folder: Path) -> bool:
    """Say whether a path stays below a folder: a page may come from a stranger, and name any file."""
    return Path(os.path.normpath(place)).is_relative_to(os.path.normpath(folder))


def pages_and_lines(folder: Path) -> list[Path]:
    """Return all pages and pictures of lines below a folder, in order; a page's XML stands for its picture."""
    pages = pages_below(folder)
    below, of_pages = pictures_below(folder), set()
    for file, page in pages.items():
        with suppress(MediaError):
            if isinstance(page, Page):
                of_pages.add(find_picture(file, page, below))
    lines = {file for files in below.values() for file in files} - of_pages
    return sorted([*pages, *lines])


def open_page(file: Path, below: Mapping[str, Sequence[Path]] | None = None) -> OpenPage:
    """Read a page and its picture; arguments and errors are those of `find_picture`, and what cannot be read."""
    from ...media.images import read_grey

    page = read_page(file)
    picture = find_picture(file, page, below)
    try:
        grey = read_grey(picture)
    except MediaError as error:
        raise MediaError(f"its picture {picture} {error}") from None
    height, width = grey.shape
    if page.size and page.size != (width, height):
        raise MediaError(
            f"was transcribed on a picture of {page.size[0]} x {page.size[1]} pixels (width x height), but {picture} "
            f"has {width} x {height}; expected the very picture that was transcribed"
        )
    return OpenPage(page.lines, grey)
