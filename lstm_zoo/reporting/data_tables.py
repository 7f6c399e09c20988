"""What `data check` found, as tables for a terminal, whose cells the page shows too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from .tables import titled_table


def check_tables(facts: Mapping[str, Any]) -> Iterator[str | Table]:
    """Yield what `check_facts` returned: files and classes of each split, then how large and long they are."""
    splits: Mapping[str, Mapping[str, Any]] = facts["splits"]
    yield f"{facts['config']}: {facts['data']}"
    if not splits:  # files that no examples are, such as those that textures are cut out of
        return
    columns = [f"{split} " for split in splits]
    table = titled_table("", "", *columns)
    table.add_row("files", *(str(found["files"]) for found in splits.values()))
    if facts["bad_files"]:
        table.add_row("cannot be used", *(str(found["bad_files"]) for found in splits.values()))
    for name, row in class_rows(facts).items():
        table.add_row(name, *(told for told, _ in row))
    yield table
    names = dict.fromkeys(name for found in splits.values() for name in found["measures"])
    if names:
        table = titled_table("", "", *columns)
        for name in names:
            table.add_row(name, *(spread(found["measures"].get(name)) for found in splits.values()))
        yield "lengths and sizes as they would be stored: least / median / most"
        yield table


def class_rows(facts: Mapping[str, Any]) -> dict[str, list[tuple[str, float]]]:
    """Return for each class what there is of it in each split, in words, and the share of the split that it takes."""
    return {
        name: [_of_class(found, name) for found in facts["splits"].values()]
        for name in dict.fromkeys(name for found in facts["splits"].values() for name in found["classes"])
    }


def _of_class(found: Mapping[str, Any], name: str) -> tuple[str, float]:
    files = found["classes"].get(name, 0)
    parts = found.get("pixels", found["classes"])
    share = parts.get(name, 0) / max(sum(parts.values()), 1)
    return f"{share:.1%} in {files}" if "pixels" in found else f"{files} ({share:.1%})", share


def spread(values: Mapping[str, float] | None) -> str:
    """Return least, median and most of a measure; one number where they are the same."""
    return " / ".join(dict.fromkeys(f"{value:.4g}" for value in values.values())) if values else ""
