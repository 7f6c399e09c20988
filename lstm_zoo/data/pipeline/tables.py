"""CSV tables whose columns the user may name."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import AfterValidator

from ...console.text import did_you_mean
from ...contracts import SPLITS, InputError
from .finding import read_text
from .splitting import split_named


def renaming(names: Sequence[str]) -> AfterValidator:
    """Return what validates a setting that maps some columns, of these names, to a table's own names."""

    def known(columns: dict[str, str]) -> dict[str, str]:
        if unknown := set(columns) - set(names):
            raise ValueError(
                f"expected {', '.join(names)} with the table's names for them; unknown: {', '.join(sorted(unknown))}"
            )
        return columns

    return AfterValidator(known)


def read_rows(
    file: Path,
    names: Sequence[str],
    needed: Collection[str],
    columns: Mapping[str, str],
    key: str,
    may_be_empty: Collection[str] = (),
    verbatim: Collection[str] = (),
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the rows of a CSV table that are not blank, each with its place (file and last line) for messages.

    Args:
        file: CSV with a header.
        names: What a row may hold; what the table has no column for is left out. `split`, where it is held, is one of
            train, val and test, or a usual name of one; where it is not, it is empty.
        needed: What it must hold, in every row.
        columns: The table's own names for it, where they differ.
        key: The setting to name in errors.
        may_be_empty: What needs a column, but may be empty in a row.
        verbatim: What keeps the white space at its ends.

    Raises:
        InputError: A column is missing or stands twice, a row lacks what it must hold or has an unknown split, or the
            file is no CSV table.
    """
    text, separator, above = _text_and_separator(read_text(file, key))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    try:
        header = [name.strip() for name in next(reader, [])]
        places = _places(header, names, needed, columns, file, key)
        for cells in reader:
            place = f"{file}:{reader.line_num + above}"
            if len(cells) > len(header):
                raise InputError(
                    key,
                    f"{place}: {len(cells)} fields below {len(header)} columns; a field with commas stands in double "
                    "quotes",
                )
            cells += [""] * (len(header) - len(cells))
            if any(map(str.strip, cells)):
                row = {name: cells[at] if name in verbatim else cells[at].strip() for name, at in places.items()}
                yield place, _checked(row, [name for name in needed if name not in may_be_empty], place, key)
    except csv.Error as error:
        raise InputError(
            key, f"{file}:{reader.line_num + above}: {error}; a quote within a quoted field is written twice"
        ) from None


def header_of(file: Path, key: str) -> list[str]:
    """Return the names of a table's columns."""
    text, separator, _ = _text_and_separator(read_text(file, key))
    try:
        return [name.strip() for name in next(csv.reader([text.partition("\n")[0]], delimiter=separator), [])]
    except csv.Error as error:
        raise InputError(key, f"{file}:1: {error}; expected the names of columns") from None


def _text_and_separator(text: str) -> tuple[str, str, int]:
    """Return a table, what separates its columns, and the number of lines above it: Excel's `sep=;`, where it is."""
    first, _, rest = text.partition("\n")
    if named := re.fullmatch(r'"?sep=(.)"?', first.strip(" ")):
        return rest, named.group(1), 1
    # Spreadsheets write semicolons where a comma is the decimal point.
    return text, max(",;\t|", key=first.count), 0


def _checked(row: dict[str, str], filled: Collection[str], place: str, key: str) -> dict[str, str]:
    """Return a row with its split by its usual name."""
    for name in filled:
        if not row[name]:
            raise InputError(key, f"{place}: the column for the {name} is empty")
    return {**row, "split": known_split(row["split"], place, key) if "split" in row else ""}


def known_split(name: str, place: str, key: str) -> str:
    """Return the split that a table names, or raise an InputError that tells the place and the setting."""
    split = split_named(name)
    if split is None:
        hint = did_you_mean(name.lower(), SPLITS)
        raise InputError(key, f"{place}: split '{name}'{hint}; expected {', '.join(SPLITS[:2])} or {SPLITS[2]}")
    return split


def _places(
    header: Sequence[str],
    names: Sequence[str],
    needed: Collection[str],
    columns: Mapping[str, str],
    file: Path,
    key: str,
) -> dict[str, int]:
    """Return where in a row everything stands."""
    places = {}
    for name in names:
        column = columns.get(name, name)
        if column in header:
            places[name] = header.index(column)
        elif name in columns or name in needed:
            raise InputError(
                "data.columns" if name in columns else key,
                f"{file}:1: no column '{column}' for the {name}{did_you_mean(column, header)}; its columns: "
                f"{', '.join(header) or 'none'}",
            )
        if header.count(column) > 1:
            raise InputError(key, f"{file}:1: {header.count(column)} columns '{column}'; expected one")
    return places
