"""Scores of the frames of films, stretch by stretch, and how well they tell abnormal frames from normal ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from ...console.text import listed, natural_order
from ...contracts import SCORE, Figures, Judge, Judged, Outputs, Pictures
from .detection import FilmOfScores, area_under_roc, average_precision, events, smoothed
from .threshold import THRESHOLD, Threshold


class _Stretch(NamedTuple):
    film: str
    first: int
    """Number of its first frame in the film."""
    fps: float
    scores: np.ndarray
    flags: np.ndarray


class FilmScores(Judge):
    """Judges the scores of stretches of films, in order.

    Args:
        smoothing: Weight of a frame in the running mean over a film.
        threshold: That of frames, if outputs bring none of their own.
    """

    def __init__(self, smoothing: float, threshold: Threshold):
        self._smoothing, self._threshold = smoothing, threshold
        self._stretches: list[_Stretch] = []

    def add(self, outputs: Outputs, judged: Judged) -> None:
        """Take the scores of the frames of a stretch, (n,)."""
        truth = judged.truth
        if THRESHOLD in outputs:
            self._threshold = Threshold(outputs[THRESHOLD])
        self._stretches.append(_Stretch(truth["film"], truth["first"], truth["fps"], outputs[SCORE], truth["flags"]))

    def films(self) -> list[FilmOfScores]:
        """Return the films in order, each put together from its stretches."""
        by_film: dict[str, list[_Stretch]] = defaultdict(list)
        for stretch in sorted(self._stretches, key=attrgetter("first")):
            by_film[stretch.film].append(stretch)
        found = []
        for name in natural_order(by_film):
            scores = np.concatenate([one.scores for one in by_film[name]])
            flags = np.concatenate([one.flags for one in by_film[name]])
            found.append(FilmOfScores(name, by_film[name][0].fps, scores, smoothed(scores, self._smoothing), flags))
        return found

    def scores(self) -> dict[str, Any]:
        """Return the area under the curve of all frames together, a mean over films, and what a threshold does.

        Scores are compared as they are. `auc_stretched` stretches those of each film to 0..1 first, as many papers do:
        it knows the whole film, and no live video can be judged so.
        """
        films = self.films()
        values, flags = (np.concatenate(of) for of in zip(*(_of(film) for film in films), strict=True))
        told: dict[str, Any] = {"examples": len(self._stretches), "films": len(films), "frames": len(values)}
        missing = sum(int((~film.scored).sum()) for film in films)
        remarks = [f"{missing} frames have no score: too few frames are before them"] if missing else []
        if flags.any() and not flags.all():
            told |= {"auc": area_under_roc(values, flags), "average_precision": average_precision(values, flags)}
            told |= {"auc_stretched": area_under_roc(np.concatenate([_stretched(film) for film in films]), flags)}
            more, said = _over_films(films)
            told, remarks = told | more, [*remarks, *said]
        else:
            remarks.append(f"all frames are {'abnormal' if flags.any() else 'normal'}: there is no area under a curve")
        if np.isnan(self._threshold.score):
            remarks.append(self._threshold.missing)
        else:
            told["at_threshold"] = found = _at(self._threshold.score, films)
            remarks.append(_in_words(found))
        return {**told, **({"remarks": remarks} if remarks else {})}

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the first frame of each stretch, how many are abnormal, and its highest score."""
        for one in self._stretches:
            highest = np.nanmax(one.scores) if not np.isnan(one.scores).all() else np.nan
            yield {
                "first_frame": one.first,
                "frames": len(one.scores),
                "abnormal": int(one.flags.sum()),
                "highest": f"{highest:.6g}",
            }

    def figures(self, pictures: Pictures) -> Figures:
        """Yield the scores of each film over time."""
        from ..figures.score_curves import score_curves

        del pictures
        yield "Scores over time", "scores", score_curves(self.films(), self._threshold.score)


def _of(film: FilmOfScores) -> tuple[np.ndarray, np.ndarray]:
    return film.smoothed[film.scored], film.flags[film.scored]


def _stretched(film: FilmOfScores) -> np.ndarray:
    values, _ = _of(film)
    return (values - values.min()) / np.ptp(values) if np.ptp(values) else values


def _over_films(films: Sequence[FilmOfScores]) -> tuple[dict[str, Any], list[str]]:
    """Return the mean of the areas of films that hold both kinds of frames, and which do not."""
    areas = {film.name: area_under_roc(*_of(film)) for film in films}
    both = {name: area for name, area in areas.items() if not np.isnan(area)}
    if not both:
        return {}, []
    others = [name for name in areas if name not in both]
    plural = "s" * (len(both) != 1)
    remark = (
        f"auc_of_films is a mean over {len(both)} film{plural}; of one kind of frames alone are {listed(others, 12)}"
    )
    return {"auc_of_films": float(np.mean(list(both.values()))), "films_of_both_kinds": len(both)}, [remark] * bool(
        others
    )


def _at(threshold: float, films: Sequence[FilmOfScores]) -> dict[str, float]:
    """Return what a threshold does: false alarms an hour of normal frames, and shares of what it finds."""
    alarms, hours, found, abnormal, runs, caught = 0, 0.0, 0, 0, 0, 0
    for film in films:
        above = np.nan_to_num(film.smoothed, nan=-np.inf) > threshold
        spans = events(film.flags.astype(float), 0.5)
        alarms += sum(not film.flags[one.first : one.end].any() for one in events(film.smoothed, threshold))
        hours += float((~film.flags).sum()) / film.fps / 3600
        found, abnormal = found + int((above & film.flags).sum()), abnormal + int(film.flags.sum())
        runs, caught = runs + len(spans), caught + sum(bool(above[one.first : one.end].any()) for one in spans)
    told = {THRESHOLD: threshold, **({"false_alarms_an_hour": alarms / hours} if hours else {})}
    return told | ({"frames_found": found / abnormal, "events_found": caught / runs} if abnormal else {})


def _in_words(found: Mapping[str, float]) -> str:
    told = [f"{name.replace('_', ' ')} {value:.3g}" for name, value in found.items() if name != THRESHOLD]
    return f"above the threshold {found[THRESHOLD]:.4g}: {', '.join(told)}"
