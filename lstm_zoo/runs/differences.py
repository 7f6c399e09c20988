"""What differs between an interrupted run and what would go on with it."""

from __future__ import annotations

from typing import Any

from ..config.recipe import Config
from .directory import Run
from .environment import made_with

_MAY_CHANGE = ("train.epochs", "train.checkpoint.", "train.on_divergence", "train.trackers")


def of_recipe(run: Run, config: Config) -> list[str]:
    """Return the settings that differ and matter, in words."""
    then, now = (flat(one.model_dump(mode="json")) for one in (run.config, config))
    return [
        f"{key}: {run.path} was started with {then.get(key)!r}, now it is {now.get(key)!r}"
        for key in sorted(then.keys() | now.keys())
        if then.get(key) != now.get(key) and not key.startswith(_MAY_CHANGE)
    ]


def of_code(run: Run) -> list[str]:
    """Return what differs of the programs that train, in words; what older runs did not keep is passed over."""
    then, now = flat(run.environment), flat(made_with(run.config))
    return [
        f"{key}: {run.path} was started with {then[key]}, now it is {now[key]}"
        for key in now
        if key in then and then[key] != now[key]
    ]


def of_data(run: Run, fingerprint: str) -> list[str]:
    """Return how the prepared data differ, in words."""
    then, now = (one.split("/{")[0] for one in (run.environment["data"], fingerprint))
    if run.environment["data"] == fingerprint:
        return []
    return [f"the data have changed since {run.path} was started ({then} then, {now} now)"]


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested values by dotted keys."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found
