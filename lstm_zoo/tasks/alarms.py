"""What is told of one film: its events, a table of scores, a curve, and the film with the map of scores laid over."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np

from ..contracts import PLACES, SCORE, Outputs, Result
from .metrics.detection import FilmOfScores, events, smoothed
from .metrics.threshold import Threshold
from .span import Span, counted, in_json

_MOST_OPAQUE = 0.6


def told(outputs: Outputs, picture: np.ndarray | None, threshold: Threshold, smoothing: float) -> Result:
    """Return the answer to a film.

    Args:
        outputs: Scores, (frames,); the maps of those that have one, (n, h, w); `starts` of the frames and `fps`.
        picture: The frames as the network sees them, (frames, H, W, C) uint8.
        threshold: Above it is an event.
        smoothing: Weight of a frame in the running mean.
    """
    means, starts = smoothed(outputs[SCORE], smoothing), np.append(outputs["starts"], np.nan)
    starts[-1] = starts[-2] + 1 / outputs["fps"]
    spans = [
        Span(starts[one.first], starts[one.end], starts[one.peak], means[one.peak])
        for one in events(means, threshold.score)
    ]
    told_of_each = [span.facts for span in spans]
    facts: dict[str, Any] = {**threshold.facts, "events": told_of_each, "highest": in_json(np.nanmax(means))}
    answer = threshold.missing if np.isnan(threshold.score) else counted(len(spans))
    film = FilmOfScores("", outputs["fps"], outputs[SCORE], means, np.zeros(len(means), bool))
    alarms = json.dumps(told_of_each, indent=2).encode()
    files = {"scores.csv": _table(outputs, means, threshold.score), "alarms.json": alarms}
    if picture is not None:
        files["film.mp4"] = _laid_over(picture, outputs[PLACES], outputs["fps"])

    def figure() -> Any:
        from .figures.score_curves import score_curves

        return score_curves([film], threshold.score)

    return Result(answer, facts, "\n".join([answer, *(span.text for span in spans)]), files, figure)


def _table(outputs: Outputs, means: np.ndarray, threshold: float) -> bytes:
    """Return score, running mean and alarm of each frame as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["frame", "seconds", "score", "smoothed", "alarm"])
    for number, (start, score, mean) in enumerate(zip(outputs["starts"], outputs[SCORE], means, strict=True)):
        alarm = "" if np.isnan(mean - threshold) else int(mean > threshold)
        known = ("", "") if np.isnan(score) else (f"{score:.7g}", f"{mean:.7g}")
        writer.writerow([number, f"{start:.3f}", *known, alarm])
    return text.getvalue().encode()


def _laid_over(frames: np.ndarray, places: np.ndarray, fps: float) -> bytes:
    """Return the film with the map of scores in red, as MP4; nothing below the median is."""
    from ..media.films.writing import mp4_of

    height, width = frames.shape[1:3]
    rows, columns = (
        np.arange(side) * cells // side for side, cells in zip((height, width), places.shape[1:], strict=True)
    )
    least, most = np.percentile(places.astype(np.float32), (50, 99.9))
    shown = np.broadcast_to(frames, (*frames.shape[:3], 3)).astype(np.uint8).copy()
    for frame, place in zip(shown[len(frames) - len(places) :], places, strict=True):
        opacity = np.clip((place.astype(np.float32) - least) / max(most - least, 1e-12), 0, 1) * _MOST_OPAQUE
        opacity = opacity[rows][:, columns, np.newaxis]
        frame[:] = frame * (1 - opacity) + np.array([255, 0, 0]) * opacity
    return mp4_of(shown, fps)
