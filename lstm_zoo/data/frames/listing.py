"""Which films there are, and which clips of arrays that hold several."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ...console.text import listed
from ...contracts import InputError
from ...media.endings import ARRAYS
from ...media.errors import MediaError
from ...media.films.clip_arrays import Order, layout_of
from ..pipeline.family import Item
from ..pipeline.splitting import Listing, by_folder
from .films_below import films_below

_CLIP = re.compile(r"@(\d+)$")


def list_films(root: Path, order: Order | None) -> Listing:
    """Return all films below a folder, or in one file, by the splits that their folders are called after.

    Raises:
        InputError: There are none; or an array does not tell which of its axes is time.
    """
    if root.is_file():
        return _listing([Item(root.name)], root.parent, order, [])
    names, masks = films_below(root)
    if not names:
        raise InputError(
            "data.root", f"no films in {root}; expected videos, arrays of frames, or folders of frames as pictures"
        )
    told = [f"folders of masks, left out: {listed(sorted(masks.values()))}"] if masks else []
    return _listing([Item(name) for name in names], root, order, told)


def clip_of(name: str) -> tuple[str, int | None]:
    """Return the file that a name is of, and which clip of it is meant; None: it is one."""
    found = _CLIP.search(name)
    return (name[: found.start()], int(found.group(1))) if found else (name, None)


def _listing(films: list[Item], folder: Path, order: Order | None, told: list[str]) -> Listing:
    items = [item for film in films for item in _clips(film, folder, order, told)]
    return Listing(by_folder(items), told)


def _clips(film: Item, folder: Path, order: Order | None, told: list[str]) -> Iterator[Item]:
    """Yield a film, or each of the clips of an array; what there is to say of it is added to what is told."""
    if Path(film.name).suffix.lower() not in ARRAYS:
        yield film
        return
    try:
        layout = layout_of(folder / film.name, order)
    except MediaError:
        yield film  # reading it will tell
        return
    told.extend(filter(None, [layout.remark]))
    digits = len(str(layout.num_clips - 1))
    for number in range(layout.num_clips):
        yield film if layout.num_clips == 1 else film._replace(name=f"{film.name}@{number:0{digits}d}")
