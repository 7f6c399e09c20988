"""The kinds of data, models and tasks that recipes may name: ours, and those of plugins.

A plugin is a Python file of the user's own, or an installed package with entry points in the groups `lstm_zoo.data`,
`lstm_zoo.models` and `lstm_zoo.tasks`. YAML names kinds, and never code.
"""

from __future__ import annotations

import hashlib
import sys
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata, util
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, get_args

from ..console.text import first_line
from ..contracts import DataConfig, InputError, ModelConfig, Section, TaskConfig
from ..data import DATA
from ..models import MODELS
from ..tasks import TASKS

Plugin = dict[str, str]
"""What a run keeps of a plugin: its `name` (of the file or the package), and its `version` (a hash, of a file)."""


class Kinds(NamedTuple):
    """What recipes may name, in the order of their sections."""

    data: tuple[type[DataConfig], ...]
    models: tuple[type[ModelConfig], ...]
    tasks: tuple[type[TaskConfig], ...]


_GROUPS: tuple[tuple[str, type[Section], tuple[type[Section], ...]], ...] = (
    ("lstm_zoo.data", DataConfig, DATA),
    ("lstm_zoo.models", ModelConfig, MODELS),
    ("lstm_zoo.tasks", TaskConfig, TASKS),
)
_BASES = tuple(base for _, base, _ in _GROUPS)
_OURS: Plugin = {"name": "lstm_zoo"}
_Origins = Mapping[type[Section], Plugin]
_given: dict[type[Section], Plugin] = {}


def kinds() -> Kinds:
    """Return all kinds that there are.

    Raises:
        InputError: An installed package's entry point cannot be used.
    """
    theirs = _origins()
    return Kinds(*(ours + tuple(one for one in theirs if issubclass(one, base)) for _, base, ours in _GROUPS))  # type: ignore[arg-type]


def use_plugin(path: str | Path) -> None:
    """Add the kinds of a Python file.

    Raises:
        InputError: There is no such file, it cannot be imported, holds no kind, or one that cannot be used.
    """
    file = Path(path).expanduser().absolute()
    if not file.is_file():
        raise InputError("", f"--plugin {path}: no such file; expected a Python file with kinds of yours")
    plugin = {"name": file.name, "version": hashlib.sha256(file.read_bytes()).hexdigest()[:12]}
    if plugin in _given.values():
        return
    module = _imported(file, f"lstm_zoo_plugin_{file.stem}_{plugin['version']}")
    found = [
        one
        for one in vars(module).values()
        if isinstance(one, type)
        and issubclass(one, _BASES)
        and one.__module__ == module.__name__
        and isinstance(kind_of(one), str)
    ]
    if not found:
        raise InputError(
            "", f"--plugin {path}: holds no kind; expected a class on DataConfig, ModelConfig or TaskConfig with a kind"
        )
    _given.update(_checked(found, plugin, _origins()))


def plugin_files() -> list[Path]:
    """Return the files that were added, for other processes to add."""
    return list(dict.fromkeys(Path(str(sys.modules[one.__module__].__file__)) for one in _given))


def forget_plugins() -> None:
    """Forget the kinds of all files that were added."""
    _given.clear()


def plugins_of(config: Any) -> list[Plugin]:
    """Return the plugins whose kinds a recipe names."""
    used = [_origins().get(type(one)) for one in (config.data, config.model, config.task)]
    return [plugin for number, plugin in enumerate(used) if plugin and plugin not in used[:number]]


def origin_of(section: type[Section]) -> str:
    """Return where a kind comes from: the package, or a plugin's name."""
    return _origins().get(section, _OURS)["name"]


def kind_of(section: type[Section]) -> str:
    """Return the name of a kind."""
    return section.model_fields["kind"].default


def _origins() -> _Origins:
    """Return the kinds of all plugins, and where they come from."""
    return {**_installed(), **_given}


@cache
def _installed() -> _Origins:
    """Return the kinds of installed packages."""
    found: dict[type[Section], Plugin] = {}
    for group, base, _ in _GROUPS:
        for entry in metadata.entry_points(group=group):
            assert entry.dist is not None
            plugin = {"name": entry.dist.name, "version": entry.dist.version}
            try:
                section = entry.load()
            except Exception as error:  # whatever another package's import raises
                raise InputError(
                    "", f"{plugin['name']}: its {group} '{entry.name}' fails: {first_line(error)}"
                ) from error
            if not (isinstance(section, type) and issubclass(section, base)):
                raise InputError("", f"{plugin['name']}: its {group} '{entry.name}' is no {base.__name__}")
            found.update(_checked([section], plugin, found))
    return found


def _checked(sections: Sequence[type[Section]], plugin: Plugin, theirs: _Origins) -> _Origins:
    """Return a plugin's kinds, if they are whole and no other has their names."""
    known = dict(theirs)
    for section in sections:
        where, field = f"{plugin['name']}: {section.__name__}", section.model_fields["kind"]
        if get_args(field.annotation) != (field.default,):
            raise InputError("", f"{where} has no fixed kind; expected kind: Literal['x'] = 'x'")
        base, ours = next((base, ours) for _, base, ours in _GROUPS if issubclass(section, base))
        lacks = {*section.__abstractmethods__, *(name for name in base.__class_vars__ if not hasattr(section, name))}
        if lacks:
            raise InputError("", f"{where} lacks {', '.join(sorted(lacks))}, which every {base.__name__} has")
        for one in (*ours, *known):
            if issubclass(one, base) and kind_of(one) == field.default:
                taken = f"the kind '{field.default}' is taken by {known.get(one, _OURS)['name']}"
                raise InputError("", f"{where}: {taken}; call it otherwise")
        known[section] = plugin
    return dict.fromkeys(sections, plugin)


@cache
def _imported(file: Path, name: str) -> ModuleType:
    """Import a file as a module of a name of its own."""
    spec = util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[name] = module  # pydantic looks annotations up there
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever is wrong with the user's code
        del sys.modules[name]
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        if isinstance(error, SyntaxError) and error.filename == str(file):
            lines.append(error.lineno)
        raise InputError("", f"{file}:{[1, *lines][-1]}: {type(error).__name__}: {first_line(error)}") from error
    return module
