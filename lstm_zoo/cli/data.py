"""`lstmzoo data`: prepare, check, info."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .errors import user_errors
from .options import ConfigOption, JsonOption, SetOption, load_recipe
from .printing import show, show_json

if TYPE_CHECKING:
    from ..config.recipe import Config

app = typer.Typer(help="Prepare a data set once, and see what is in it.", no_args_is_help=True)


@app.command()
def prepare(config: ConfigOption, set: SetOption = None) -> None:
    """Prepare the data of a recipe, once."""
    with user_errors() as loaded:
        _show_data(loaded(load_recipe(config, set)), as_json=False)


@app.command()
def check(config: ConfigOption, set: SetOption = None, as_json: JsonOption = False) -> None:
    """Read every file once, and name those that cannot be used; writes nothing."""
    with user_errors() as loaded:
        bad = loaded(load_recipe(config, set)).data.bad_files()
        if as_json:
            show_json({"bad_files": [file._asdict() for file in bad]})
        else:
            for file in bad:
                show(f"{file.split}: {file.name}: {file.reason}")
            show(f"{len(bad)} of the files cannot be used" if bad else "all files can be read")
        if bad:
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
            _show_data(recipe, as_json)


def _show_data(recipe: Config, as_json: bool) -> None:
    from ..reporting.checking import data_facts
    from ..reporting.tables import data_table

    facts = data_facts(recipe, recipe.data.load())
    if as_json:
        show_json(facts)
    else:
        show(data_table(facts))
        show(f"prepared as {facts['fingerprint'].split('/{')[0]}")
