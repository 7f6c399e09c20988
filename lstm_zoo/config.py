"""A recipe: one YAML file with the sections data, model, task and train, checked before anything slow starts.

The sections are discriminated unions over `kind`: the classes in `lstm_zoo.data`, `lstm_zoo.models` and
`lstm_zoo.tasks` are the registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
)

from . import yaml_lines
from .console.text import did_you_mean
from .contracts import InputError, Section
from .data import Data
from .mistakes import explain, nearest_origin
from .models import Model
from .tasks import Task
from .yaml_lines import Location


class ScheduleConfig(Section):
    """How the learning rate moves during training."""

    kind: Literal["constant", "cosine", "plateau"] = "cosine"
    """`cosine` falls to zero over the whole training; `plateau` divides when validation stops improving."""
    warmup_epochs: NonNegativeFloat = 0.0
    """Length of the linear rise from zero at the start, in epochs; not for `plateau`."""
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """What `plateau` multiplies the learning rate with."""
    patience: PositiveInt = 3
    """Epochs without improvement that `plateau` waits for."""

    def problems(self) -> Iterator[InputError]:
        """Yield combinations that would be ignored in silence."""
        if self.kind == "plateau" and self.warmup_epochs:
            yield InputError("warmup_epochs", "a plateau schedule has no warm-up; set 0, or choose kind: cosine")


class OptimizerConfig(Section):
    """Which optimizer, and its settings."""

    kind: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    """`sgd` runs with Nesterov momentum 0.9."""
    learning_rate: PositiveFloat = 1e-3
    """Highest learning rate of the schedule."""
    weight_decay: NonNegativeFloat = 0.0
    """Decoupled weight decay per step, as a fraction of the learning rate."""
    clip_norm: PositiveFloat | None = 1.0
    """Largest global norm of the gradients; longer ones are shortened to it. null: no clipping."""
    ema_momentum: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Momentum of a running mean of the weights, which is what is validated and kept; null: the weights themselves."""


class TrainConfig(Section):
    """How Keras `fit` trains the network."""

    epochs: PositiveInt = 20
    """Passes over the training split."""
    batch_size: PositiveInt = 16
    """Examples a step, over all devices together."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of initial weights, dropout, order and augmentation."""
    optimizer: OptimizerConfig = OptimizerConfig()
    """Optimizer and its settings."""
    schedule: ScheduleConfig = ScheduleConfig()
    """Course of the learning rate."""
    early_stopping: PositiveInt | None = None
    """Epochs without a better validation figure after which training ends; null: never."""
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    """Numbers to compute with; weights stay float32."""
    devices: PositiveInt | None = None
    """GPUs to train on; null: all that are visible. More than one trains through `tf.distribute.MirroredStrategy`."""
    cached_views: NonNegativeInt | None = None
    """Views of each training example whose features are computed once and kept, where the encoder is frozen; null: one
    where training examples are the same in every epoch, else none; 0: features are never kept."""
    jit_compile: bool | None = None
    """Compile the training step with XLA; null: where that is faster. Each epoch then leaves out the examples that do
    not fill a batch, others each time, since every further batch size would be compiled anew."""

    def problems(self) -> Iterator[InputError]:
        """Yield combinations that cannot work."""
        yield from super().problems()
        if self.schedule.warmup_epochs >= self.epochs:
            yield InputError(
                "schedule.warmup_epochs",
                f"the warm-up takes {self.schedule.warmup_epochs:g} of {self.epochs} epochs; leave some to train in",
            )


class Config(Section):
    """A complete recipe."""

    data: Data
    """Where examples come from."""
    model: Model
    """The network."""
    task: Task
    """What it learns."""
    train: TrainConfig = TrainConfig()
    """How it is trained."""

    _origins: dict[Location, str] = PrivateAttr(default_factory=dict)
    _name: str = PrivateAttr(default="config")

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
        backbone = getattr(self.model, "backbone", None)
        if self.train.cached_views and not (backbone and backbone.frozen):
            yield InputError(
                "train.cached_views",
                f"is {self.train.cached_views}, but the network has no frozen encoder; freeze it (a backbone with "
                "pretrained weights and train_from: null), or set train.cached_views=null",
            )
        for section in ("data", "model"):
            chosen = getattr(self, section)
            if self.task.kind not in chosen.tasks:
                yield InputError(
                    f"{section}.kind",
                    f"'{chosen.kind}' does not serve the task '{self.task.kind}'; it is made for "
                    f"{_listed(chosen.tasks)}",
                )

    def check(self) -> Config:
        """Return self if nothing is wrong.

        Raises:
            ConfigError: With all problems at once.
        """
        messages = [self.describe(problem) for problem in self.problems()]
        if messages:
            raise ConfigError(messages)
        return self

    def to_yaml(self) -> str:
        """Return the recipe with all defaults written out."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


class ConfigError(ValueError):
    """Everything that is wrong with a config, one message a mistake, each with its place and its mend."""

    def __init__(self, messages: list[str]):
        super().__init__("\n".join(messages))
        self.messages = messages


def shipped_configs() -> dict[str, Path]:
    """Return the recipes that come with the package, by file name (`smoke/x.yaml` for those in the smoke folder)."""
    package = Path(__file__).parent
    folder = next(place for place in (package / "configs", package.parent / "configs") if place.is_dir())
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.yaml"))}


def load(path: str | Path, overrides: Iterable[str] = ()) -> Config:
    """Read a recipe, apply the overrides and check types, ranges and names.

    Args:
        path: A YAML file; a bare name that is no file here is looked up among the shipped recipes.
        overrides: Settings such as `"train.epochs=3"`; the value is read as YAML.

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
    origins = {location: f"{file}:{line}" for location, line in lines.items()}
    _apply(overrides, values, origins)
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        problems = [_place(problem, origins) for problem in _problems_of_valid_sections(values)]
        raise ConfigError(explain(error, Config, origins, str(file)) + problems) from None
    config._origins.update(origins)
    config._name = file.stem
    return config


def _find(path: Path) -> Path:
    if path.is_file():
        return path
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
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            messages.append(f"--set {override}: the value is no valid YAML; put it in quotes")
            continue
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


def _problems_of_valid_sections(values: dict[str, Any]) -> Iterator[InputError]:
    """Yield what else is wrong in those sections of a mistaken recipe that are right by themselves."""
    for name, field in Config.model_fields.items():
        try:
            adapter: TypeAdapter[Section] = TypeAdapter(Annotated.__class_getitem__((field.annotation, field)))
            section = adapter.validate_python(values.get(name, {}))
        except ValidationError:
            continue
        for problem in section.problems():
            yield InputError(f"{name}.{problem.key}", problem.message)


def _place(problem: InputError, origins: dict[Location, str]) -> str:
    where = nearest_origin(origins, tuple(problem.key.split(".")))
    return f"{where}: {problem}" if where else str(problem)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
