"""What the commands print for people, as rich tables; all text comes from the classes themselves."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

_MOST_CLASSES = 5


def _table(title: str, *columns: str) -> Table:
    """Return an empty table; the columns after the first are numbers where their name ends with a blank."""
    table = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column.strip(), justify="right" if column.endswith(" ") else "left", overflow="fold")
    return table


def evaluation_table(figures: Mapping[str, Any], title: str) -> Table:
    """Return the figures of an evaluation beside the floors'."""
    floors = figures["floors"]
    columns = (f"floor: {name} " for name in floors)
    table = _table(f"{title} ({figures['examples']} examples)", "figure", "this run ", *columns)
    if "tokenization" in figures:
        table.caption = f"tokenization: {figures['tokenization']}"
        table.caption_justify = "left"
    for name in plain_figures(figures):
        values = (f"{floor[name]:.4f}" if name in floor else "" for floor in floors.values())
        table.add_row(name, f"{figures[name]:.4f}", *values)
    return table


def plain_figures(figures: Mapping[str, Any]) -> list[str]:
    """Return the names of those figures of an evaluation that are single numbers."""
    return [name for name, value in figures.items() if isinstance(value, float)]


def class_table(per_class: Mapping[str, float], figure: str) -> Table:
    """Return a figure (accuracy, IoU) of each class, worst first."""
    table = _table(f"{figure} of each class", "class", f"{figure} ")
    for name, value in sorted(per_class.items(), key=lambda item: item[1]):
        table.add_row(name, f"{value:.4f}")
    return table


def prediction_table(result: Mapping[str, Any]) -> Table:
    """Return the top classes of one file that could be read, and the top class over time for a long one."""
    value = "share" if "share" in result["classes"][0] else "probability"  # of a picture's area
    table = _table("", "class", f"{value} ")
    for row in result["classes"][:_MOST_CLASSES]:
        table.add_row(row["name"], f"{row[value]:.4f}")
    for number, window in enumerate(result.get("windows", ())):
        if number == 0:
            table.add_section()
        top = window["classes"][0]
        table.add_row(f"{window['start']:.1f}-{window['end']:.1f} s: {top['name']}", f"{top['probability']:.4f}")
    return table


def catalogue(what: str) -> list[dict[str, str]]:
    """Return what there is of models, data, tasks or configs: name and one line each."""
    if what == "configs":
        from .config import shipped_configs

        return [
            {"name": name, "about": _header(path.read_text(encoding="utf-8"))}
            for name, path in shipped_configs().items()
        ]
    from .data import DATA
    from .models import MODELS
    from .tasks import TASKS

    classes = {"models": MODELS, "data": DATA, "tasks": TASKS}[what]
    return [
        {"name": section.model_fields["kind"].default, "about": inspect.cleandoc(section.__doc__ or "").splitlines()[0]}
        for section in classes
    ]


def catalogue_table(what: str, rows: Sequence[Mapping[str, str]]) -> Table:
    """Return a catalogue as a table."""
    table = _table(what, "name", "about")
    for row in rows:
        table.add_row(row["name"], row["about"])
    return table


def dry_build_table(facts: Mapping[str, Any]) -> Table:
    """Return the layers of a network with shapes, parameters, and how the recurrent ones run."""
    title = (
        f"{facts['config']}: input {_shape(facts['input_shape'])}, "
        f"{facts['words'] or facts['classes']} {'words' if facts['words'] else 'classes'}, "
        f"{facts['parameters']:,} parameters ({facts['trainable']:,} trained)"
    )
    table = _table(title, "layer", "kind", "output", "parameters ")
    for layer in facts["layers"]:
        table.add_row(layer["name"], layer["kind"], _shape(layer["output"]), f"{layer['parameters']:,}")
    table.add_section()
    for name, runs in facts["recurrent"].items():
        table.add_row(name, runs["kind"], runs["why"], "")
    if facts["slow"]:
        table.caption = "slow: " + "\nslow: ".join(facts["slow"])
        table.caption_justify = "left"
    return table


def data_table(facts: Mapping[str, Any]) -> Table:
    """Return what each split holds."""
    splits = facts["splits"]
    names = list(dict.fromkeys(name for counts in splits.values() for name in counts))
    table = _table(f"{facts['data']}, inputs of {_shape(facts['input_shape'])}", "", *(f"{split} " for split in splits))
    for name in names:
        table.add_row(name, *(str(counts.get(name, 0)) for counts in splits.values()))
    if facts["bad_files"]:
        table.caption = f"{len(facts['bad_files'])} files left out: " + ", ".join(
            file[1] for file in facts["bad_files"][:5]
        )
    return table


def bench_table(row: Mapping[str, Any]) -> Table:
    """Return the contenders of one row of the benchmark."""
    table = _table(row["name"], "", f"ms a {row['unit']} ", "ours = 1 ", "first, s ", "memory, MiB ")
    for name, figures in row["contenders"].items():
        if "missing" in figures:
            table.add_row(name, "", f"{figures['missing']} is not installed", "", "")
            continue
        memory = "" if figures["peak_mib"] is None else f"{figures['peak_mib']:.0f}"
        seconds, ratio, first = figures["seconds"], figures["ratio"], figures["first_seconds"]
        table.add_row(name, f"{seconds * 1000:.4g}", f"{ratio:.2f}", f"{first:.1f}", memory)
    return table


def _shape(shape: Sequence[int | None]) -> str:
    return " x ".join("B" if side is None else str(side) for side in shape)


def _header(text: str) -> str:
    """Return the first comment line of a recipe."""
    first = text.splitlines()[0] if text else ""
    return first.removeprefix("#").strip() if first.startswith("#") else ""


def export_table(about: dict[str, Any]) -> Table:
    """Return what was proved of an exported file."""
    table = _table(f"{about['file']} in {about['runtime']}, a fresh process", "", "")
    table.show_header = False
    signature = about["signatures"]["serving_default"]
    for side in ("inputs", "outputs"):
        for one in signature[side]:
            shape = " x ".join("any" if length is None else str(length) for length in one["shape"])
            table.add_row(side[:-1], f"{one['name']}: {shape}, {one['dtype']}")
    bound = "" if about["tolerance"] is None else f" (tolerance {about['tolerance']:g})"
    table.add_row("largest difference", f"{about['max_difference']:.2e}{bound}, on {about['examples']}")
    table.add_row("same answers", f"{about['agreement']:.2%}")
    if "test" in about:
        test = about["test"]
        table.add_row(
            f"{test['figure']} on {test['split']}", f"{test['exported']:.4f} (the run's: {test['original']:.4f})"
        )
    table.add_row("size", f"{about['bytes'] / 2**20:.2f} MiB")
    latency = about["latency_ms"]
    table.add_row("one example", f"{latency['exported']:.2f} ms (the run's: {latency['original']:.2f} ms)")
    table.add_row("operations", ", ".join(about["ops"]))
    return table
