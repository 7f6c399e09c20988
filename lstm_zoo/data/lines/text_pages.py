"""A folder of the user's own transcribed pages, PAGE-XML or ALTO beside their pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from ...contracts import InputError, UserPath
from ...media.errors import MediaError
from ...media.line_cutting import cut_line
from ...media.pages import Page
from ..pipeline.family import Item
from ..pipeline.finding import check_folder
from ..pipeline.splitting import DealtSplits, by_folder
from .page_files import find_picture, open_page, opened_once, pages_below, pictures_below
from .page_lines import PageLines

if TYPE_CHECKING:
    import numpy as np


class _Listing(NamedTuple):
    items: list[Item]
    untold: int
    """Lines without a text, which are none of the items."""
    pages: int


class TextPages(PageLines, DealtSplits):
    """Your own transcribed pages, PAGE-XML or ALTO beside their pictures; their lines are cut out."""

    kind: Literal["text_pages"] = "text_pages"
    root: UserPath
    """Folder that holds the pages' XML files, at any depth, and their pictures, in the same folders or the ones around
    them; folders train, val and test in it are the splits."""
    group: Literal["page", "none"] = "page"
    """What is never torn between two splits: `page`, all lines of a page; `none`, each line is dealt for itself."""

    def folder(self) -> Path:
        return self.root

    def listed(self) -> dict[str, list[Item]]:
        listing = self._listing()
        if not any(item.target for item in listing.items) and listing.untold:
            raise InputError(
                "data.root",
                f"none of the {listing.untold} lines below {self.root} has a text; expected transcribed pages "
                "(TextEquiv in PAGE-XML, CONTENT in ALTO); `lstmzoo predict` reads those of others",
            )
        try:
            return self.deal(by_folder(listing.items))
        except InputError as error:  # there are fewer pages than splits
            if self.group == "none":
                raise
            raise InputError(error.key, f"{error.message}; data.group=none parts the lines of a page") from None

    def _listing(self) -> _Listing:
        """Return the lines of all pages; a page that cannot be read is one, without a text."""
        check_folder(self.root)
        pages, below = pages_below(self.root), pictures_below(self.root)
        if not pages:
            raise InputError(
                "data.root", f"no pages below {self.root}; expected PAGE-XML or ALTO files (.xml) and their pictures"
            )
        items, untold, files = [], 0, {}
        for file, page in pages.items():
            name = file.relative_to(self.root).as_posix()
            group = name if self.group == "page" else ""
            try:
                page = _readable(page)
                picture = find_picture(file, page, below)
            except MediaError:  # whoever opens it will tell
                items.append(Item(name, None, group))
                continue
            if (other := files.setdefault(picture.resolve(), file)) != file:
                raise InputError(
                    "data.root",
                    f"{other} and {file} are both of {picture.name}; expected one file a page: name a folder with "
                    "one of them (that of PAGE-XML, where ALTO lies beside it)",
                )
            told = [line for line in page.lines if self.text.normalized(line.text or "")]
            items += [Item(f"{name}#{line.name}", line.text, group) for line in told]
            untold += len(page.lines) - len(told)
        return _Listing(items, untold, len(pages))

    def left_out(self) -> str:
        _, untold, pages = self._listing()
        return f"{untold} lines of its {pages} pages have no text and are left out" if untold else ""

    def files_behind(self, names: Sequence[str]) -> list[Path]:
        pages, below, files = pages_below(self.root), pictures_below(self.root), []
        for file in (self.root / name for name in names):
            files.append(file)
            with suppress(MediaError, KeyError):  # what cannot be read, or is no page any more, is told elsewhere
                files.append(find_picture(file, _readable(pages[file]), below))
        return files

    def cutter(self) -> Callable[[Item], np.ndarray]:
        below = pictures_below(self.root)
        page_of = opened_once(lambda name: open_page(self.root / name, below))

        def cut(item: Item) -> np.ndarray:
            lines, grey = page_of(self.file_of(item))
            name = item.name.rpartition("#")[2]
            return cut_line(grey, next(line.polygon for line in lines if line.name == name))

        return cut


def _readable(page: Page | MediaError) -> Page:
    if isinstance(page, MediaError):
        raise page
    return page
