"""`lstmzoo check`."""

from __future__ import annotations

from .errors import user_errors
from .options import ConfigOption, JsonOption, SetOption, load_recipe
from .printing import show, show_json


def check(config: ConfigOption, set: SetOption = None, as_json: JsonOption = False) -> None:
    """Validate a recipe, then build its network dry."""
    with user_errors() as loaded:
        recipe = loaded(load_recipe(config, set))
        from ..reporting.checking import dry_build
        from ..reporting.tables import dry_build_table

        facts = dry_build(recipe)
        if as_json:
            show_json(facts)
        else:
            show(dry_build_table(facts))
