"""`lstmzoo fetch`."""

from __future__ import annotations

from typing import Annotated

import typer

from .errors import user_errors
from .options import RUN, JsonOption
from .printing import show, show_json


def fetch(
    run: Annotated[str, typer.Argument(metavar="RUN", help=f"What --run takes: {RUN}.")], as_json: JsonOption = False
) -> None:
    """Fetch a run into the cache, so that it is there without a network, and check that it is whole."""
    with user_errors():
        from ..contracts import named_place
        from ..runs.directory import Run

        fetched = Run.open(run)
        told = {"run": named_place(fetched.path), "folder": str(fetched.path), "recipe": fetched.environment["recipe"]}
        if as_json:
            show_json(told)
            return
        for name, value in {**told, "next": f"lstmzoo eval --run {told['run']}"}.items():
            show(f"{name}: {value}")
