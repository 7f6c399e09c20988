"""Measurements of `lstmzoo bench` for people: a table as each row is done, and a page of Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from .tables import titled_table

_SHOWN = ("tensorflow", "jax", "keras", "torch", "onnxruntime", "ai-edge-litert", "numpy")  # of the versions


def speed_table(row: Mapping[str, Any]) -> Table:
    """Return the contenders of one row."""
    table = titled_table(row["name"], "", f"ms per {row['unit']} ", "ours = 1 ", "first, s ", "memory, MiB ")
    for name, figures in row["contenders"].items():
        if "missing" in figures:
            table.add_row(name, "", _missing(figures), "", "")
            continue
        memory = "" if figures["peak_mib"] is None else f"{figures['peak_mib']:.0f}"
        table.add_row(name, _milliseconds(figures), _ratio(figures), f"{figures['first_seconds']:.1f}", memory)
    return table


def speed_page(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the lines of a Markdown table of rows of one subject: a line a row, a column a contender, ours first."""
    ours, *others = dict.fromkeys(name for row in rows for name in row["contenders"])
    lines = [f"`{rows[0]['subject']}`: {rows[0]['about']}", "", _cells("", f"{ours}, ms", *others)]
    lines.append(_cells(*["---"] * (2 + len(others))))
    for row in rows:
        found = row["contenders"]
        cells = [_milliseconds(found[ours])] + [_beside(found[name]) if name in found else "" for name in others]
        lines.append(_cells(f"{row['name']}, per {row['unit']}", *cells))
    return lines


def machine_line(measured: Mapping[str, Any]) -> str:
    """Return what was measured on, and how."""
    machine = measured["machine"]
    has = [name if there else f"no {name}" for name, there in machine["instructions"].items()]
    kind = "; ".join(filter(None, [machine["kind"], ", ".join(has)]))
    versions = [f"{name} {machine['versions'][name]}" for name in _SHOWN if machine["versions"].get(name)]
    rounds = "tiny sizes, one round" if measured["quick"] else f"medians of {measured['rounds']} rounds"
    return (
        f"{machine['processor']}{f' ({kind})' * bool(kind)}, {machine['cores']} cores; {', '.join(versions)}; Keras on "
        f"{measured['backend']}; {rounds}, in brackets their middle half"
    )


def change_lines(compared: Mapping[str, Any]) -> list[str]:
    """Return what became slower or faster beside an earlier run, and how much was compared."""
    file, changes = compared["file"], compared["changes"]
    lines = [_change(change, file) for change in changes if change["verdict"] != "alike"]
    alike = sum(change["verdict"] == "alike" for change in changes)
    lines.append(f"no change beyond noise since {file}: {alike} of {len(changes)} contenders of ours")
    lines += [f"not in {file}: {name}" for name in compared["new"]]
    lines += [f"{name} is {now}, was {before} in {file}" for name, (before, now) in compared["versions"].items()]
    return lines


def _change(change: Mapping[str, Any], file: str) -> str:
    before, now = change["before"], change["now"]
    what = f"{change['verdict']} than in {file}: {change['row']}, {change['contender']}"
    return f"{what}: {short(1000 * before)} ms -> {short(1000 * now)} ms, {now / before:.2f} times as long"


def short(number: float) -> str:
    """Return a number with three digits that count."""
    return f"{number:,.0f}" if number >= 99.95 else f"{number:#.3g}"


def _milliseconds(figures: Mapping[str, Any]) -> str:
    median, low, high = (short(1000 * one) for one in (figures["seconds"], *figures["seconds_between"]))
    return f"{median} ({low}-{high})"


def _ratio(figures: Mapping[str, Any]) -> str:
    low, high = figures["ratio_between"]
    return f"{figures['ratio']:.2f} ({low:.2f}-{high:.2f})"


def _beside(figures: Mapping[str, Any]) -> str:
    return _missing(figures) if "missing" in figures else _ratio(figures)


def _missing(figures: Mapping[str, Any]) -> str:
    return f"{figures['missing']} is not installed"


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")
