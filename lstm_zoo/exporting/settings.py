"""What an exported file tells those who serve it: the run's recipe, shapes, names of classes, words, a threshold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..runs.network import RunNetwork

SETTINGS = "settings.json"


def settings_of(run: RunNetwork, recipe: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what is told of a run, ready for JSON.

    Args:
        run: The run.
        recipe: What to tell of its recipe; None: the recipe as it is.
    """
    config = run.config.model_dump(mode="json") if recipe is None else recipe
    spec = run.spec.model_dump(mode="json")
    return {"config": config, "spec": spec, **run.config.task.to_read_outputs(run.memory)}


def settings_text(run: RunNetwork, recipe: Mapping[str, Any] | None) -> str:
    """Return the same as the content of a file."""
    return json.dumps(settings_of(run, recipe), indent=2, ensure_ascii=False)
