"""`lstmzoo bench`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import typer

from .errors import input_error, user_errors
from .options import JsonOption
from .printing import show, show_json


class Backend(StrEnum):
    """The Keras backends that are measured."""

    tensorflow = "tensorflow"
    jax = "jax"


def bench(
    only: Annotated[list[str] | None, typer.Option(help="A row, by name; give it several times for more.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Measurements of each contender.")] = 7,
    quick: Annotated[bool, typer.Option("--quick", help="Tiny sizes: only try the code.")] = False,
    backend: Annotated[Backend, typer.Option(help="Keras' backend; jax for layers and networks only.")] = (
        Backend.tensorflow
    ),
    videos: Annotated[
        Path | None, typer.Option(help="Videos to read, one folder a class; else they are drawn.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="Also write the figures into this JSON file, row by row.")] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            help="A file of --to, of this machine: also say what of ours has become slower or faster since, by more "
            "than noise. Exit status 1 if anything is slower."
        ),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print tables in Markdown, one a subject.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure this package against Keras' and PyTorch's layers and the usual loops, as ratios."""
    with user_errors(elsewhere="--to"):
        from ..bench.baseline import compared, opened
        from ..bench.measuring import bench, machine
        from ..reporting.speed import change_lines, machine_line, speed_page, speed_table

        if markdown and as_json:
            raise input_error("--markdown and --json: name one of them")
        measured: dict[str, Any] = {
            "machine": machine(),
            "backend": backend.value,
            "rounds": 1 if quick else rounds,
            "quick": quick,
            "videos": str(videos.absolute()) if videos else None,
            "rows": [],
        }
        before = opened(baseline, measured) if baseline else None
        rows = bench(only, rounds=rounds, quick=quick, backend=backend.value, videos=videos)
        if not as_json:
            show(machine_line(measured))
        rows = _kept(rows, measured, to)
        for _, of_subject in groupby(rows, itemgetter("subject")):
            if markdown:
                _show_lines(["", *speed_page(list(of_subject))])
                continue
            for row in of_subject:
                if not as_json:
                    show(speed_table(row))
        if before:
            measured["baseline"] = {"file": str(baseline), **compared(measured, before)}
            _write(measured, to)
            if not as_json:
                _show_lines(["", *change_lines(measured["baseline"])])
        if as_json:
            show_json(measured)
        if before and any(change["verdict"] == "slower" for change in measured["baseline"]["changes"]):
            raise typer.Exit(1)


def _kept(rows: Iterable[dict[str, Any]], measured: dict[str, Any], to: Path | None) -> Iterator[dict[str, Any]]:
    """Yield rows once they are in the file."""
    for row in rows:
        measured["rows"].append(row)
        _write(measured, to)
        yield row


def _write(measured: dict[str, Any], to: Path | None) -> None:
    from ..disk.whole_files import replace_file

    if to:
        replace_file(to, json.dumps(measured, indent=2))


def _show_lines(lines: Iterable[str]) -> None:
    for line in lines:
        show(line)
