"""`lstmzoo list`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from .errors import input_error, user_errors
from .options import JsonOption
from .printing import show, show_json


class Listing(StrEnum):
    """What can be listed."""

    models = "models"
    data = "data"
    tasks = "tasks"
    configs = "configs"
    keys = "keys"
    runs = "runs"


def listing(
    what: Annotated[Listing, typer.Argument(help="What to list.")] = Listing.models,
    of: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help="Of keys: those of a data set, model or task, or of train.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List models, data sets, tasks, shipped recipes, the keys that recipes may set, or trained networks."""
    with user_errors():
        from ..config.catalogue import catalogue
        from ..config.keys import all_keys, keys_of
        from ..reporting.tables import catalogue_table, keys_table, run_lines

        if of is not None and what is not Listing.keys:
            raise input_error(f"list {what.value} takes no name; only `lstmzoo list keys {of}` does")
        rows: list[Any]
        parts: list[Any]
        if what is Listing.keys:
            rows = list(all_keys()) if of is None else keys_of(of)
            parts = [keys_table(rows)]
            rows = [key._asdict() for key in rows]
        elif what is Listing.runs:
            from ..runs.listing import runs_there

            parts = run_lines(rows := runs_there())
        else:
            parts = [catalogue_table(what.value, rows := catalogue(what.value))]
        if as_json:
            show_json({what.value: rows})
        else:
            for part in parts:
                show(part)
