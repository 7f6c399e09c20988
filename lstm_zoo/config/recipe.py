"""A complete recipe: its four sections, where each setting was written, and all that is wrong with it at once.

The sections data, model and task are discriminated unions over `kind`, made of the kinds that there are; see `kinds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Union

from pydantic import Field, PrivateAttr, SerializeAsAny, TypeAdapter, ValidationError, create_model

from ..console.text import did_you_mean, shown
from ..console.visible import tell
from ..contracts import DataConfig, InputError, ModelConfig, Section, TaskConfig, expanded
from . import yaml_lines
from .catalogue import shipped_configs
from .fitting import misfits
from .kinds import Kinds, Plugin, kinds, origin_of, plugins_of
from .mistakes import MOST_TOLD, explain, nearest_origin
from .numbers import wrong_numbers
from .train_config import TrainConfig
from .yaml_lines import Location


class Config(Section):
    """A complete recipe."""

    data: SerializeAsAny[DataConfig]
    """Where examples come from."""
    model: SerializeAsAny[ModelConfig]
    """The network."""
    task: SerializeAsAny[TaskConfig]
    """What it learns."""
    train: TrainConfig = TrainConfig()
    """How it is trained."""

    _origins: dict[Location, str] = PrivateAttr(default_factory=dict)
    _name: str = PrivateAttr(default="config")

    def __reduce__(self) -> tuple[Any, ...]:
        """Be made anew of the kinds that another process has, plugins' among them: its class has no name there."""
        return _empty, (), self.__getstate__()

    @property
    def name(self) -> str:
        """The recipe's name: that of its file, without the ending."""
        return self._name

    def describe(self, problem: InputError) -> str:
        """Return a problem with the place of its setting in front."""
        return _place(problem, self._origins)

    def problems(self) -> Iterator[InputError]:
        """Yield all that is wrong beyond types and ranges, also between sections."""
        yield from super().problems()
        if self.train.cached_views and not (self.model.encoder and self.model.encoder.frozen):
            yield InputError(
                "train.cached_views",
                f"is {self.train.cached_views}, but the network has no frozen encoder; freeze it (a backbone with "
                "pretrained weights and train_from: null), or set train.cached_views=null",
            )
        yield from misfits(self.data, self.model, self.task, kinds())

    def check(self) -> Config:
        """Return self if nothing is wrong.

        Raises:
            ConfigError: With all problems at once.
        """
        messages = []
        try:
            messages += map(self.describe, self.problems())
        except OSError as error:  # a folder that may not be looked into, say
            unread = f"{error.filename} cannot be read: {error.strerror}"
            messages.append(self.describe(InputError("data", unread)))
        if messages:
            raise ConfigError(messages)
        return self

    def to_yaml(self) -> str:
        """Return the recipe with all defaults written out."""
        return yaml_lines.write(self.model_dump(mode="json"))


class ConfigError(ValueError):
    """What is wrong with a config, one message a mistake, each with its place and its mend; the first of very many."""

    def __init__(self, messages: list[str]):
        if len(messages) > MOST_TOLD:
            messages = [*messages[:MOST_TOLD], "... and more"]
        super().__init__("\n".join(messages))
        self.messages = messages

    def __reduce__(self) -> tuple[type[ConfigError], tuple[list[str]]]:
        return type(self), (self.messages,)  # so that it travels between processes


def load(path: str | Path, overrides: Iterable[str] = (), *, made_with: Sequence[Plugin] = ()) -> Config:
    """Read a recipe, apply the overrides and check types, ranges and names.

    Args:
        path: A YAML file; a bare name that is no file here is looked up among the shipped recipes.
        overrides: Settings such as `"train.epochs=3"`; the value is read as YAML.
        made_with: What a run of it needs beside this package, as `plugins_of` gave it.

    Raises:
        ConfigError: With all mistakes at once.
    """
    file = _find(Path(path))
    try:
        values, lines = yaml_lines.read(file)
    except yaml_lines.YamlError as error:
        raise ConfigError(error.messages) from None
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}"]) from None
    origins: dict[Location, str] = {(): f"{file}:1"} | {place: f"{file}:{line}" for place, line in lines.items()}
    _apply(overrides, values, origins)
    schema = config_class(kinds())
    numbers = [_place(InputError(".".join(where), wrong), origins) for where, wrong in wrong_numbers(values, schema)]
    try:
        config = schema.model_validate(values)
    except ValidationError as error:
        if missing := _missing(made_with):
            raise ConfigError([f"{file}: {missing}"]) from None
        problems = [_place(problem, origins) for problem in _problems_of_valid_sections(values, schema)]
        raise ConfigError(numbers + explain(error, schema, origins) + problems) from None
    if numbers:
        raise ConfigError(numbers)
    config._origins.update(origins)
    config._name = file.stem
    for plugin in made_with:
        if plugin not in (given := plugins_of(config)):
            same = plugin["name"] in [one["name"] for one in given]
            what = f"another version of {plugin['name']}" if same else f"{plugin['name']}, which is not given now"
            tell(f"{file.parent} was made with {what}")
    return config


@cache
def config_class(there: Kinds) -> type[Config]:
    """Return the class of recipes of certain kinds: its sections are the unions of them."""
    unions: dict[str, Any] = {
        section: (Annotated[Union[chosen], Field(discriminator="kind")], ...)  # noqa: UP007 (made of a tuple)
        for section, chosen in zip(("data", "model", "task"), there, strict=True)
    }
    return create_model("Config", __base__=Config, **unions)


def _empty() -> Config:
    """Return a recipe without its sections, for pickle to fill."""
    schema = config_class(kinds())
    return schema.__new__(schema)


def _missing(made_with: Sequence[Plugin]) -> str:
    """Return what to give of the plugins of a run that are not there."""
    there = {origin_of(section) for sections in kinds() for section in sections}
    missing = [one for one in made_with if one["name"] not in there]
    advice = {
        f"give {one['name']} with --plugin before the command"
        if one["name"].endswith(".py")
        else f"install {one['name']}"
        for one in missing
    }
    named = ", ".join(f"{one['name']} ({one['version']})" for one in missing)
    return f"made with {named}: {', '.join(sorted(advice))}" if missing else ""


def _find(path: Path) -> Path:
    try:
        if expanded(path).is_file():
            return expanded(path)
    except ValueError as error:
        raise ConfigError([f"--config {shown(str(path))}: {error}"]) from None
    shipped = shipped_configs()
    if str(path.parent) in (".", "smoke"):
        for name in (path.as_posix(), f"{path.as_posix()}.yaml"):
            if name in shipped:
                return shipped[name]
    near = did_you_mean(path.name, shipped)
    raise ConfigError(
        [f"{path}: no such file, and no shipped recipe of that name{near}; `lstmzoo list configs` has all"]
    )


def _apply(overrides: Iterable[str], values: dict[str, Any], origins: dict[Location, str]) -> None:
    """Write each `key=value` into the values, before they are validated."""
    messages = []
    for override in overrides:
        key, equals, text = override.partition("=")
        parts = key.strip().split(".")
        if not equals or not all(parts):
            messages.append(f"--set {override}: expected section.key=value, such as train.epochs=3")
            continue
        try:
            value = yaml_lines.read_value(text)
        except ValueError as error:
            messages.append(f"--set {key}: {error}" + "; put it in quotes" * str(error).startswith("not valid YAML"))
            continue
        for below in [location for location in origins if location[: len(parts)] == tuple(parts)]:
            del origins[below]
        place: Any = values
        for depth, part in enumerate(parts[:-1], 1):
            if isinstance(place.get(part), list):
                messages.append(f"--set {override}: {part} is a list and is set whole: {'.'.join(parts[:depth])}=[...]")
                break
            if not isinstance(place.get(part), dict):
                place[part] = {}
            place = place[part]
            origins.setdefault(tuple(parts[:depth]), f"--set {key}")
        else:
            place[parts[-1]] = value
            origins[tuple(parts)] = f"--set {key}"
    if messages:
        raise ConfigError(messages)


def _problems_of_valid_sections(values: Mapping[str, Any], schema: type[Config]) -> Iterator[InputError]:
    """Yield what else is wrong in those sections of a mistaken recipe that are right by themselves."""
    for name, field in schema.model_fields.items():
        try:
            adapter: TypeAdapter[Section] = TypeAdapter(Annotated.__class_getitem__((field.annotation, field)))
            section = adapter.validate_python(values.get(name, {}))
        except ValidationError:
            continue
        for problem in section.problems():
            yield InputError(f"{name}.{problem.key}", problem.message)


def _place(problem: InputError, origins: dict[Location, str]) -> str:
    where = nearest_origin(origins, tuple(problem.key.split("."))) if problem.key else None  # of no setting
    return f"{where}: {problem.told}" if where else problem.told
