"""Which data, model and task fit together, told before anything is prepared or built."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..contracts import DataConfig, InputError, ModelConfig, TaskConfig
from .kinds import Kinds, kind_of

_ANSWERS = {
    "classes": "one class an example",
    "label_map": "a class for every pixel or voxel",
    "words": "a sentence",
    "text": "a line of text",
    "number": "a number",
    "frames": "the frames that follow",
    "normal": "how little normal a film is",
}


def fits(data: type[DataConfig], model: type[ModelConfig]) -> bool:
    """Say whether a model can be trained on data."""
    return data.gives in model.takes and data.target == model.answers


def misfits(data: DataConfig, model: ModelConfig, task: TaskConfig, there: Kinds) -> Iterator[InputError]:
    """Yield what does not fit, each with the kinds that would.

    Args:
        data: The section of the data.
        model: That of the model.
        task: That of the task.
        there: All kinds that there are.
    """
    if not fits(type(data), type(model)):
        takes = " or ".join(sorted(model.takes))
        models = _named(one for one in there.models if fits(type(data), one))
        sets = _named(one for one in there.data if fits(one, type(model)))
        yield InputError(
            "model.kind",
            f"'{model.kind}' takes {takes} and answers with {_ANSWERS.get(model.answers, model.answers)}; data.kind "
            f"'{data.kind}' gives {data.gives} and asks for {_ANSWERS.get(data.target, data.target)}. Models for these "
            f"data: {models}; data for this model: {sets}",
        )
    if task.target != data.target:
        tasks = _named(one for one in there.tasks if one.target == data.target)
        yield InputError(
            "task.kind",
            f"'{task.kind}' learns {_ANSWERS.get(task.target, task.target)}; data.kind '{data.kind}' asks for "
            f"{_ANSWERS.get(data.target, data.target)}. Tasks for these data: {tasks}",
        )


def _named(found: Iterable[type[DataConfig] | type[ModelConfig] | type[TaskConfig]]) -> str:
    return ", ".join(map(kind_of, found)) or "none"
