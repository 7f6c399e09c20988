#!/usr/bin/env python
"""Which model goes to which format, tried: trains the smoke recipe of each, and exports it in every way.

Usage: python scripts/export_matrix [--only KIND ...] [--runs DIR] [--clients] [--write]
Prints one table of what was proved, and that of lstm_zoo/exporting/README.md; --write puts the latter there. Takes some
ten minutes on two cores; --runs keeps the trained runs, and takes those that are there. --clients makes the other table
of that page: programs of others that run the files. They are installed below build/clients: 4 GB, and Node.js needed.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path
from typing import Any

from clients import CLIENTS, Client, judged
from rich.console import Console
from rich.table import Table

import lstm_zoo
from lstm_zoo.console.quiet import import_keras, silence

PAGE = Path(__file__).resolve().parents[2] / "lstm_zoo" / "exporting" / "README.md"
MARKS = "<!-- {0}: written by scripts/export_matrix -->", "<!-- end of {0} -->"
COLUMNS = ("keras", "keras, portable", "tf_saved_model", "onnx", "litert", "litert, dynamic_int8", "streaming")
STREAMING = ("keras", "tf_saved_model", "onnx", "litert")


def main() -> None:
    """Try every export, and print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--only", nargs="*", help="model kinds")
    arguments.add_argument("--runs", type=Path, help="folder for the runs")
    arguments.add_argument("--clients", action="store_true", help="try programs of others")
    arguments.add_argument("--write", action="store_true", help="put the table into the page")
    options = arguments.parse_args()
    silence()
    import_keras()
    from lstm_zoo.models import MODELS

    kinds = [model.model_fields["kind"].default for model in MODELS]
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.runs or Path(scratch)
        runs = {kind: _trained(kind, folder / kind) for kind in options.only or kinds}
        if options.clients:
            name, columns = "client matrix", [one.column for one in CLIENTS]
            told = {kind: _clients(run) for kind, run in runs.items()}
        else:
            name, columns = "export matrix", [f"`{column}`" for column in COLUMNS]
            cells = {kind: _cells(run) for kind, run in runs.items()}
            Console(width=220).print(_proofs(cells))
            told = {kind: [_told(abouts) for abouts in of.values()] for kind, of in cells.items()}
    table = _markdown(columns, told)
    print(table)
    if options.write:
        first, last = (mark.format(name) for mark in MARKS)
        before, _, after = PAGE.read_text(encoding="utf-8").partition(first)
        PAGE.write_text(f"{before}{first}\n{table}\n{last}{after.split(last)[1]}", encoding="utf-8")


def _trained(kind: str, path: Path) -> Any:
    """Return the run of a network's smoke recipe."""
    if not (path / "best.weights.h5").is_file():
        lstm_zoo.train(lstm_zoo.load_config(f"smoke/{kind}.yaml"), path)
    return lstm_zoo.load(path)


def _cells(run: Any) -> dict[str, list[dict[str, Any] | str]]:
    """Return for each column what its exports proved, or why there is none."""
    cells: dict[str, list[dict[str, Any] | str]] = {}
    for column in COLUMNS:
        format, _, way = column.partition(", ")
        options = {"portable": True} if way == "portable" else {"quantize": way or "none"}
        if column == "streaming":
            cells[column] = [_export(run, one, streaming=True) for one in STREAMING]
        else:
            cells[column] = [_export(run, format, **options)]
    return cells


def _clients(run: Any) -> list[str]:
    """Return what programs of others make of a run's files, in the order of `CLIENTS`."""
    from lstm_zoo.exporting.network import answering, axis_names
    from lstm_zoo.exporting.proof import examples_of

    inputs, _ = examples_of(run.network)
    inputs = {name: values[:2] for name, values in inputs.items()}
    expected = {name: one for name, one in answering(run.network.used)(inputs).items() if one.dtype.kind in "fiu"}
    made = {format: _made(run, format) for format in ("keras", "tf_saved_model", "litert", "onnx")}
    free = made["onnx"].network
    sizes = {
        axis: size
        for name, shape in free.runner.inputs.items()
        for axis, side, size in zip(axis_names(shape), shape, inputs[name].shape, strict=True)
        if side is None
    }
    files = {(format, False): one.path for format, one in made.items()}
    files["onnx", True] = run.export("onnx", static_shape=sizes).path
    return [_cell(client, files, inputs, expected) for client in CLIENTS]


def _made(run: Any, format: str) -> Any:
    """Return a run's file of a format, made unless it is there."""
    folder = run.path / "exports" / format
    return lstm_zoo.load(folder) if folder.is_dir() else run.export(format)


def _cell(client: Client, files: dict[tuple[str, bool], Path], inputs: Any, expected: Any) -> str:
    """Return what one program makes of a run's files: of that of fixed sizes where it takes no other."""
    told = judged(client, files[client.format, client.static], inputs, expected)
    fixed = files.get((client.format, True))
    if told != "yes" and fixed and not client.static and judged(client, fixed, inputs, expected) == "yes":
        return "yes, with `--static-shape`"
    return told


def _export(run: Any, format: str, **options: Any) -> dict[str, Any] | str:
    from lstm_zoo.contracts import InputError
    from lstm_zoo.exporting.options import ExportError
    from lstm_zoo.runs.kept import metrics_of

    try:
        exported = run.export(format, **options)
    except (ExportError, InputError) as error:
        return str(error).splitlines()[0]
    headline = run.config.task.headline
    of_file, of_run = exported.evaluate("val"), metrics_of(run.path)["val"]
    exported.network.runner.close()
    told = " / ".join(f"{of[headline]:.4f}" if headline in of else "none" for of in (of_file, of_run))
    return {**exported.network.about, "scores": f"{headline} {told}"}


def _proofs(cells: dict[str, dict[str, list[dict[str, Any] | str]]]) -> Table:
    """Return what was proved, an export a row."""
    table = Table(title="Exports of trained smoke runs, each run again in a fresh process")
    for column in (
        "model",
        "export",
        "largest difference",
        "spread of the run's",
        "same answers",
        "val: file / run",
        "KiB",
        "export s",
        "run ms",
        "file ms",
        "ops",
    ):
        table.add_column(column, overflow="fold")
    for kind, columns in cells.items():
        for column, abouts in columns.items():
            for about in abouts:
                if isinstance(about, str):
                    table.add_row(kind, column, about)
                    continue
                latency, name = about["latency_ms"], about["format"]
                table.add_row(
                    kind,
                    f"{name}, streaming" if about["streaming"] else column,
                    f"{about['max_difference']:.1e}",
                    f"{about['spread']:.1e}",
                    f"{about['agreement']:.1%}",
                    about["scores"],
                    f"{about['bytes'] / 1024:.0f}",
                    f"{about['seconds']:.1f}",
                    f"{latency['original']:.2f}",
                    f"{latency['exported']:.2f}",
                    f"{sum(about['ops'].values())}: {', '.join(about['ops'])}",
                )
    return table


def _told(abouts: list[dict[str, Any] | str]) -> str:
    """Return yes, or the reason why not."""
    reasons = sorted({_short(one) for one in abouts if isinstance(one, str)})
    free = {_sizes(one) for one in abouts if isinstance(one, dict)}
    return "; ".join(reasons) or f"yes{', '.join(sorted(free))}"


def _markdown(columns: list[str], rows: dict[str, list[str]]) -> str:
    """Return a table of the page, a model a row."""
    lines = ["| " + " | ".join(["model", *columns]) + " |", "|---" * (len(columns) + 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join([f"`{kind}`", *told]) + " |" for kind, told in rows.items())])


def _sizes(about: dict[str, Any]) -> str:
    """Return which sizes of the input are free, beyond that of the batch."""
    free = []
    for one in about["signatures"]["serving_default"]["inputs"]:
        batch, *sizes = one["shape"]
        assert batch is None, f"the batch of {about['file']} is not free"
        if None in sizes and one["name"] != "frame":
            free.append(", any width" if one["name"] == "line" else ", any number of frames")
    return "".join(free)


def _short(reason: str) -> str:
    """Return the reason in a cell's length."""
    for seen in ("sees no clips", "sees whole clips"):
        if seen in reason:
            return f"no: it {seen}"
    reason = re.sub(r" \([^)]*\)", "", reason.removeprefix("--portable: "))
    return "no: " + re.split(r"[.;] ", reason)[0]


if __name__ == "__main__":
    main()
