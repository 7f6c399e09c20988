"""Workers that train, lose one, stall and are stopped."""

import os
import signal
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from taking_parts import counting, hanging, waiting

from lstm_zoo.cluster import taking_part, training
from lstm_zoo.cluster.room import Wanted
from lstm_zoo.cluster.training import Patience, _Attempt, room_for, until_done
from lstm_zoo.cluster.workers import WorkersError
from lstm_zoo.config.recipe import load
from lstm_zoo.console.signals import Stopped, Stops

pytestmark = pytest.mark.xdist_group("ray")


def test_a_worker_that_dies_ends_the_attempt_and_another_begins_where_it_was(
    two_workers, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(taking_part, "take_part", counting)
    how = taking_part.How(init=tmp_path / "before")
    until_done(load("smoke/cnn_lstm.yaml"), tmp_path, two_workers, how, Patience(), Stops())
    assert [(tmp_path / f"count-{number}").read_text() for number in (0, 1)] == ["8", "8"]
    told = capsys.readouterr().err
    assert "has died" in told or "another process has ended" in told
    assert told.endswith("the last line\n")
    assert "2 of 2 workers go on from the last checkpoint (failure 1 of at most 3)" in told


def test_lines_that_are_fetched_when_all_have_ended_are_shown_too(monkeypatch, capsys):
    """The worker answers late: what it had told by then is in an answer that nobody has waited for."""
    answers = iter([["epoch 1"], ["epoch 2"]])
    fetched = SimpleNamespace(run=SimpleNamespace(remote=lambda function: (next(answers), 1)))
    ray = SimpleNamespace(
        get=lambda ref: ref,
        wait=lambda refs, num_returns=1, timeout=0: (refs, []) if num_returns and refs == ["training"] else ([], refs),
        exceptions=SimpleNamespace(RayError=OSError, RayTaskError=OSError, RayActorError=OSError),
    )
    monkeypatch.setattr("lstm_zoo.cluster.training.ray_module", lambda: ray)
    workers = SimpleNamespace(actors=[fetched], asked=lambda question: [("node", "here", 1)])
    attempt = _Attempt(workers, 10.0, Stops())
    attempt._at_work["training"] = 0
    attempt._wait()
    assert capsys.readouterr().err == "epoch 1\nepoch 2\n"


def test_workers_that_make_no_step_are_lost_and_too_many_losses_end_it(two_workers, tmp_path, monkeypatch):
    monkeypatch.setattr(taking_part, "take_part", hanging)
    begun = time.monotonic()
    patience = Patience(stall_minutes=0.02, max_failures=0)
    with pytest.raises(WorkersError, match=r"no step was made for 0\.02 minutes; that is more than --max-failures 0"):
        until_done(load("smoke/cnn_lstm.yaml"), tmp_path, two_workers, taking_part.How(), patience, Stops())
    assert time.monotonic() - begun < 300


def test_a_signal_stops_all_workers_and_nothing_is_left_of_them(two_workers, tmp_path, monkeypatch):
    monkeypatch.setattr(taking_part, "take_part", waiting)
    threading.Timer(2, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(Stopped) as caught, Stops() as stops:
        until_done(load("smoke/cnn_lstm.yaml"), tmp_path, two_workers, taking_part.How(), Patience(), stops)
    assert caught.value.status == 143
    assert [(tmp_path / f"stopped-{number}").read_text() for number in (0, 1)] == ["15", "15"]


def test_there_are_as_many_workers_as_fit_and_share_batches_evenly():
    assert room_for(Wanted(4), 9, 12).workers == 4
    assert room_for(Wanted(8), 7, 12).workers == 6
    assert room_for(Wanted(3), 2, 9) == Wanted(1)
    with pytest.raises(WorkersError, match="no node is left"):
        room_for(Wanted(3), 0, 9)


def test_a_node_whose_loss_is_noticed_late_costs_one_more_attempt(tmp_path, monkeypatch, capsys):
    """Its place was counted, and nobody comes to it."""
    places, tried = iter([2, 1]), []

    class Attempt:
        def __init__(self, workers, *others):
            tried.append(workers)

        def end(self, *of):
            if len(tried) == 1:
                raise training._LostError("worker 1 has died")

    @contextmanager
    def workers(wanted, *others, **more):
        if tried and wanted.workers == 2:
            raise WorkersError("no room for 2 workers")
        yield wanted.workers

    monkeypatch.setattr(training, "Workers", workers)
    monkeypatch.setattr(training, "_Attempt", Attempt)
    monkeypatch.setattr(training, "num_places", lambda wanted: next(places))
    until_done(load("smoke/cnn_lstm.yaml"), tmp_path, Wanted(2), taking_part.How(), Patience(), Stops())
    assert tried == [2, 1] and "no room for 2 workers; 1 of 2 workers go on" in capsys.readouterr().err
