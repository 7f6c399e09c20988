"""What an exported file tells those who serve it: inputs, outputs, names of classes, words, a threshold, the recipe."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..runs.network import RunNetwork
from .description import Tensors, described

SETTINGS = "settings.json"


def settings_of(run: RunNetwork, recipe: Mapping[str, Any] | None, inputs: Tensors, outputs: Tensors) -> dict[str, Any]:
    """Return what is told of a run, ready for JSON.

    Args:
        run: The run.
        recipe: What to tell of its recipe; None: the recipe as it is.
        inputs: The file's inputs by name.
        outputs: Its outputs by name.
    """
    config = run.config.model_dump(mode="json") if recipe is None else recipe
    spec = run.spec.model_dump(mode="json")
    to_read = run.config.task.to_read_outputs(run.memory)
    return {**described(run, inputs, outputs), **to_read, "spec": spec, "config": config}


def settings_text(run: RunNetwork, recipe: Mapping[str, Any] | None, inputs: Tensors, outputs: Tensors) -> str:
    """Return the same as the content of a file."""
    return json.dumps(settings_of(run, recipe, inputs, outputs), indent=2, ensure_ascii=False)
