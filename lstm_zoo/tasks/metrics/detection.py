"""Figures of detection: how well scores tell abnormal frames from normal ones, whatever the threshold, and at one.

Areas are exact: of ranks, ties counted half, not of some thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np


class FilmOfScores(NamedTuple):
    """The scores of a whole film."""

    name: str
    fps: float
    """Frames a second."""
    scores: np.ndarray
    """(frames,); NaN where there is none."""
    smoothed: np.ndarray
    """Their running means."""
    flags: np.ndarray
    """Which frames are abnormal, (frames,) bool."""

    @property
    def scored(self) -> np.ndarray:
        """Which frames have a score, (frames,) bool."""
        return ~np.isnan(self.scores)


def area_under_roc(scores: np.ndarray, flags: np.ndarray) -> float:
    """Return the share of pairs of an abnormal and a normal frame in which the abnormal one has the higher score.

    Args:
        scores: (n,) float, none NaN.
        flags: Which are abnormal, (n,) bool.

    Returns:
        Ties count half; NaN where there are no such pairs.
    """
    abnormal = int(flags.sum())
    normal = len(flags) - abnormal
    if not abnormal or not normal:
        return float("nan")
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # of each value, the mean of those that its frames share
    return float((ranks[place][flags].sum() - abnormal * (abnormal + 1) / 2) / (abnormal * normal))


def average_precision(scores: np.ndarray, flags: np.ndarray) -> float:
    """Return the mean precision over all thresholds, weighted by the recall that each adds; NaN: nothing is abnormal.

    Args:
        scores: (n,) float, none NaN.
        flags: Which are abnormal, (n,) bool.
    """
    if not flags.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(flags[order])
    last = np.append(np.diff(scores[order]) != 0, True)  # of the frames that share a score
    precision, recall = (found / np.arange(1, len(found) + 1))[last], (found / found[-1])[last]
    return float(np.sum(precision * np.diff(recall, prepend=0)))


def smoothed(scores: np.ndarray, share: float) -> np.ndarray:
    """Return exponential means of scores over time that look at no later frame, (n,).

    Args:
        scores: Of the frames of one film, in order, (n,); where one is NaN, so is its mean, and the others go on.
        share: Weight of the frame itself, in (0, 1]; 1 smooths nothing.
    """
    found, mean = np.full(len(scores), np.nan), np.nan
    for number in np.flatnonzero(~np.isnan(scores)):
        found[number] = mean = running_mean(mean, scores[number], share)
    return found


def running_mean(before: float, score: float, share: float) -> float:
    """Return the exponential mean at a frame with a score, by that before it; NaN: this is the first score."""
    return score if np.isnan(before) else before + share * (score - before)


class Event(NamedTuple):
    """A run of frames whose scores are above a threshold."""

    first: int
    """Number of its first frame, from 0."""
    end: int
    """That of the first one behind it."""
    peak: int
    """That of the one with the highest score."""


def events(scores: np.ndarray, threshold: float) -> list[Event]:
    """Return the runs of frames whose scores are above a threshold; frames without a score (NaN) are not."""
    with np.errstate(invalid="ignore"):
        above = np.concatenate([[0], scores > threshold, [0]]).astype(int)
    changes = np.flatnonzero(np.diff(above)).reshape(-1, 2)
    return [Event(int(a), int(b), int(a + np.argmax(scores[a:b]))) for a, b in changes]


def threshold_at(films: Sequence[np.ndarray], seconds: float, alarms_an_hour: float) -> float:
    """Return the lowest threshold at which normal films raise so few alarms, an alarm being an event.

    Args:
        films: Scores of the frames of normal films, (n,) each.
        seconds: How long all of them last.
        alarms_an_hour: How many are allowed.
    """
    allowed = int(alarms_an_hour * seconds / 3600)
    values = np.unique(np.concatenate([one[~np.isnan(one)] for one in films]))[::-1]
    for value, lower in pairwise(values):  # from above: lower still, alarms may grow together
        if sum(len(events(one, lower)) for one in films) > allowed:
            return float(value)
    return float(values[-1])
