"""What a run tells of its author's machine, taken out: of a path, its last name is left."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..config.recipe import Config
from ..contracts import named_place

_PATH = re.compile(r"(?<![\w.:/}])(?:~|/|[A-Za-z]:\\)[\w.@+-]*(?:[/\\][\w.@+-]+)+")
"""One that no setting names; those that do may hold blanks as well."""


class OwnPlaces:
    """Paths of the machine that a run was made on.

    Args:
        config: Its recipe.
        folder: Where it lies.
    """

    def __init__(self, config: Config, folder: Path):
        self._of_settings = sorted(_paths_in(config.model_dump()), key=lambda path: len(path.parts))
        paths = [*self._of_settings, folder.absolute(), Path.cwd(), Path.home()]
        self._paths = sorted((path for path in paths if path.name), key=lambda path: -len(path.parts))

    def recipe(self, config: Config) -> dict[str, Any]:
        """Return a recipe's values: each path by its last name, below another one by what is left from there on."""
        values = config.model_dump(mode="json")
        if "data_dir" in values["data"]:
            values["data"]["data_dir"] = None  # where data are prepared is everybody's own choice
        return self._named(config.model_dump(), values)

    def removed(self, value: Any) -> Any:
        """Return what is ready for JSON, with paths in all texts told by their last names."""
        if isinstance(value, dict):
            return {self.removed(key): self.removed(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.removed(one) for one in value]
        if not isinstance(value, str):
            return value
        for path in self._paths:
            for told in {os.fspath(path), named_place(path)}:
                value = re.sub(rf"{re.escape(told)}(?![\w-])", lambda _, path=path: self._name_of(path), value)
        return _PATH.sub(lambda found: re.split(r"[/\\]", found[0])[-1], value)

    def _named(self, values: Any, as_json: Any) -> Any:
        if isinstance(values, Path):
            return as_json and self._name_of(values)
        if isinstance(values, Mapping):
            return {key: self._named(values[key], one) for key, one in as_json.items()}
        if isinstance(values, list | tuple):
            return [self._named(*pair) for pair in zip(values, as_json, strict=True)]
        return as_json

    def _name_of(self, path: Path) -> str:
        above = next(other for other in (*self._of_settings, path) if path.is_relative_to(other))
        return path.relative_to(above.parent).as_posix()


def _paths_in(values: Any) -> Iterator[Path]:
    if isinstance(values, Path):
        yield values
    elif isinstance(values, Mapping | list | tuple):
        for one in values.values() if isinstance(values, Mapping) else values:
            yield from _paths_in(one)
