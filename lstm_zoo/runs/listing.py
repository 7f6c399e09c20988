"""The runs that there are: networks that come with the package, and the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..config import yaml_lines
from ..config.kinds import kind_of, kinds
from ..console.text import first_line
from ..contracts import InputError
from .finding import RUNS
from .kept import CONFIG, WEIGHTS, metrics_of
from .shipped import shipped

_JUDGED_ON = ("test", "val")  # the first one that a run was evaluated on


def runs_there() -> list[dict[str, Any]]:
    """Return all runs that can be named, ready for JSON: shipped ones, then those below `runs/`, newest first.

    Each has its `name`, the `split` that it was judged on, the `score` that tells most, the `figure`, and beside it the
    best `floor` (all four null where none is known), the size of its weights in `bytes`, and what else is to be said
    (`remark`).
    """
    files = sorted(RUNS.glob(f"*/{CONFIG}"), key=lambda file: -file.stat().st_mtime)
    return [*_shipped(), *(_own(file.parent) for file in files)]


def best_floor(scores: dict[str, Any], score: str) -> float | None:
    """Return the best of what trivial predictors get; in scores that tell most, more is better."""
    return max((floor[score] for floor in scores["floors"].values() if score in floor), default=None)


def _shipped() -> list[dict[str, Any]]:
    return [
        {
            **{"name": one.name, "from": "lstm_zoo", "split": "test", "score": one.score},
            **{"figure": one.made.figure, "floor": one.made.floor, "bytes": one.made.bytes},
            "remark": f"{one.made.cpu_seconds} CPU seconds of training",
        }
        for one in shipped().values()
        if one.made
    ]


def _own(folder: Path) -> dict[str, Any]:
    row: dict[str, Any] = {"name": str(folder), "from": "runs", "split": None, "score": None}
    row |= {"figure": None, "floor": None, "bytes": None, "remark": ""}
    weights = folder / WEIGHTS
    if not weights.is_file():
        return {**row, "remark": "has finished no epoch"}
    row["bytes"] = weights.stat().st_size
    try:
        kind = yaml_lines.read(folder / CONFIG)[0]["task"]["kind"]
        score = next(task.headline for task in kinds().tasks if kind_of(task) == kind)
        metrics = metrics_of(folder)
    except (InputError, yaml_lines.YamlError, OSError, KeyError, TypeError, StopIteration) as error:
        return {**row, "remark": f"cannot be read: {first_line(error)}"}
    split = next((split for split in _JUDGED_ON if score in metrics.get(split, ())), None)
    if split is None:
        return {**row, "remark": "not evaluated yet"}
    scores = metrics[split]
    return {**row, "split": split, "score": score, "figure": scores[score], "floor": best_floor(scores, score)}
