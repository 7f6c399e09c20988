"""`lstmzoo bench`."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from .errors import user_errors
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
    as_json: JsonOption = False,
) -> None:
    """Measure this package against Keras' and PyTorch's layers and the usual loops, as ratios."""
    with user_errors(elsewhere="--to"):
        from ..bench.measuring import bench, machine
        from ..disk.whole_files import replace_file
        from ..reporting.tables import bench_table

        measured: dict[str, Any] = {"machine": machine(), "backend": backend.value, "rows": []}
        for row in bench(only, rounds=rounds, quick=quick, backend=backend.value, videos=videos):
            measured["rows"].append(row)
            if to:
                replace_file(to, json.dumps(measured, indent=2))
            if not as_json:
                show(bench_table(row))
        if as_json:
            show_json(measured)
