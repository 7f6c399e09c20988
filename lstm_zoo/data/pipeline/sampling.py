"""Examples of drawn data sets as files to try, in a folder; what is true of them lies beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ...contracts import InputError, Sample, address_of
from ...disk.whole_files import replace_file


class Written(NamedTuple):
    """What was written of some examples."""

    files: list[Path]
    table: Path | None
    """CSV with what is true of them; None: there is nothing to say."""
    labels: Path | None
    """Folder of the classes of their pixels; None: pixels have none."""


def write_samples(samples: Iterable[tuple[str, Sample]], folder: Path) -> Written:
    """Write examples into a folder, so that all in it can be predicted.

    Args:
        samples: The examples by their names.
        folder: The folder; `folder.csv` and `folder-labels` beside it say what is true of them, and names in them
            count from where it lies.

    Raises:
        InputError: There is something already, or the folder lies in a store.
    """
    folder = folder.absolute()
    table, labels = (folder.with_name(f"{folder.name}{end}") for end in (".csv", "-labels"))
    if address_of(folder):
        raise InputError("", f"--to {address_of(folder)}: expected a folder on this machine")
    for place in (folder, table, labels):
        if place.exists() and not (place.is_dir() and not any(place.iterdir())):
            raise InputError("", f"{place} is there already; name another folder with --to, or remove it")
    files: list[Path] = []
    rows: list[dict[str, str]] = []
    for name, sample in samples:
        files.append(_write(folder, name, sample, sample.content))
        place = {sample.column: f"{folder.name}/{files[-1].name}"}
        if sample.labels:
            file = _write(labels, name, sample, sample.labels)
            rows.append({**place, "labels": f"{labels.name}/{file.name}"})
        rows += [{**place, **truth} for truth in sample.truths]
    if rows:
        replace_file(table, _as_csv(rows))
    return Written(files, table if rows else None, labels if labels.exists() else None)


def _write(folder: Path, name: str, sample: Sample, content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name.replace('/', '-')}{sample.ending}"
    replace_file(file, content)
    return file


def _as_csv(rows: list[dict[str, str]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
