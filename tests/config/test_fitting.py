"""Which data, model and task fit together, over all that are shipped."""

import re
from itertools import product

import pytest

from lstm_zoo.config.fitting import fits, misfits
from lstm_zoo.config.kinds import kind_of, kinds
from lstm_zoo.data import DATA
from lstm_zoo.models import MODELS
from lstm_zoo.tasks import TASKS

PAIRS = {f"{kind_of(data)}-{kind_of(model)}": (data, model) for data, model in product(DATA, MODELS)}


def told(data, model, task):
    """Return the messages for three kinds, by key."""
    return {one.key: one.message for one in misfits(*map(_Chosen, (data, model, task)), kinds())}


def _Chosen(section):
    """Return a section without its settings: what fits depends on kinds alone."""
    return section.model_construct(kind=kind_of(section))


def named(message, what):
    """Return the kinds that a message names as those that fit."""
    (found,) = re.findall(rf"(?i){what}: ([a-z0-9_, ]+)", message)
    return found.split(", ")


@pytest.mark.parametrize("pair", PAIRS)
def test_every_pair_is_accepted_or_refused_with_kinds_that_fit(pair):
    data, model = PAIRS[pair]
    task = next(task for task in TASKS if task.target == data.target)
    messages = told(data, model, task)
    if data.gives in model.takes and data.target == model.answers:
        assert messages == {}
        return
    message = messages.pop("model.kind")
    assert messages == {} and kind_of(data) in message and kind_of(model) in message
    by_kind = {kind_of(section): section for section in (*DATA, *MODELS)}
    models, sets = named(message, "models for these data"), named(message, "data for this model")
    assert models and all(fits(data, by_kind[name]) for name in models)
    assert sets and all(fits(by_kind[name], model) for name in sets)


@pytest.mark.parametrize(("data", "task"), product(DATA, TASKS), ids=lambda section: kind_of(section))
def test_every_task_is_accepted_or_refused_with_tasks_that_fit(data, task):
    model = next(model for model in MODELS if fits(data, model))
    messages = told(data, model, task)
    if task.target == data.target:
        assert messages == {}
    else:
        tasks = {kind_of(section): section for section in TASKS}
        found = named(messages.pop("task.kind"), "tasks for these data")
        assert messages == {} and found and all(tasks[name].target == data.target for name in found)


def test_shipped_kinds_can_all_be_used():
    for model in MODELS:
        assert any(fits(data, model) for data in DATA), model
    for data in DATA:
        assert any(fits(data, model) for model in MODELS), data
