"""Every row of the benchmark does its work, at tiny sizes; what is measured is left to `lstmzoo bench`."""

import importlib
import os
import subprocess
import sys

import pytest

from lstm_zoo.bench import ROWS, all_rows
from lstm_zoo.bench.row import Context


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    return Context(tmp_path_factory.mktemp("scratch"), quick=True)


@pytest.mark.parametrize("make", ROWS, ids=lambda make: make.__name__)
@pytest.mark.xdist_group("bench")
def test_all_contenders_of_a_row_do_its_work(make, context, monkeypatch):
    monkeypatch.setattr("lstm_zoo.data.reading.DECODED_BYTES", 2**30)  # one contender sets it
    assert make.__doc__
    for row in make(context):
        assert next(iter(row.contenders)) == "ours" and row.unit
        if row.setup:
            row.setup(context)
        for contender in row.contenders.values():
            if "tensorflow" not in contender.backends:
                continue
            try:
                importlib.import_module(contender.package)
            except ImportError:
                continue
            seconds = contender.start(context)(1)
            assert seconds is None or seconds > 0


def test_rows_have_names_of_their_own(context):
    names = [row.name for row in all_rows(context)]
    assert len(set(names)) == len(names)


WITHOUT_TENSORFLOW = """
import sys

sys.modules["tensorflow"] = None
from pathlib import Path
from lstm_zoo.bench import all_rows
from lstm_zoo.bench.row import Context

context = Context(Path("."), quick=True)
for row in all_rows(context):
    if "jax" in row.backends and "by size" not in row.name:  # that one repeats another
        row.contenders["ours"].start(context)(1)
        print(row.name)
"""


def test_layers_and_networks_are_measured_on_jax_without_tensorflow():
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run([sys.executable, "-c", WITHOUT_TENSORFLOW], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    for name in ("LSTM training", "LSTM forward", "LSTM inference", "flatten_lstm", "cnn_lstm", "frame features"):
        assert name in done.stdout
