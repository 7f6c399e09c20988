"""Options that several commands share, and what they open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .errors import debugging, input_error

if TYPE_CHECKING:
    from ..config.recipe import Config
    from ..runs.network import Network, RunNetwork

ConfigOption = Annotated[str, typer.Option("--config", help="A YAML file, or the name of a shipped recipe.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, such as train.epochs=3.")
]
RunOption = Annotated[Path | None, typer.Option("--run", help="A run directory; the newest below runs/ by default.")]
ExportedOption = Annotated[
    Path | None, typer.Option("--exported", metavar="FILE", help="An exported file, instead of a run: the file itself.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def load_recipe(config: str, overrides: list[str] | None) -> Config:
    """Return a recipe in which nothing is wrong; only then is Keras imported."""
    from ..config.recipe import load

    recipe = load(config, overrides or ()).check()
    _import_keras()
    return recipe


def open_network(path: Path | None, overrides: list[str] | None = None, exported: Path | None = None) -> Network:
    """Return a run's network, or an exported file."""
    if path and exported:
        raise input_error("--run and --exported: name one of them")
    if exported is None:
        return open_run(path, overrides)
    _import_keras()
    from ..exporting.exported import ExportedNetwork

    return ExportedNetwork.open(exported, overrides or ())


def open_run(path: Path | None, overrides: list[str] | None) -> RunNetwork:
    """Return a run's network; only where there is a run is Keras imported."""
    from ..runs.directory import Run

    run = Run.open(path, overrides or ())
    _import_keras()
    from ..runs.network import RunNetwork

    return RunNetwork(run)


def _import_keras() -> None:
    from ..console.quiet import import_keras

    if not debugging():
        import_keras()
