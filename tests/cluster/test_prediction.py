"""Prediction by workers, against that of one process."""

import os
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from lstm_zoo.cluster import prediction
from lstm_zoo.cluster.prediction import groups_of, predictions_by
from lstm_zoo.console.visible import tell
from lstm_zoo.contracts import InputError, Result, Views
from lstm_zoo.runs.prediction import asked_for


class Sizes:
    """Data whose files are asked for their sizes; `dying` ends its process once, `deadly` each time."""

    at_once = media = None

    def first_file(self, path, spec):
        del spec
        return path

    def views(self, path, spec):
        del spec
        if path.name == "deadly" or (path.name == "dying" and not path.with_name("died").exists()):
            path.with_name("died").touch()
            os._exit(9)
        if path.name == "bad":
            raise InputError("", f"{path}: is bad")
        return Views({"size": [path.stat().st_size]}, lambda outputs: next(iter(outputs)))


class Process:
    """A network that says in which process it was asked."""

    spec = memory = None

    def __init__(self):
        self.config = SimpleNamespace(data=Sizes(), train=SimpleNamespace(batch_size=2), task=self)

    def on_rows(self, rows, size):
        del size
        return iter(list(rows))

    def result(self, outputs, *_, **__):
        if outputs["size"] == 7:
            tell("seven")
        return Result("", {"size": outputs["size"], "process": os.getpid()}, "", {"a.txt": b"a" * outputs["size"]})


@pytest.mark.xdist_group("ray")
def test_files_are_dealt_and_those_of_a_worker_that_dies_done_again_but_for_one_that_kills_it(
    two_workers, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(
        prediction, "connected", lambda wanted: nullcontext()
    )  # which would end the cluster of all tests
    names = [f"{number:02d}" for number in range(20)] + ["bad", "dying", "deadly"]
    for size, name in enumerate(names):
        (tmp_path / name).write_bytes(b"x" * size)
    network = Process()
    asked = asked_for(network.config.data, None, [tmp_path / name for name in names], tmp_path / "saved")
    told = list(predictions_by(two_workers, network, asked))
    assert sorted(one.number for one in told) == list(range(1, 24))
    assert {Path(one.file).name: one.facts["error"] for one in told if one.failed} == {
        "bad": "is bad",
        "deadly": "ends the process that reads it, each time: it is damaged, or takes more memory than there is",
    }
    processes = {one.facts.get("process") for one in told}
    assert len(processes) >= 2 and os.getpid() not in processes
    saved = {file.name: file.stat().st_size for file in (tmp_path / "saved").iterdir()}
    right = [one for one in told if not one.failed]
    assert saved == {f"{one.number:03d}-{Path(one.file).name}-a.txt": one.facts["size"] for one in right}
    said = capsys.readouterr().err
    assert "seven" in said and "a worker has died" in said


def test_groups_hold_all_files_once_and_full_batches_where_there_are_as_many():
    for num_files, num_workers, batch_size in ((1, 2, 8), (5, 2, 8), (187, 2, 8), (10_000, 3, 4)):
        groups = list(groups_of(range(num_files), num_workers, batch_size))
        assert [one for group in groups for one in group] == list(range(num_files))
        assert len(groups) >= min(num_files, num_workers) and max(map(len, groups)) <= 4 * batch_size
        assert num_files < num_workers * batch_size or {len(group) % batch_size for group in groups[:-1]} == {0}
    assert list(groups_of([], 2, 8)) == []
