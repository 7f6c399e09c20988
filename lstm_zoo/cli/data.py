"""`lstmzoo data`: prepare, check, info, sample."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .errors import user_errors
from .options import (
    ClusterOption,
    ConfigOption,
    CpusOption,
    JsonOption,
    SetOption,
    WorkersOption,
    load_recipe,
    typed_path,
    wanted_of,
)
from .printing import show, show_json

if TYPE_CHECKING:
    from ..config.recipe import Config
    from ..contracts import Splits

_EXAMPLES = 20


class Split(StrEnum):
    """The splits of a data set."""

    train = "train"
    val = "val"
    test = "test"


app = typer.Typer(help="Prepare a data set once, and see what is in it.", no_args_is_help=True)


@app.command()
def prepare(
    config: ConfigOption,
    set: SetOption = None,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    cpus_per_worker: CpusOption = 1,
) -> None:
    """Prepare the data of a recipe, once."""
    with user_errors() as loaded:
        wanted = wanted_of(workers, cluster, cpus_per_worker)
        recipe = loaded(load_recipe(config, set))
        if wanted is None:
            splits = recipe.data.load()
        else:
            from ..cluster.preparation import prepare

            splits = prepare(recipe.data, wanted)
        _show_data(recipe, splits, as_json=False)


@app.command()
def check(
    config: ConfigOption,
    set: SetOption = None,
    as_json: JsonOption = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with all of it, and with examples.")
    ] = None,
) -> None:
    """Read every file once: name those that cannot be used, and show what is in the others; prepares nothing."""
    with user_errors(elsewhere="--html") as loaded:
        recipe = loaded(load_recipe(config, set))
        from ..reporting.data_check import check_facts

        survey = recipe.data.survey(_EXAMPLES)
        facts = check_facts(recipe, survey)
        if html:
            from ..reporting.data_page import write_data_page

            write_data_page(html, facts, survey)
        if as_json:
            show_json(facts)
        else:
            _show_check(facts)
            if html:
                show(f"the page with examples: {html}")
        if facts["lost"]:
            raise typer.Exit(2)


@app.command()
def info(
    config: ConfigOption,
    set: SetOption = None,
    as_json: JsonOption = False,
    remove_features: Annotated[
        bool, typer.Option("--remove-features", help="Remove what was computed by encoders and kept beside the data.")
    ] = False,
) -> None:
    """Show what is in a data set; prepares it if it was not."""
    with user_errors() as loaded:
        recipe = loaded(load_recipe(config, set))
        if remove_features:
            from ..data.pipeline.features import remove_features as remove

            folder = recipe.data.load().folder
            removed = remove(folder)
            if as_json:
                show_json({"folder": str(folder), "removed_bytes": removed})
            else:
                show(f"removed {removed / 2**20:.1f} MiB of features from {folder}")
        else:
            _show_data(recipe, recipe.data.load(), as_json)


@app.command()
def sample(
    config: ConfigOption,
    to: Annotated[Path, typer.Option("--to", parser=typed_path, metavar="DIR", help="A new folder for the files.")],
    num: Annotated[int, typer.Option(min=1, help="How many.")] = 8,
    split: Annotated[Split, typer.Option(help="Of which examples.")] = Split.test,
    set: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write examples of a data set that is drawn here as files to predict, and beside them what is true of them."""
    with user_errors(elsewhere="--to") as loaded:
        recipe = loaded(load_recipe(config, set))
        from ..data.pipeline.sampling import write_samples

        files, table, labels = write_samples(recipe.data.samples(split.value, num), to)
        if as_json:
            told = {"files": list(map(str, files)), "table": table and str(table), "labels": labels and str(labels)}
            show_json(told)
            return
        show(f"{len(files)} files: {to}")
        if table:
            show(f"what is true of them: {table}")


def _show_data(recipe: Config, splits: Splits, as_json: bool) -> None:
    from ..reporting.checking import data_facts
    from ..reporting.tables import data_table

    facts = data_facts(recipe, splits)
    if as_json:
        show_json(facts)
    else:
        show(data_table(facts))
        for remark in facts["remarks"]:
            show(f"remark: {remark}")
        show(f"prepared as {facts['fingerprint'].split('/{')[0]}")


def _show_check(facts: dict[str, Any]) -> None:
    from ..reporting.data_tables import check_tables

    for part in check_tables(facts):
        show(part)
    for file in facts["bad_files"]:
        show(f"{file['split']}: {file['name']}: {file['reason']}")
    for sentence in facts["remarks"]:
        show(f"remark: {sentence}")
    for sentence in facts["lost"]:
        show(f"lost: {sentence}")
    if not facts["lost"]:
        show("all files can be read, and nothing would be lost")
