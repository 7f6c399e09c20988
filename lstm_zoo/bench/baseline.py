"""An earlier run beside this one: which of our contenders have become slower, or faster, by more than noise."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import comb
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any, NamedTuple

from ..contracts import InputError
from .row import is_ours

LEVEL = 0.005
"""How often rounds of equal speed may by chance lie as far apart as those of a change."""
LEAST = 0.05
"""Smallest change: by a few percent times of equal work differ from one process to the next."""
FEWEST = 5
"""Rounds, of both runs, below which not even the clearest order is rarer than `LEVEL`: 1 of 70 for 4 and 4."""

Rows = Sequence[Mapping[str, Any]]


class Change(NamedTuple):
    """One of our contenders in two runs."""

    row: str
    contender: str
    before: float
    """Seconds a unit, the median of the rounds."""
    now: float
    verdict: str
    """`slower`, `faster` or `alike`."""


def opened(file: Path, measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return an earlier run that can be compared with one that begins.

    Args:
        file: What `--to` wrote.
        measured: What is known of the run that begins: `machine`, `backend`, `rounds`, `quick`, `videos`.

    Raises:
        InputError: There is no such file, it is none of `--to`, it is of another machine, backend, size or videos, or
            one of the two has too few rounds.
    """
    if not file.is_file():
        raise InputError("", f"--baseline {file}: no such file; expected one that lstmzoo bench --to wrote")
    try:
        before = json.loads(file.read_text(encoding="utf-8"))
        here = _circumstances(measured)
        there = _circumstances(before)
        rows = [len(one["rounds"]) for row in before["rows"] for one in row["contenders"].values() if "rounds" in one]
    except (ValueError, KeyError, TypeError, AttributeError):
        message = f"--baseline {file}: no measurements of lstmzoo bench; expected a file that --to wrote"
        raise InputError("", message) from None
    if other := [f"{name} {there[name]} there, {here[name]} here" for name in here if there[name] != here[name]]:
        message = f"--baseline {file}: cannot be compared: {'; '.join(other)}. Measure a baseline here, with --to"
        raise InputError("", message)
    if not measured["quick"] and (fewest := min([measured["rounds"], *rows])) < FEWEST:
        message = f"--baseline {file}: {fewest} rounds tell nothing; expected --rounds {FEWEST} or more in both runs"
        raise InputError("", message)
    return before


def compared(measured: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what changed since an earlier run: `changes`, rows that are `new`, and `versions` that are others."""
    old, new = before["machine"]["versions"], measured["machine"]["versions"]
    known = {row["name"] for row in before["rows"]}
    return {
        "changes": [one._asdict() for one in changes(measured["rows"], before["rows"])],
        "new": [row["name"] for row in measured["rows"] if row["name"] not in known],
        "versions": {name: (old.get(name), new[name]) for name in new if old.get(name) != new[name]},
    }


def changes(now: Rows, before: Rows) -> list[Change]:
    """Return each of our contenders that is in both runs.

    It is slower if its times are, and its times beside the others' (Keras', PyTorch's) too: when the whole machine is
    slower for a while, only the first holds; when Keras has become faster, only the second. Times beside the others'
    are those of each round, divided by the geometric mean of the others' in that round; where all are ours, a matrix
    product stands for the others (`Row.measured`). Either is slower if

    - the median is higher by 5 % or more (`LEAST`), and
    - the rounds of the two runs do not lie in an order that equal ones would have by chance (`LEVEL`, 1 of 200):
      the one-sided rank test of Mann and Whitney (1947) with its exact probabilities. It needs no assumption of how
      times are spread, and a round that something held up counts for no more than its place: of nine, one may be.

    Faster is the same the other way round.
    """
    earlier = {row["name"]: _rounds(row) for row in before}
    found = []
    for row in now:
        new, old = _rounds(row), earlier.get(row["name"], {})
        both = [name for name in new if name in old]
        others = [name for name in both if not is_ours(name)]
        for name in filter(is_ours, both):
            moves = {_moved(new[name], old[name])}
            if others:
                moves.add(_moved(*(_beside(one[name], [one[other] for other in others]) for one in (new, old))))
            verdict = moves.pop() if len(moves) == 1 else "alike"
            found.append(Change(row["name"], name, median(old[name]), median(new[name]), verdict))
    return found


def _circumstances(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return what two runs must have in common, by what people call it."""
    machine = measured["machine"]
    wide = [name for name, there in machine.get("instructions", {}).items() if there]
    return {
        "processor": f"{machine['processor']} ({machine.get('kind') or 'not noted'})",
        "instructions": " and ".join(wide) or "not noted",
        "cores": machine["cores"],
        "backend": measured["backend"],
        "sizes": "tiny" if measured.get("quick") else "whole",
        "videos": measured.get("videos") or "drawn",
    }


def _rounds(row: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return the rounds of a row's contenders that could be measured."""
    return {name: one["rounds"] for name, one in row["contenders"].items() if "rounds" in one}


def _beside(ours: Sequence[float], others: Sequence[Sequence[float]]) -> list[float]:
    """Return our time of each round as a multiple of the others'."""
    return [mine / geometric_mean(theirs) for mine, *theirs in zip(ours, *others, strict=True)]


def _moved(now: Sequence[float], before: Sequence[float]) -> str:
    factor = median(now) / median(before)
    if factor >= 1 + LEAST and chance(now, before) <= LEVEL:
        return "slower"
    if factor <= 1 / (1 + LEAST) and chance(before, now) <= LEVEL:
        return "faster"
    return "alike"


def chance(high: Sequence[float], low: Sequence[float]) -> float:
    """Return how probable it is that equal ones are above each other as often as `high` is above `low`, or oftener."""
    above = sum(one > other for one in high for other in low)
    return sum(_orders(len(high), len(low))[above:]) / comb(len(high) + len(low), len(low))


def _orders(m: int, n: int) -> list[int]:
    """Return in how many orders of m and n values 0, 1, ... m n of the pairs have the first's value above.

    They are the coefficients of the Gaussian binomial, the product of (1 - q^(n + i)) / (1 - q^i) for i = 1 ... m.
    """
    counts = [1] + [0] * (m * n)
    for i in range(1, m + 1):
        for u in range(m * n, n + i - 1, -1):
            counts[u] -= counts[u - n - i]
        for u in range(i, m * n + 1):
            counts[u] += counts[u - i]
    return counts
