"""What the commands print for people, as rich tables; all text comes from the classes themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from ..config.keys import Key
from ..console.visible import visible


def titled_table(title: str, *columns: str) -> Table:
    """Return an empty table; the columns after the first are numbers where their name ends with a blank."""
    table = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column.strip(), justify="right" if column.endswith(" ") else "left", overflow="fold")
    return table


def evaluation_table(scores: Mapping[str, Any], title: str) -> Table:
    """Return the scores of an evaluation beside the floors'."""
    floors = scores["floors"]
    columns = (f"floor: {name} " for name in floors)
    table = titled_table(f"{title} ({scores['examples']} examples)", "score", "this run ", *columns)
    if "tokenization" in scores:
        table.caption = f"tokenization: {scores['tokenization']}"
        table.caption_justify = "left"
    for name, value in single_numbers(scores).items():
        values = (f"{floor[name]:.4f}" if name in floor else "" for floor in floors.values())
        table.add_row(name, f"{value:.4f}", *values)
    return table


def single_numbers(scores: Mapping[str, Any]) -> dict[str, float]:
    """Return those scores of an evaluation that are single numbers."""
    return {name: value for name, value in scores.items() if isinstance(value, float)}


def class_table(per_class: Mapping[str, float], score: str, noun: str = "class") -> Table:
    """Return a score (accuracy, IoU) of each class, worst first."""
    table = titled_table(f"{score} of each {noun}", noun, f"{score} ")
    for name, value in sorted(per_class.items(), key=lambda item: item[1]):
        table.add_row(name, f"{value:.4f}")
    return table


def catalogue_table(what: str, rows: Sequence[Mapping[str, str]]) -> Table:
    """Return a catalogue as a table."""
    table = titled_table(what, "name", "about", "from")
    for row in rows:
        table.add_row(row["name"], row["about"], row["from"])
    return table


def run_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return runs as lines: names, which are long and are copied, and below each its figure beside the floor."""
    lines = [f"{'':26}{'figure':>9}{'floor':>9}{'MB':>6}"]
    for row in rows:
        figure, floor = ("" if row[name] is None else f"{row[name]:.4f}" for name in ("figure", "floor"))
        score = f"{row['score']} on {row['split']}" if row["score"] else ""
        size = "" if row["bytes"] is None else f"{row['bytes'] / 1e6:.2f}"
        lines += [row["name"], f"  {score:24}{figure:>9}{floor:>9}{size:>6}  {row['remark']}".rstrip()]
    return lines


def keys_table(keys: Sequence[Key]) -> Table:
    """Return what recipes may set as a table."""
    table = titled_table("keys", "key", "takes", "default", "about")
    for before, key in zip([None, *keys], keys, strict=False):
        if before is None or before[:2] != key[:2]:
            table.add_section()
            table.add_row(f"{key.section} {key.kind}".strip(), "", "", "")
        table.add_row(f"  {key.name}", key.takes, key.default or "(has to be set)", key.about)
    return table


def dry_build_table(facts: Mapping[str, Any]) -> Table:
    """Return the layers of a network with shapes, parameters, and how the recurrent ones run."""
    title = (
        f"{facts['config']}: input {_shapes(facts['inputs'])}, "
        f"answers with {facts['answers']}, "
        f"{facts['parameters']:,} parameters ({facts['trainable']:,} trained)"
    )
    table = titled_table(title, "layer", "kind", "output", "parameters ")
    for layer in facts["layers"]:
        table.add_row(layer["name"], layer["kind"], _shape(layer["output"]), f"{layer['parameters']:,}")
    table.add_section()
    for name, runs in facts["recurrent"].items():
        table.add_row(name, runs["kind"], runs["why"], "")
    notes = [f"slow: {what}" for what in facts["slow"]]
    if facts["memory_bytes"]:
        gigabytes = facts["memory_bytes"] / 2**30
        notes.append(f"memory for training: about {gigabytes:.1f} GiB; smaller blocks or train.batch_size take less")
    if notes:
        table.caption, table.caption_justify = Text("\n".join(map(visible, notes))), "left"
    return table


def data_table(facts: Mapping[str, Any]) -> Table:
    """Return what each split holds."""
    splits = facts["splits"]
    names = list(dict.fromkeys(name for counts in splits.values() for name in counts))
    table = titled_table(f"{facts['data']}, inputs {_shapes(facts['inputs'])}", "", *(f"{split} " for split in splits))
    for name in names:
        table.add_row(name, *(str(counts.get(name, 0)) for counts in splits.values()))
    if facts["features_bytes"]:
        table.title = f"{table.title}; features kept: {facts['features_bytes'] / 2**20:.1f} MiB"
    if facts["bad_files"]:
        table.caption = f"{len(facts['bad_files'])} files left out: " + ", ".join(
            file[1] for file in facts["bad_files"][:5]
        )
    return table


def _shapes(inputs: Mapping[str, Sequence[int | None]]) -> str:
    return ", ".join(f"{name} {_shape(shape)}" for name, shape in inputs.items())


def _shape(shape: Sequence[int | None], free: str = "B") -> str:
    return " x ".join(free if side is None else str(side) for side in shape)


def export_table(about: dict[str, Any]) -> Table:
    """Return what was proved of an exported file."""
    table = titled_table(f"{about['file']} in {about['runtime']}, a fresh process", "", "")
    table.show_header = False
    signature = about["signatures"]["serving_default"]
    for side in ("inputs", "outputs"):
        for one in signature[side]:
            table.add_row(side[:-1], f"{one['name']}: {_shape(one['shape'], free='any')}, {one['dtype']}")
    bound = "" if about["tolerance"] is None else f" (tolerance {about['tolerance']:g})"
    table.add_row("largest difference", f"{about['max_difference']:.2e}{bound}, on {about['examples']}")
    table.add_row("same answers", f"{about['agreement']:.2%}")
    if "test" in about:
        test = about["test"]
        table.add_row(
            f"{test['score']} on {test['split']}", f"{test['exported']:.4f} (the run's: {test['original']:.4f})"
        )
    table.add_row("size", f"{about['bytes'] / 2**20:.2f} MiB")
    latency = about["latency_ms"]
    table.add_row("one example", f"{latency['exported']:.2f} ms (the run's: {latency['original']:.2f} ms)")
    table.add_row("operations", ", ".join(about["ops"]))
    return table
