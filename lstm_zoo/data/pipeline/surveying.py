"""A look at all files of a data set: each is read once, and nothing is written."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice, zip_longest
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ...console.progress import ProgressBar
from ...console.text import writable
from ...contracts import BadFile, Example, GoodFile, InputError, Survey
from ...media.errors import MediaError
from .family import TARGET, Family, Item, Record, Row, row_of
from .several_at_once import in_threads

_SPARE = 2  # times as many examples are kept ready as are shown, since some may be bad
Place = TypeVar("Place")
Found = TypeVar("Found")


class _Look(NamedTuple):
    """What is kept of an example that was read."""

    file: GoodFile
    row: Row
    record: Record | None
    """None: it will not be shown."""


def survey(
    splits: Mapping[str, Sequence[Item]],
    read: Callable[[Item], Record],
    at_once: int | None,
    family: Family,
    num_examples: int,
) -> Survey:
    """Read every item once.

    Args:
        splits: The items of each split.
        read: Reads one, or raises a MediaError; called in several threads.
        at_once: How many are read at once; None: one a core.
        family: How they are stored and shown.
        num_examples: How many are shown, at the most.
    """
    places = _places(splits)
    first = list(islice(_from_everywhere(places), _SPARE * num_examples))

    def look(number: int) -> _Look:
        split, item = places[number]
        record = read(item)
        measures, classes = family.measures(record, item.target), family.classes(record, item.target)
        content, remarks = _hash(family.content(record)), tuple(record.get("remarks", ()))
        file = GoodFile(split, item.name, content, measures, classes, remarks)
        return _Look(file, row_of(split, item, record, family), record if number in first else None)

    looks: dict[int, _Look] = {}
    bad: dict[int, BadFile] = {}
    views: dict[int, dict[str, np.ndarray]] = {}
    for number, found in _read_all(list(dict.fromkeys([*first, *range(len(places))])), look, at_once):
        if isinstance(found, MediaError):
            split, item = places[number]
            bad[number] = BadFile(split, writable(item.name), str(found))
            continue
        if found.record is not None and len(views) < num_examples:
            with suppress(MediaError):  # it does not fit the others, which `check` tells
                views[number] = family.example(found.record)
        looks[number] = found._replace(record=None)
    shown = [(looks[number].row, views[number]) for number in sorted(views)]
    return Survey(
        files=[looks[number].file for number in sorted(looks)],
        bad_files=[bad[number] for number in sorted(bad)],
        problems=list(_problems(family, [look.row for look in looks.values()])),
        spec=family.spec,
        examples=list(_examples(family, shown)),
    )


def find_bad_files(
    splits: Mapping[str, Sequence[Item]], read: Callable[[Item], Any], at_once: int | None
) -> list[BadFile]:
    """Read every item, keep nothing, and return those that cannot be used."""

    def look(place: tuple[str, Item]) -> None:
        read(place[1])

    found = _read_all(_places(splits), look, at_once)
    return [BadFile(split, writable(item.name), str(error)) for (split, item), error in found if error]


def _places(splits: Mapping[str, Sequence[Item]]) -> list[tuple[str, Item]]:
    return [(split, item) for split, items in splits.items() for item in items]


def _read_all(
    places: Sequence[Place], look: Callable[[Place], Found], at_once: int | None
) -> Iterator[tuple[Place, Found | MediaError]]:
    """Yield each place with what is found there, or why nothing is."""
    progress = ProgressBar("Reading", len(places), unit="files")
    for place, found in in_threads(look, places, at_once):
        progress.advance()
        yield place, found
    progress.close()


def _from_everywhere(places: Sequence[tuple[str, Item]]) -> Iterator[int]:
    """Yield the numbers of all examples in a random order in which splits take turns, and targets within a split."""
    splits: dict[str, dict[str, list[int]]] = {split: defaultdict(list) for split, _ in places}
    for number in random.Random(0).sample(range(len(places)), len(places)):
        split, item = places[number]
        splits[split][repr(item.target)].append(number)
    return _in_turn(_in_turn(targets.values()) for targets in splits.values())


def _in_turn(series: Iterable[Iterable[int]]) -> Iterator[int]:
    """Yield the first one of each series, then the second ones, and so on."""
    return (one for turn in zip_longest(*series) for one in turn if one is not None)


def _hash(content: Iterable[bytes | np.ndarray]) -> str:
    """Return a hash of bytes and arrays, and of the shapes of these."""
    found = hashlib.sha256()
    for part in content:
        if isinstance(part, np.ndarray):
            found.update(repr(part.shape).encode())
            part = np.ascontiguousarray(part).data
        found.update(part)
    return found.hexdigest()


def _examples(family: Family, shown: Sequence[tuple[Row, dict[str, np.ndarray]]]) -> Iterator[Example]:
    """Yield examples with their targets: those that were cut along with their pictures, or else what is known."""
    known = family.known(family.facts([row for row, _ in shown]), np.arange(len(shown)), 0) if shown else {}
    for number, (row, view) in enumerate(shown):
        target = view.pop(TARGET) if TARGET in view else known[TARGET][number]
        yield Example(row["split"], row["name"], view, target)


def _problems(family: Family, rows: Iterable[Row]) -> Iterator[str]:
    """Yield what is wrong with the examples of a split together."""
    splits: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        splits[row["split"]].append(row)
    for found in splits.values():
        try:
            family.check(found)
        except InputError as error:
            yield str(error)
