"""What there is to choose from: the shipped recipes, and the kinds of models, data sets and tasks."""

from __future__ import annotations

import inspect
from pathlib import Path

from .kinds import kind_of, kinds, origin_of


def shipped_configs() -> dict[str, Path]:
    """Return the recipes that come with the package, by file name (`smoke/x.yaml` for those in the smoke folder)."""
    package = Path(__file__).parent.parent
    folder = next(place for place in (package / "configs", package.parent / "configs") if place.is_dir())
    found = (path for path in sorted(folder.rglob("*.yaml")) if not {"cluster", "figures.yaml"} & set(path.parts[-2:]))
    return {path.relative_to(folder).as_posix(): path for path in found}


def catalogue(what: str) -> list[dict[str, str]]:
    """Return what there is of `models`, `data`, `tasks` or `configs`: name, one line, and where it comes from."""
    if what == "configs":
        return [
            {"name": name, "about": _header(path.read_text(encoding="utf-8")), "from": "lstm_zoo"}
            for name, path in shipped_configs().items()
        ]
    return [
        {
            "name": kind_of(section),
            "about": inspect.cleandoc(section.__doc__ or "").splitlines()[0],
            "from": origin_of(section),
        }
        for section in getattr(kinds(), what)
    ]


def _header(text: str) -> str:
    """Return the first comment line of a recipe."""
    first = text.splitlines()[0] if text else ""
    return first.removeprefix("#").strip() if first.startswith("#") else ""
