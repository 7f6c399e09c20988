"""`lstmzoo list`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from .errors import user_errors
from .options import JsonOption
from .printing import show, show_json


class Listing(StrEnum):
    """What can be listed."""

    models = "models"
    data = "data"
    tasks = "tasks"
    configs = "configs"


def listing(
    what: Annotated[Listing, typer.Argument(help="What to list.")] = Listing.models, as_json: JsonOption = False
) -> None:
    """List models, data sets, tasks or shipped recipes."""
    with user_errors():
        from ..config.catalogue import catalogue
        from ..reporting.tables import catalogue_table

        rows = catalogue(what.value)
        if as_json:
            show_json({what.value: rows})
        else:
            show(catalogue_table(what.value, rows))
