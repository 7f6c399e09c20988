"""What is kept in a run's folder beside the recipe, perhaps by a stranger: no links out of it, all of it whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..console.text import first_line
from ..contracts import InputError
from ..disk.arrays import ArraysError, arrays_in
from ..disk.locks import alone
from ..disk.whole_files import replace_file

CONFIG, SPEC, ENVIRONMENT = RECIPE_FILES = ("config.yaml", "spec.json", "environment.json")
"""What it takes to rebuild a network without the data."""
WEIGHTS = "best.weights.h5"
LAYOUT = 3
"""Of a run directory; raise it when one made before cannot be read any more."""
METRICS, MEMORY = "metrics.json", "memory.npz"
EXPORT = "export.json"
"""Beside an exported file."""


def check_own_files(folder: Path) -> None:
    """Refuse a folder in which files would be written elsewhere, by a link, or waited for.

    Raises:
        InputError: It holds a link that leads out of it, or a pipe, device or socket.
    """
    inside = os.path.join(os.path.realpath(folder), "")
    waiting = [inside]
    while waiting:
        with os.scandir(waiting.pop()) as found:
            entries = list(found)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            elif not entry.is_file(follow_symlinks=False):
                target = os.path.realpath(entry.path)
                if not target.startswith(inside):
                    raise InputError("", f"{entry.path} is a link to {target}; expected it in {folder}: copy it there")
                if not entry.is_symlink():
                    raise InputError("", f"{entry.path} is a pipe, device or socket; expected a file: remove it")


def environment_in(folder: Path) -> dict[str, Any]:
    """Return what a run tells of where it was made, nothing where it does not; of another layout, whatever is there.

    Raises:
        InputError: The file is damaged.
    """
    file = folder / ENVIRONMENT
    found = _json_in(file, "train again")
    if found.get("layout") == LAYOUT:
        kinds = {"plugins": list, "versions": dict, "recipe": str, "data": str}
        wrong = [name for name, kind in kinds.items() if not isinstance(found.get(name), kind)]
        if wrong or not all(map(_is_plugin, found["plugins"])):
            what = ", ".join(wrong) or "plugins"
            raise InputError("", f"{file} is damaged ({what}); restore it, or train again")
    return found


def memory_of(folder: Path) -> dict[str, np.ndarray] | None:
    """Return what the task knows of the training examples, from a run or an export; None where it is not kept.

    Raises:
        InputError: The file is damaged.
    """
    file = folder / MEMORY
    if not file.is_file():
        return None
    try:
        return arrays_in(file)
    except ArraysError as error:
        raise InputError("", f"{file} is damaged ({first_line(error)}); restore it, or train again") from None


def metrics_of(folder: Path) -> dict[str, Any]:
    """Return the evaluations kept in a folder, by name; none where there are none.

    Raises:
        InputError: The file is damaged.
    """
    file = folder / METRICS
    found = _json_in(file, "remove it")
    for name, scores in found.items():
        if not isinstance(scores, dict) or "examples" not in scores or not _are_floors(scores.get("floors")):
            raise InputError("", f"{file} is damaged ('{name}' holds no scores); restore it, or remove it")
    return found


@contextmanager
def added_metrics(folder: Path, name: str, scores: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Keep the scores of an evaluation in a folder, beside those that other processes keep there.

    Yields:
        All evaluations; no other process adds one inside.
    """
    with alone(folder / ".metrics.lock", f"keeps scores in {folder}", wait=True):
        metrics = {**metrics_of(folder), name: scores}
        replace_file(folder / METRICS, json.dumps(metrics, indent=2))
        yield metrics


def _json_in(file: Path, otherwise: str) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError(f"expected an object, got {type(found).__name__}")
    except (ValueError, RecursionError) as error:
        raise InputError("", f"{file} is damaged ({first_line(error)}); restore it, or {otherwise}") from None
    return found


def _is_plugin(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in ("name", "version"))


def _are_floors(value: Any) -> bool:
    floors = value.values() if isinstance(value, dict) else [None]
    return all(isinstance(one, dict) and all(map(_is_number, one.values())) for one in floors)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))
