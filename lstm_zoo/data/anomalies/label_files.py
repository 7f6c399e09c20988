"""Files of labels, as people write them down: ranges of frames, seconds, or a 0 or 1 a frame."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ...console.text import did_you_mean, first_line, natural_order
from ...contracts import InputError
from ...disk.arrays import ArraysError, arrays_in
from ..pipeline.finding import read_text
from ..pipeline.tables import header_of, read_rows
from .frame_labels import COUNTS, FLAGS, KEY, RANGES, SECONDS, Labels, labels_of_flags, labels_of_ranges

_OF_UCSD = re.compile(r"gt_frame\s*=\s*\[([^\]]*)\]")
_RANGE = re.compile(r"(\d+)(?::(\d+))?")
_PER_FILM = (".npy", ".txt")
LABEL_ENDINGS = (".json", ".csv", ".m", ".npz")
"""Of files that hold the labels of several films."""


def read_labels(place: Path, films: Sequence[str]) -> dict[str, Labels]:
    """Return the labels of films.

    Args:
        place: JSON (a film's name to ranges from 1, both ends in, or to a 0 or 1 a frame; with `num_frames`, these are
            compared); CSV with the columns video, start, end (frames from 0, the end not in), or video, start_s, end_s,
            or video, frame, label; UCSD's `.m`; `.npz` with an array a film; a folder with `.npy` or `.txt` a film.
        films: Their names below the root of the data; labels may leave out folders and endings.

    Raises:
        InputError: A film has no labels (tables of ranges leave out normal ones), a name is no film's, or labels make
            no sense.
    """
    if place.suffix.lower() == ".m":
        return dict(zip(natural_order(films), _of_ucsd(place, len(films)), strict=True))
    found: dict[str, Labels] = {}
    of_name = _names(films)
    by_name, may_miss = _by_name(place)
    for name, labels in by_name.items():
        if name not in of_name:
            raise InputError(KEY, f"{place}: no test film is called '{name}'{did_you_mean(name, of_name)}")
        found[of_name[name]] = labels
    if missing := [film for film in films if film not in found and not may_miss]:
        raise InputError(
            KEY, f"{place}: no labels of {missing[0]}; expected some of each test film, of normal ones, too"
        )
    return {film: found.get(film, {RANGES: []}) for film in films}


def _names(films: Sequence[str]) -> dict[str, str]:
    """Return films by all that they may be called: path, path without its ending, the same without folders."""
    found: dict[str, set[str]] = defaultdict(set)
    for film in films:
        path = PurePosixPath(film)
        for name in (film, str(path.with_suffix("")), path.name, path.stem):
            found[name].add(film)
    return {name: next(iter(of)) for name, of in found.items() if len(of) == 1}


def _by_name(place: Path) -> tuple[dict[str, Labels], bool]:
    """Return labels by the names that stand there, and whether films that are not named are normal."""
    if place.is_dir():
        return {file.stem: labels_of_flags(_numbers_in(file), str(file)) for file in _files_in(place)}, False
    match place.suffix.lower():
        case ".json":
            return _of_json(place), False
        case ".csv":
            return _of_table(place)
        case ".npz":
            try:
                return {
                    name: labels_of_flags(array, f"{place}: {name}") for name, array in arrays_in(place).items()
                }, False
            except ArraysError as error:
                raise InputError(KEY, f"{place} cannot be read ({first_line(error)})") from None
        case ending:
            raise InputError(KEY, f"{place} ends with '{ending}'; expected .json, .csv, .m, .npz or a folder")


def _files_in(folder: Path) -> list[Path]:
    files = [file for file in sorted(folder.iterdir()) if file.suffix.lower() in _PER_FILM and file.name[0] != "."]
    if not files:
        raise InputError(KEY, f"{folder} holds no {' or '.join(_PER_FILM)}; expected one a test film")
    return files


def _numbers_in(file: Path) -> Any:
    if file.suffix.lower() == ".npy":
        try:
            return np.load(file, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise InputError(KEY, f"{file} cannot be read ({first_line(error)})") from None
    return read_text(file, KEY).split()


def _of_json(file: Path) -> dict[str, Labels]:
    try:
        found = json.loads(read_text(file, KEY))
        assert isinstance(found, dict)
    except (ValueError, RecursionError, AssertionError):
        raise InputError(KEY, f"{file}: expected a JSON object, films' names to their labels") from None
    counts = found.pop(COUNTS, {})
    if not isinstance(counts, dict):
        raise InputError(KEY, f"{file}: {COUNTS} is {counts!r:.60}; expected films' names to numbers")
    return {
        name: {**_of_list(values, file, name), **({COUNTS: counts[name]} if name in counts else {})}
        for name, values in found.items()
    }


def _of_list(values: Any, file: Path, name: str) -> Labels:
    """Return the labels that a list of ranges holds, from 1 with both ends in, or a list of a 0 or 1 a frame."""
    if not isinstance(values, list) or not all(isinstance(one, list) for one in values):
        return labels_of_flags(values, f"{file}: {name}")
    for one in values:
        if len(one) != 2 or not all(type(end) is int for end in one):
            raise InputError(KEY, f"{file}: {name}: {one!r:.60}; expected [first, last] frame, counted from 1")
    return labels_of_ranges([(first - 1, last) for first, last in values], f"{file}: {name}")


def _of_ucsd(file: Path, num_films: int) -> Iterator[Labels]:
    """Yield the labels that UCSD's MATLAB script gives, film by film."""
    entries = _OF_UCSD.findall(read_text(file, KEY))
    if len(entries) != num_films:
        raise InputError(KEY, f"{file} has labels of {len(entries)} films; there are {num_films}: expected as many")
    for number, entry in enumerate(entries, 1):
        ranges = [(int(first) - 1, int(last or first)) for first, last in _RANGE.findall(entry)]
        yield labels_of_ranges(ranges, f"{file}: film {number}")


def _of_table(file: Path) -> tuple[dict[str, Labels], bool]:
    columns = set(header_of(file, KEY))
    for names, read in _TABLES.items():
        if columns >= set(names):
            rows: dict[str, list[Cells]] = defaultdict(list)
            for place, row in read_rows(file, names, names, {}, KEY):
                rows[row["video"]].append((place, [row[name] for name in names[1:]]))
            return {name: read(of_film) for name, of_film in rows.items()}, read is not _flags
    raise InputError(
        KEY,
        f"{file} has the columns {', '.join(sorted(columns))}; expected video with start and end (frames from 0), "
        "start_s and end_s, or frame and label",
    )


Cells = tuple[str, Sequence[str]]
"""The place of a row, and its cells behind the film's name."""


def _flags(rows: Sequence[Cells]) -> Labels:
    numbered = {}
    for place, cells in rows:
        number, flag = (_whole(cell, place) for cell in cells)
        if number in numbered or flag > 1:
            raise InputError(
                KEY, f"{place}: frame {number} with the label {flag}; expected each frame once, with 0 or 1"
            )
        numbered[number] = flag
    if sorted(numbered) != list(range(len(numbered))):
        missing = min(set(range(len(numbered))) - set(numbered))
        raise InputError(KEY, f"{rows[0][0]}: the film has no frame {missing}; expected one row a frame, from 0 on")
    return {FLAGS: [numbered[number] for number in range(len(numbered))]}


def _ranges(rows: Sequence[Cells]) -> Labels:
    found: list[list[int]] = []
    for place, cells in rows:
        first, end = (_whole(cell, place) for cell in cells)
        found += labels_of_ranges([(first, end)], place)[RANGES]
    return {RANGES: found}


def _seconds(rows: Sequence[Cells]) -> Labels:
    found = []
    for place, cells in rows:
        try:
            start, end = (float(cell) for cell in cells)
        except ValueError:
            raise InputError(KEY, f"{place}: {' and '.join(cells)}; expected seconds") from None
        if not 0 <= start < end:
            raise InputError(
                KEY, f"{place}: from {start:g} to {end:g} s; expected 0 or more, and no end before the start"
            )
        found.append([start, end])
    return {SECONDS: found}


def _whole(cell: str, place: str) -> int:
    if not cell.isdecimal():
        raise InputError(KEY, f"{place}: '{cell}'; expected a whole number")
    return int(cell)


_TABLES: dict[tuple[str, ...], Callable[[Sequence[Cells]], Labels]] = {
    ("video", "frame", "label"): _flags,
    ("video", "start", "end"): _ranges,
    ("video", "start_s", "end_s"): _seconds,
}
"""What reads a table, by its columns."""
