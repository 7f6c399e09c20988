"""Prefix beam search: the most probable text, over all of its paths, with a language model beside the network.

Graves, "Supervised Sequence Labelling with Recurrent Neural Networks", 2012; Hannun et al., 2014, 1408.2873.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from .character_model import CharacterModel
from .reading import Letter, Reading


class _Prefix:
    """A text that may grow into the answer; equal texts are one object, so that each is scored once."""

    __slots__ = ("children", "last", "letters", "score", "text")

    def __init__(self, letters: tuple[int, ...], text: str, score: float):
        """Keep the classes, the text they spell and its score apart from the network's outputs."""
        self.letters, self.text, self.score = letters, text, score
        self.last = letters[-1] if letters else -1
        self.children: dict[int, _Prefix] = {}


class _Kept(NamedTuple):
    """A prefix that is still followed."""

    prefix: _Prefix
    ended: float
    """Probability of its paths that end in a blank."""
    spoken: float
    """Probability of its paths that end in its last letter."""
    standing: float
    """Its score beside the best one's, as a ratio of probabilities in [0, 1]."""


_Paths = dict[_Prefix, list[float]]
"""Probabilities of the paths to each prefix, as [those that end in a blank, those that end in its last letter]."""


def beam(
    log_probabilities: np.ndarray,
    alphabet: Sequence[str],
    *,
    width: int = 10,
    least: float = 1e-3,
    language: CharacterModel | None = None,
    weight: float = 0.3,
    bonus: float = 0.6,
) -> Reading:
    """Read the text of the highest `log P + weight * log P_language + bonus * letters`.

    The line's confidence is P: what the network alone gives the text, over the paths that were kept.

    Args:
        log_probabilities: Natural logarithms, (S, K + 1); the last class is the blank.
        alphabet: The letters of the other K classes.
        width: Prefixes that are kept at each step.
        least: A letter of less probability does not occur at a step, and a prefix that scores less beside the best,
            as a ratio, is given up. 0: all are followed that the width allows.
        language: What is known of the language; None: P decides alone, without weight and bonus.
        weight: How much the language counts.
        bonus: What each letter adds, as a language model finds longer texts less probable.
    """

    def grow(prefix: _Prefix, letter: int) -> _Prefix:
        text, score = alphabet[letter], prefix.score
        if language is not None:
            score += weight * language.log_probability(prefix.text, text) + bonus
        child = prefix.children[letter] = _Prefix((*prefix.letters, letter), prefix.text + text, score)
        return child

    outputs = np.maximum(np.asarray(log_probabilities, np.float64), -1e3)  # -inf has no differences
    best, confidence = _found(outputs, width, least, grow)
    letters = []
    for number, (start, end) in zip(best.letters, _places(outputs, best.letters), strict=True):
        surest = math.exp(min(outputs[start:end, number].max(), 0.0))
        letters.append(Letter(alphabet[number], start, end, surest))
    return Reading(tuple(letters), min(confidence, 1.0))


def _found(
    outputs: np.ndarray, width: int, least: float, grow: Callable[[_Prefix, int], _Prefix]
) -> tuple[_Prefix, float]:
    """Return the best text and the probability of its paths."""
    probabilities = np.exp(outputs)
    likely = probabilities[:, :-1] >= least
    log_scale = float(outputs[~likely.any(axis=1), -1].sum())  # steps of blanks alone multiply all paths alike
    blanks = probabilities[:, -1].tolist()
    heard: dict[int, dict[int, float]] = {}  # probabilities of the likely letters, at each step that has any
    rows, columns = np.nonzero(likely)
    for row, column, chance in zip(rows.tolist(), columns.tolist(), probabilities[rows, columns].tolist(), strict=True):
        heard.setdefault(row, {})[column] = chance
    kept, before = [_Kept(_Prefix((), "", 0.0), 1.0, 0.0, 1.0)], -1
    for step, chances in heard.items():
        if step > before + 1:  # the blanks between end all letters
            kept = [_Kept(prefix, ended + spoken, 0.0, standing) for prefix, ended, spoken, standing in kept]
        kept, scale = _best(_extended(kept, chances, blanks[step], least, grow), width, least)
        log_scale += math.log(scale)
        before = step
    return kept[0].prefix, math.exp(log_scale)


def _extended(
    kept: list[_Kept], chances: dict[int, float], blank: float, least: float, grow: Callable[[_Prefix, int], _Prefix]
) -> _Paths:
    """Return the prefixes a step later: as they were, and longer by each letter that is likely there."""
    paths = {
        prefix: [(ended + spoken) * blank, spoken * chances.get(prefix.last, 0.0)] for prefix, ended, spoken, _ in kept
    }
    for prefix, ended, spoken, standing in kept:
        for letter, chance in chances.items():
            # The same letter again is a second one only after a blank.
            reached = (ended if letter == prefix.last else ended + spoken) * chance
            if not reached or chance * standing < least:
                continue  # most would be given up at once: they are not worth asking the language
            child = prefix.children.get(letter) or grow(prefix, letter)
            if (known := paths.get(child)) is None:
                paths[child] = [0.0, reached]
            else:
                known[1] += reached
    return paths


def _best(paths: _Paths, width: int, least: float) -> tuple[list[_Kept], float]:
    """Return the prefixes of the highest scores, and the best one's probability, by which all were divided."""
    ranked = []
    for prefix, (ended, spoken) in paths.items():
        if total := ended + spoken:
            ranked.append((math.log(total) + prefix.score, prefix, ended, spoken))
    ranked.sort(key=itemgetter(0), reverse=True)
    highest, _, ended, spoken = ranked[0]
    scale = ended + spoken  # products of hundreds of probabilities would leave the range of floats
    kept = []
    for score, prefix, ended, spoken in ranked[:width]:
        if (standing := math.exp(score - highest)) >= least:
            kept.append(_Kept(prefix, ended / scale, spoken / scale, standing))
    return kept, scale


def _places(outputs: np.ndarray, letters: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return the steps [start, end) of each letter on the most probable path that spells them (Viterbi).

    It goes letter by letter, not step by step: a stretch of one class is a difference of two sums, so that the best
    start for every end is a running maximum.
    """
    edge = np.zeros((1, len(letters) + 1))
    sums = np.concatenate([edge, np.cumsum(outputs[:, [*letters, -1]], axis=0)]).T  # (letters + 1, S + 1)
    blanks = sums[-1]
    best = blanks  # log-probability of all before a letter, by the step at which it starts, (S + 1,)
    starts, ends = [], []
    for letter, following, spoken in zip(letters, (*letters, -1)[1:], sums[:-1], strict=True):
        starts.append(best - spoken)
        ends.append(_highest_before(starts[-1], gap=1) + spoken - blanks)
        best = _highest_before(ends[-1], gap=int(letter == following)) + blanks  # a blank parts equal letters
    places, until = [], len(blanks)
    for number in reversed(range(len(letters))):
        end = int(ends[number][:until].argmax())
        start = int(starts[number][:end].argmax())
        until = start + 1 - (number > 0 and letters[number - 1] == letters[number])
        places.append((start, end))
    return places[::-1]


def _highest_before(values: np.ndarray, gap: int) -> np.ndarray:
    """Return the highest of the values at least `gap` places before each; 0 counts its own, 1 does not."""
    highest = np.maximum.accumulate(values)
    return np.concatenate([[-np.inf], highest[:-1]]) if gap else highest
