"""Options that several commands share, and what they open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .errors import debugging, input_error

if TYPE_CHECKING:
    from ..cluster.room import Wanted
    from ..config.recipe import Config
    from ..runs.network import Network, RunNetwork


def typed_path(text: str) -> Path:
    """Return a path that was typed; an address in a store (`s3://bucket/path`) is its mirror on this machine."""
    from ..contracts import local_path

    try:
        return local_path(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


ConfigOption = Annotated[str, typer.Option("--config", help="A YAML file, or the name of a shipped recipe.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, such as train.epochs=3.")
]
RUN = "a run directory, a name of `lstmzoo list runs`, hf://owner/name[@revision], or the address of an archive"
RunOption = Annotated[
    str | None,
    typer.Option("--run", metavar="RUN", help=f"{RUN[0].upper()}{RUN[1:]}; the newest below runs/ by default."),
]
ExportedOption = Annotated[
    Path | None,
    typer.Option(
        "--exported", parser=typed_path, metavar="FILE", help="An exported file, instead of a run: the file itself."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="Deal the work to so many processes of a Ray cluster.")
]
ClusterOption = Annotated[
    str | None,
    typer.Option("--cluster", metavar="ADDRESS|auto", help="A running cluster; by default this machine alone."),
]
CpusOption = Annotated[int, typer.Option("--cpus-per-worker", min=1, help="Cores of each worker.")]
GpusOption = Annotated[int, typer.Option("--gpus-per-worker", min=0, help="GPUs of each worker.")]


def load_recipe(config: str, overrides: list[str] | None) -> Config:
    """Return a recipe in which nothing is wrong; only then is Keras imported."""
    from ..config.recipe import load

    recipe = load(config, overrides or ()).check()
    _import_keras()
    return recipe


def run_folder(run: str | None) -> Path | None:
    """Return the folder of the run that is named, once it is there; None: none is named."""
    from ..runs.finding import found

    return None if run is None else found(run)


def open_network(path: Path | None, overrides: list[str] | None = None, exported: Path | None = None) -> Network:
    """Return a run's network, or an exported file."""
    if path and exported:
        raise input_error("--run and --exported: name one of them")
    if exported is None:
        return open_run(path, overrides)
    from ..disk.sending import fetched

    fetched(exported.parent)
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


def wanted_of(workers: int | None, cluster: str | None, cpus: int, gpus: int = 0) -> Wanted | None:
    """Return what is asked of a cluster; None: nothing is, and nothing of Ray is imported."""
    if workers is None:
        if cluster or cpus != 1 or gpus:
            raise input_error("--cluster, --cpus-per-worker and --gpus-per-worker go with --workers")
        return None
    from ..cluster.room import Wanted

    return Wanted(workers, cluster, cpus, gpus)


def _import_keras() -> None:
    from ..console.quiet import import_keras

    if not debugging():
        import_keras()
