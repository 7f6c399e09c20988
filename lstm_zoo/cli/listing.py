"""`lstmzoo list`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

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


def listing(
    what: Annotated[Listing, typer.Argument(help="What to list.")] = Listing.models,
    of: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help="Of keys: those of a data set, model or task, or of train.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List models, data sets, tasks, shipped recipes, or the keys that recipes may set."""
    with user_errors():
        from ..config.catalogue import catalogue
        from ..reporting.tables import catalogue_table

        if what is Listing.keys:
            _show_keys(of, as_json)
            return
        if of is not None:
            raise input_error(f"list {what.value} takes no name; only `lstmzoo list keys {of}` does")
        rows = catalogue(what.value)
        if as_json:
            show_json({what.value: rows})
        else:
            show(catalogue_table(what.value, rows))


def _show_keys(of: str | None, as_json: bool) -> None:
    """Show the keys of all kinds, or of one."""
    from ..config.keys import all_keys
    from ..console.text import did_you_mean
    from ..reporting.tables import keys_table

    keys = list(all_keys())
    known = list(dict.fromkeys(key.kind or key.section for key in keys))
    if of is not None and of not in known:
        raise input_error(f"there is no kind '{of}'{did_you_mean(of, known)}; `lstmzoo list` names them")
    wanted = [key for key in keys if of in (None, key.kind or key.section)]
    if as_json:
        show_json({"keys": [key._asdict() for key in wanted]})
    else:
        show(keys_table(wanted))
