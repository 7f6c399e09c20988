"""`lstmzoo check`."""

from __future__ import annotations

import os

from .errors import user_errors
from .options import ConfigOption, JsonOption, SetOption, WorkersOption, load_recipe
from .printing import show, show_json


def check(
    config: ConfigOption, set: SetOption = None, as_json: JsonOption = False, workers: WorkersOption = None
) -> None:
    """Validate a recipe, then build its network dry; with --workers, as those that train it would."""
    with user_errors() as loaded:
        if workers:
            os.environ["KERAS_BACKEND"] = "jax"
        recipe = loaded(load_recipe(config, set))
        if workers:
            from ..training.group import check_shared

            check_shared(recipe, workers)
        from ..reporting.checking import dry_build
        from ..reporting.tables import dry_build_table

        facts = dry_build(recipe)
        if as_json:
            show_json(facts)
        else:
            show(dry_build_table(facts))
