"""Films that are read with the labels of their frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...media.errors import MediaError
from ...media.films.pictures import FrameFolder
from ..frames.film_frames import read_film
from ..pipeline.family import Item, Record
from .frame_labels import FLAGS, flags_of


def read_labelled(root: Path, item: Item, size: tuple[int, int], pictures_fps: float, least: int) -> Record:
    """Return a film as `read_film` gives it, with `flags`, which of its frames are abnormal, (frames,) uint8.

    Raises:
        MediaError: It cannot be read, has fewer frames than the `least` number, or labels of another number.
    """
    film = read_film(root / item.name, None, size, None, pictures_fps)
    if (there := len(film["video"])) < least:
        raise MediaError(f"has {there} frame{'s' * (there > 1)}; needed: {least}, for one clip")
    labels = {FLAGS: _of_masks(root / item.others[0])} if item.others else item.target or {}
    return {**film, "flags": flags_of(labels, there, film["starts"]).astype(np.uint8)}


def _of_masks(folder: Path) -> list[int]:
    """Return for each picture of a folder, in order, whether anything in it is not black."""
    return [int(moment.frame.to_ndarray().any()) for moment in FrameFolder(folder, 1.0).moments()]
