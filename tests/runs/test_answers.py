"""Files that are read ahead and batched together, by a network that says what it is shown."""

import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lstm_zoo.contracts import InputError, Part, Result, Views
from lstm_zoo.runs.answers import Answered, answers_to


def views_of(*numbers, **options):
    inputs = {"number": np.array(numbers)} if numbers else {}
    return Views(inputs, lambda outputs: {"sum": sum(one["number"] for one in outputs)}, **options)


class Data:
    """Files whose names are the numbers that their views hold; `-` parts them, `!` cannot be read."""

    at_once = 2

    def __init__(self):
        self.read, self.lock = [], threading.Lock()

    def views(self, path, spec):
        del spec
        with self.lock:
            self.read.append(path.name)
        if "!" in path.name:
            raise InputError("", f"{path}: no number")
        whole, *parts = (map(int, filter(None, one.split("+"))) for one in path.name.split("-"))
        made = (Part({"name": number}, "", views_of(*part)) for number, part in enumerate(parts))
        return views_of(*whole, parts=made)


class Asked:
    """A network that keeps how many rows it was asked at once; numbers above 99 are too large for it."""

    spec = memory = None

    def __init__(self):
        task = SimpleNamespace(result=lambda outputs, *_, **__: Result(str(outputs["sum"]), {}, ""))
        self.config = SimpleNamespace(data=Data(), task=task, train=SimpleNamespace(batch_size=4))
        self.sizes = []

    def on_rows(self, rows, size):
        rows = list(rows)
        if rows and max(row["number"] for row in rows) > 99:
            raise InputError("", "is too large")
        self.sizes += [(len(rows[at : at + size]), size) for at in range(0, len(rows), size)]
        return iter(rows)


@pytest.fixture
def network():
    return Asked()


def told(network, *names):
    return [
        (one.whole and one.whole.answer, [result.answer for _, result in one.parts])
        if isinstance(one, Answered)
        else one.message
        for one in answers_to(network, [Path(name) for name in names])
    ]


def test_rows_of_several_files_are_one_batch_and_answers_keep_their_order(network):
    found = told(network, "1", "2+3", "4", "5+6+7", "8+9+10+11+12+13", "14")
    assert found == [("1", []), ("5", []), ("4", []), ("18", []), ("63", []), ("14", [])]
    assert network.sizes == [(4, 4), (3, 4), (4, 4), (2, 4), (1, 4)]


def test_parts_share_batches_too_and_lose_their_views(network):
    assert told(network, "-1-2", "3-4", "-0") == [(None, ["1", "2"]), ("3", ["4"]), (None, ["0"])]
    (one,) = answers_to(network, [Path("-1-2")])
    assert [part.views for part, _ in one.parts] == [None, None] and [part.about["name"] for part, _ in one.parts] == [
        0,
        1,
    ]


def test_a_file_that_cannot_be_read_or_asked_costs_nothing_else(network):
    assert told(network, "1", "!", "100", "2-3", "4-100", "5") == [
        ("1", []),
        "!: no number",
        "is too large",
        ("2", ["3"]),
        "is too large",
        ("5", []),
    ]


def test_few_files_are_read_ahead(network):
    answers = answers_to(network, [Path(str(number)) for number in range(50)])
    next(answers)
    assert 4 <= len(network.config.data.read) <= 4 + 2 * 2 + 1
    assert len(list(answers)) == 49
    bad = answers_to(network, [Path("!")] * 50)
    next(bad)
    assert len(network.config.data.read) <= 50 + 4 + 2 * 2 + 1
