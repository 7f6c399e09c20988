"""A film as a network's input: a clip for each of its frames, made when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...contracts import PLACES, SCORE, Outputs, Views
from ..pipeline.family import Record
from .family import FilmStretches, Stretch


class _Clips(Sequence[np.ndarray]):
    """The clips that end with each frame of a film; few of its frames are decoded at a time."""

    def __init__(self, family: FilmStretches, film: Record):
        self._family, self._film = family, film
        self._held = Stretch(0, 0, 0)
        self._pixels = np.empty(0, np.uint8)

    def __len__(self) -> int:
        return max(len(self._film["video"]) - self._family.span, 0)

    def __getitem__(self, number: int) -> np.ndarray:  # type: ignore[override]
        if not 0 <= number < len(self):
            raise IndexError(number)
        last = number + self._family.span
        if not self._held.first <= last < self._held.end:
            self._held = next(one for one in self._family.stretches_of(len(self._film["video"])) if last < one.end)
            self._pixels = self._family.pixels(self._film, self._held)
        at = last - self._held.begin
        return self._pixels[at - self._family.span : at + 1 : self._family.frame_step]


def film_views(film: Record, family: FilmStretches) -> Views:
    """Return a clip for each frame of a film that has enough before it; others have no score.

    Args:
        film: What was read of it: its frames (`video`), when they begin (`starts`), how many make a second (`fps`).
        family: How clips are cut out of it.
    """
    clips, num_frames = _Clips(family, film), len(film["video"])

    def merge(outputs: Iterator[Outputs]) -> Outputs:
        scores = np.full(num_frames, np.nan, np.float32)
        places = []
        for number, output in enumerate(outputs, family.span):
            scores[number] = output[SCORE]
            places.append(np.float16(output[PLACES]))
        return {SCORE: scores, PLACES: np.stack(places), "starts": film["starts"], "fps": film["fps"]}

    picture = family.pixels(film, Stretch(0, 0, num_frames))
    return Views({"clip": clips}, merge, picture, remarks=film["remarks"])
