"""Sentences about drawn scenes: how they are written, and whether one is true."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...contracts import Judge, Judged, Outputs
from ...contracts.words import words_of

SIZES = ("large", "small")
COLOURS = {
    "red": (210, 50, 45),
    "green": (60, 165, 75),
    "blue": (60, 95, 215),
    "yellow": (235, 205, 60),
}
SHAPES = ("circle", "square", "triangle")
RELATIONS = {
    "above": ("above", "over"),
    "below": ("below", "under"),
    "left": ("left of", "to the left of"),
    "right": ("right of", "to the right of"),
}
_OPENINGS = ("", "here ", "in the picture ")
_VERBS = ("is", "lies", "sits")
CLEAR = 1.4
"""Least ratio of the longer to the shorter axis of the way between two objects: it decides their relation."""


@dataclass(frozen=True)
class Thing:
    """One drawn object."""

    size: str
    colour: str
    shape: str
    box: tuple[float, float, float, float]
    """Left, top, right, bottom as shares of the picture's side."""

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box, (x, y)."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2


def relation(one: Thing, other: Thing) -> str | None:
    """Return where one thing lies as seen from another; None where neither axis is clearly the longer one."""
    x, y = (a - b for a, b in zip(one.centre, other.centre, strict=True))
    if max(abs(x), abs(y)) < CLEAR * min(abs(x), abs(y)):
        return None
    if abs(x) > abs(y):
        return "left" if x < 0 else "right"
    return "above" if y < 0 else "below"


def write_caption(things: Sequence[Thing], random: np.random.Generator) -> str:
    """Return a sentence about a scene of two or three things that names all of them; others are paraphrases of it.

    The first thing named follows from the scene (large before small, then colours and shapes by alphabet): attention
    knows the state before the last word only, so it can be asked to look at what follows by rule, not by chance.
    """
    subject, *others = sorted(things, key=lambda thing: (SIZES.index(thing.size), thing.colour, thing.shape))
    clauses = [f"{_phrase(relation(subject, other), random)} {_noun(other)}" for other in others]
    return f"{pick(_OPENINGS, random)}{_noun(subject)} {pick(_VERBS, random)} {' and '.join(clauses)}"


def _noun(thing: Thing) -> str:
    return f"a {thing.size} {thing.colour} {thing.shape}"


def _phrase(relation: str | None, random: np.random.Generator) -> str:
    assert relation is not None, "scenes are drawn so that every relation is clear"
    return pick(RELATIONS[relation], random)


def pick(choices: Sequence[str], random: np.random.Generator) -> str:
    """Return one of some texts; `Generator.choice` does the same in ten times the time."""
    return choices[int(random.integers(len(choices)))]


_RELATION_OF = {phrase: name for name, phrases in RELATIONS.items() for phrase in phrases}
_THING = rf"a ({'|'.join(SIZES)}) ({'|'.join(COLOURS)}) ({'|'.join(SHAPES)})"
_CLAUSE = rf"({'|'.join(_RELATION_OF)}) {_THING}"
_SENTENCE = re.compile(rf"(?:{'|'.join(_OPENINGS)}){_THING} (?:{'|'.join(_VERBS)}) {_CLAUSE}(?: and {_CLAUSE})?")


def is_right(caption: str, things: Sequence[Thing]) -> bool:
    """Say whether a caption names every thing of a scene, with its size, colour, shape and relation, and no other."""
    found = _SENTENCE.fullmatch(caption)
    if not found:
        return False
    said = [word for word in found.groups() if word is not None]
    named = [_named(said[:3], things)] + [_named(said[at + 1 : at + 4], things) for at in range(3, len(said), 4)]
    relations = [_RELATION_OF[said[at]] for at in range(3, len(said), 4)]
    if None in named or len(named) != len(things) or len(set(named)) != len(named):
        return False
    subject, *others = (things[index] for index in named if index is not None)
    return all(relation(subject, other) == said for other, said in zip(others, relations, strict=True))


def _named(words: Sequence[str], things: Sequence[Thing]) -> int | None:
    """Return the number of the thing that three words name: size, colour, shape."""
    return next((n for n, one in enumerate(things) if [one.size, one.colour, one.shape] == list(words)), None)


def named_things(words: Sequence[str], things: Sequence[Thing]) -> list[tuple[int, Thing | None]]:
    """Return where a caption's words name a thing (the place of the shape's word), and which thing it is, if any."""
    found = []
    for place, word in enumerate(words):
        if word in SHAPES:
            before = words[max(place - 2, 0) : place]
            index = _named([*before, word], things)
            found.append((place, None if index is None else things[index]))
    return found


def to_json(things: Sequence[Thing]) -> str:
    """Return a scene as text."""
    return json.dumps([asdict(thing) for thing in things])


def from_json(text: str) -> list[Thing]:
    """Return the scene of a text."""
    return [Thing(**{**fields, "box": tuple(fields["box"])}) for fields in json.loads(text)]


class SceneJudge(Judge):
    """Counts captions that are right, and words at which attention peaks in the box of the thing that they name.

    Args:
        vocabulary: The words, in the order of their numbers.
    """

    def __init__(self, vocabulary: Sequence[str]):
        self._vocabulary = vocabulary
        self._right: list[bool] = []
        self._hits: list[bool] | None = None

    def add(self, outputs: Outputs, judged: Judged) -> None:
        """Take a caption's words, (T,), and maybe the attention at each, (T, L), for a square grid of regions."""
        words, things = words_of(outputs["words"], self._vocabulary), from_json(judged.notes)
        self._right.append(is_right(" ".join(words), things))
        attention = outputs.get("attention")
        if attention is not None:
            self._hits = self._hits or []
            for place, thing in named_things(words, things):
                self._hits.append(thing is not None and _inside(peak_of(attention[place]), thing.box))

    def scores(self) -> dict[str, Any]:
        """Return the shares `right`, and with attention `looks_right`.

        The latter is out of all words that name a thing; one that is not in the picture counts as missed.
        """
        scores = {"right": float(np.mean(self._right))}
        if self._hits is not None:
            scores["looks_right"] = float(np.mean(self._hits)) if self._hits else 0.0
        return scores


def peak_of(weights: np.ndarray) -> tuple[float, float]:
    """Return the middle of the region with the greatest weight, (x, y) as shares of the side; weights are (L,)."""
    grid = round(len(weights) ** 0.5)
    row, column = divmod(int(weights.argmax()), grid)
    return (column + 0.5) / grid, (row + 0.5) / grid


def _inside(point: tuple[float, float], box: tuple[float, float, float, float]) -> bool:
    left, top, right, bottom = box
    return left <= point[0] <= right and top <= point[1] <= bottom
