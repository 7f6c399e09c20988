"""Every row of the benchmark does its work, at tiny sizes; what is measured is left to `lstmzoo bench`."""

import importlib
import inspect
from functools import partial
from pathlib import Path

import keras
import pytest
from conftest import run_on_jax, small_mobilenet

import lstm_zoo
from lstm_zoo.bench import ROWS, all_rows, exported_networks, lstm_training
from lstm_zoo.bench.row import Context, is_ours

REPEATED = "by size"
"""In the name of a row whose contenders do what another's do, on other sizes."""


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    return Context(tmp_path_factory.mktemp("scratch"), quick=True)


@pytest.fixture(scope="module")
def done():
    """What contenders have done already, in whatever row."""
    return []


def work_of(contender):
    """Return what tells a contender's work apart; with and without oneDNN, which is for a process, it is the same."""
    start = contender.start
    return (start.func, start.args) if isinstance(start, partial) else start


@pytest.mark.parametrize("make", ROWS, ids=lambda make: make.__name__)
@pytest.mark.xdist_group("bench")
def test_all_contenders_of_a_row_do_its_work(make, context, done, monkeypatch):
    monkeypatch.setattr(keras.applications, "MobileNetV2", small_mobilenet)
    monkeypatch.setattr("lstm_zoo.data.pipeline.stored.KEPT_BYTES", 2**30)  # one contender sets it
    assert make.__doc__
    for row in make(context):
        if REPEATED in row.name:
            continue
        assert next(iter(row.contenders)) == "ours" and row.unit
        if row.setup:
            row.setup(context)
        for contender in row.contenders.values():
            if "tensorflow" not in contender.backends or work_of(contender) in done:
                continue
            done.append(work_of(contender))
            try:
                importlib.import_module(contender.package)
            except ImportError:
                continue
            seconds = contender.start(context)(1)
            assert seconds is None or seconds > 0


def test_every_row_has_something_that_is_not_ours_to_know_a_busy_machine_by(context):
    for row in all_rows(context):
        (first, *_), others = row.measured, [name for name in row.measured if not is_ours(name)]
        assert first == "ours" and others
    (exported,) = exported_networks(context)
    assert "a matrix product" in exported.measured and "a matrix product" not in lstm_training(context)[0].measured
    exported.measured["a matrix product"].start(context)(1)


def test_rows_have_names_of_their_own(context):
    names = [row.name for row in all_rows(context)]
    assert len(set(names)) == len(names)


def test_the_page_names_every_subject():
    page = (Path(lstm_zoo.__file__).parent / "bench" / "README.md").read_text(encoding="utf-8")
    assert [make.__name__ for make in ROWS if f"`{make.__name__}`" not in page] == []


WITHOUT_TENSORFLOW = f"""
import sys

sys.modules["tensorflow"] = None
from functools import partial
from pathlib import Path
import keras
from lstm_zoo.bench import all_rows
from lstm_zoo.bench.row import Context

{inspect.getsource(small_mobilenet)}
keras.applications.MobileNetV2 = small_mobilenet
context = Context(Path("."), quick=True)
for row in all_rows(context):
    if "jax" in row.backends and "{REPEATED}" not in row.name and "workers" not in row.name:  # who read data
        row.contenders["ours"].start(context)(1)
        print(row.name)
"""


def test_layers_and_networks_are_measured_on_jax_without_tensorflow():
    done = run_on_jax(WITHOUT_TENSORFLOW)
    for name in ("LSTM training", "LSTM forward", "LSTM inference", "flatten_lstm", "cnn_lstm", "frame features"):
        assert name in done
