"""Films below a folder, and the folders of masks beside some of them, as in UCSD's layout."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ..pipeline.finding import check_folder, unlinked
from ..videos.clip_files import clips_below

MASKS_ENDING = "_gt"
"""Behind the name of a film, the name of the folder of its masks: what is not black is abnormal."""


def films_below(root: Path, without: Collection[Path] = ()) -> tuple[list[str], dict[str, str]]:
    """Return the films below a folder, and by film the folders of masks, as paths from the folder on.

    Args:
        root: The folder.
        without: Files and folders in it, spelled as those in it, that hold no films.
    """
    check_folder(root)
    names = [film.relative_to(root).as_posix() for film in unlinked(clips_below(root, without))]
    known = set(names)
    masks = {name: name + MASKS_ENDING for name in names if name + MASKS_ENDING in known}
    films = known.difference(masks.values())
    return [name for name in names if name in films], masks
