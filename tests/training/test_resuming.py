"""Resuming: exactly where a run was interrupted, and what is refused."""

import shutil
import signal

import keras
import numpy as np
import pytest
from trained import assert_same, quick_recipe, recipe, weights

from lstm_zoo.config.recipe import ConfigError, load
from lstm_zoo.console.signals import Stopped
from lstm_zoo.contracts import InputError
from lstm_zoo.runs.directory import Run
from lstm_zoo.training.checkpoint import Checkpoint
from lstm_zoo.training.checkpoints import Checkpoints
from lstm_zoo.training.fit import train
from lstm_zoo.training.history import History

EXACT = [
    "train.early_stopping=9",
    "train.schedule.kind=plateau",
    "train.schedule.patience=1",
    "train.optimizer.ema_momentum=0.9",
]
TEN_STEPS = ["train.batch_size=1", "data.num_train=10", "data.num_val=2"]  # in two executions


def test_a_resumed_run_is_the_run_that_was_never_interrupted(data_dir, tmp_path, monkeypatch):
    """The torn run is what was on the disk after the row of the third epoch, before its checkpoint."""
    config = recipe(data_dir, *EXACT, "train.epochs=4", "model.dropout=0.4", "model.feature_norm=true")
    original = History.on_epoch_end

    def tear(self, epoch, logs=None):
        original(self, epoch, logs)
        if epoch == 2:
            shutil.copytree(tmp_path / "whole", tmp_path / "torn")

    with monkeypatch.context() as patch:
        patch.setattr(History, "on_epoch_end", tear)
        whole = train(config, tmp_path / "whole", evaluate=False)
    keras.utils.set_random_seed(77)
    resumed = train(config, tmp_path / "torn", resume=True, evaluate=False)

    assert_same(whole, resumed)


@pytest.mark.usefixtures("eager")
def test_a_run_that_is_stopped_at_every_turn_is_the_run_that_was_never_interrupted(data_dir, tmp_path, monkeypatch):
    """Within an epoch, in validation, and after an epoch; the last life ends by itself."""
    config = quick_recipe(data_dir, *EXACT, "train.epochs=2", *TEN_STEPS)
    whole = train(config, tmp_path / "whole", evaluate=False)
    turns = {"on_train_batch_end": (0, 5), "on_test_batch_end": (0, 10), "on_epoch_end": (1, 0)}
    for life, (turn, position) in enumerate(turns.items()):
        original = getattr(Checkpoint, turn)

        def stop(self, number, logs=None, original=original):
            self._stops.asked = signal.SIGTERM
            original(self, number, logs)

        with monkeypatch.context() as patch, pytest.raises(Stopped) as caught:
            patch.setattr(Checkpoint, turn, stop)
            train(config, tmp_path / "stopped", resume=life > 0, evaluate=False)
        assert caught.value.status == 143
        assert Checkpoints(tmp_path / "stopped").positions()[-1] == position
    assert_same(whole, train(config, tmp_path / "stopped", resume=True, evaluate=False))


@pytest.mark.usefixtures("eager")
def test_checkpoints_come_by_steps_and_by_the_clock(data_dir, tmp_path, monkeypatch):
    written = []
    original = Checkpoints.write
    monkeypatch.setattr(
        Checkpoints, "write", lambda self, saved: [written.append(saved.position), original(self, saved)]
    )
    for often in ("every_steps=5", "every_minutes=1e-9"):
        written.clear()
        config = quick_recipe(data_dir, "train.epochs=1", *TEN_STEPS, f"train.checkpoint.{often}")
        run = train(config, tmp_path / often, evaluate=False)
        assert written == [(0, 5), (0, 10), (1, 0)] and Checkpoints(run.path).positions() == [(0, 10), (1, 0)]


@pytest.mark.usefixtures("eager")
def test_early_stopping_may_be_added_and_changed_if_asked_to(data_dir, tmp_path):
    run = train(quick_recipe(data_dir, "train.epochs=1"), tmp_path / "run", evaluate=False)
    for patience in (1, 2):
        settings = ["train.epochs=2", f"train.early_stopping={patience}"]
        train(quick_recipe(data_dir, *settings), run.path, resume=True, anyway=True, evaluate=False)
    assert "wait" in Checkpoints(run.path).newest().facts["callbacks"]["EarlyStopping"]


def test_two_processes_never_train_into_one_run(smoke_run):
    with (
        smoke_run.run.locked(),
        pytest.raises(InputError, match=r"process \d+ on .* trains into .*expected to be the only"),
    ):
        train(smoke_run.config, smoke_run.folder, resume=True)


def test_other_programs_are_told_and_passed_over_if_asked_to(smoke_run, data_dir, tmp_path, monkeypatch):
    path = shutil.copytree(smoke_run.folder, tmp_path / "run")
    monkeypatch.setattr("lstm_zoo.runs.environment._code", lambda: "123456789abc")
    with pytest.raises(InputError, match=r"code: .*run was started with .*, now it is 123456789abc.*--resume-anyway"):
        train(smoke_run.config, path, resume=True)
    train(smoke_run.config, path, resume=True, anyway=True, evaluate=False)
    (resumed,) = Run.open(path).environment["resumed"]
    assert resumed["differences"][0].startswith("code: ")


@pytest.mark.usefixtures("eager")
def test_a_damaged_checkpoint_is_told_and_the_one_before_it_serves(data_dir, tmp_path, capsys):
    config = quick_recipe(data_dir, "train.epochs=2")
    whole = train(config, tmp_path / "whole", evaluate=False)
    shutil.copytree(tmp_path / "whole", tmp_path / "again")
    checkpoints = Checkpoints(tmp_path / "again")
    assert checkpoints.positions() == [(1, 0), (2, 0)]  # two are kept
    file = checkpoints.file(checkpoints.positions()[1])
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    killed = [file.with_name(f".1.draft.{file.name}"), tmp_path / "again" / ".1.draft.history.csv"]
    for draft in killed:
        draft.touch()
    again = train(config, tmp_path / "again", resume=True, evaluate=False)
    assert f"{file.name} is damaged" in capsys.readouterr().err
    assert not any(draft.exists() for draft in killed)
    assert_same(whole, again)


@pytest.mark.usefixtures("eager")
def test_a_run_that_stopped_early_stays_stopped(data_dir, tmp_path):
    """With a learning rate of next to nothing no epoch is better than the first."""
    settings = ["train.epochs=6", "train.early_stopping=1", "train.optimizer.learning_rate=1e-30"]
    run = train(quick_recipe(data_dir, *settings), tmp_path / "run", evaluate=False)
    history = (run.path / "history.csv").read_text()
    assert len(history.splitlines()) < 6
    best = weights(run)
    again = train(quick_recipe(data_dir, *settings), tmp_path / "run", resume=True, evaluate=False)
    assert (run.path / "history.csv").read_text() == history
    for one, other in zip(best, weights(again), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.xdist_group("unvalidated")
def test_resuming_with_other_data_is_refused(unvalidated_run):
    next(unvalidated_run.config.data.root.rglob("*.avi")).unlink()
    with pytest.raises(InputError, match="the data have changed since"):
        train(unvalidated_run.config, unvalidated_run.path, resume=True)


def test_resuming_with_another_recipe_lists_what_differs(smoke_run, data_dir):
    other = recipe(data_dir, "model.units=[9]", "train.epochs=3")
    with pytest.raises(ConfigError) as caught:
        train(other, smoke_run.folder, resume=True)
    assert len(caught.value.messages) == 1 and "model.units" in caught.value.messages[0]


@pytest.mark.usefixtures("eager")
def test_a_recipe_is_not_resumed_by_a_run_of_a_longer_name(data_dir, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "a-b"):
        (tmp_path / f"{name}.yaml").write_text(recipe(data_dir, "train.epochs=1").to_yaml())
    run = train(load("a-b.yaml"), evaluate=False)
    assert run.path.parent.name == "runs"
    with pytest.raises(InputError, match="no run of a below"):
        train(load("a.yaml"), resume=True)
