"""`lstmzoo train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .errors import user_errors
from .options import ConfigOption, SetOption, load_recipe
from .printing import show


def train(
    config: ConfigOption,
    set: SetOption = None,
    run_dir: Annotated[
        Path | None, typer.Option(help="Where to keep the run; a new one below runs/ by default.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the interrupted run of this recipe.")] = False,
    init: Annotated[
        Path | None, typer.Option(help="A run of the same model to start from; what it learned is carried on.")
    ] = None,
) -> None:
    """Train a network, and write a run directory."""
    with user_errors("interrupted; it goes on after its last finished epoch with --resume") as loaded:
        recipe = loaded(load_recipe(config, set))
        from ..reporting.tables import evaluation_table
        from ..training.fit import train

        run = train(recipe, run_dir, resume=resume, init=init)
        for split, scores in run.metrics.items():
            show(evaluation_table(scores, f"{run.config.model.kind} on {split}"))
        show(f"run: {run.path}\nreport: {run.path / 'report.html'}\nnext: lstmzoo eval --run {run.path}")
