"""The rows of a CSV table whose columns the user may name."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from ..console.text import did_you_mean
from ..contracts import InputError
from .listing import read_text


def read_rows(
    file: Path, names: Sequence[str], needed: Collection[str], columns: Mapping[str, str], key: str
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a CSV table that are not blank, each with the number of its last line.

    Args:
        file: CSV with a header.
        names: What a row may hold; what the table has no column for is left out.
        needed: What it must hold.
        columns: The table's own names for it, where they differ.
        key: The setting to name in errors.

    Raises:
        InputError: A column is missing or stands twice, or the file is no CSV table.
    """
    reader = csv.reader(io.StringIO(read_text(file, key), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        places = _places(header, names, needed, columns, file, key)
        for row in reader:
            if len(row) > len(header):
                raise InputError(
                    key,
                    f"{file}:{reader.line_num}: {len(row)} fields below {len(header)} columns; a field with commas "
                    "stands in double quotes",
                )
            row += [""] * (len(header) - len(row))
            if any(map(str.strip, row)):
                yield reader.line_num, {name: row[place].strip() for name, place in places.items()}
    except csv.Error as error:
        raise InputError(
            key, f"{file}:{reader.line_num}: {error}; a quote within a quoted field is written twice"
        ) from None


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
