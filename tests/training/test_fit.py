"""Training: what a run holds, resuming exactly, and what is refused."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import running_eagerly

from lstm_zoo.config.recipe import ConfigError, load
from lstm_zoo.console.signals import Stopped
from lstm_zoo.contracts import InputError
from lstm_zoo.runs.directory import Run
from lstm_zoo.runs.network import RunNetwork
from lstm_zoo.training import devices
from lstm_zoo.training.checkpoint import Checkpoint
from lstm_zoo.training.checkpoints import Checkpoints
from lstm_zoo.training.divergence import DivergedError, Divergence
from lstm_zoo.training.fit import train
from lstm_zoo.training.history import History
from lstm_zoo.training.optimizer import make_optimizer


def weights(run):
    return RunNetwork(run).model.get_weights()


def assert_same(run, other):
    """Whatever an interrupted run leaves is what the other leaves, to the last bit."""
    assert (run.path / "history.csv").read_text() == (other.path / "history.csv").read_text()
    for one, same in zip(weights(run), weights(other), strict=True):
        np.testing.assert_array_equal(one, same)
    last, of_other = (Checkpoints(one.path).newest() for one in (run, other))
    assert last.position == of_other.position
    assert last.facts == of_other.facts
    for name, values in last.arrays.items():
        np.testing.assert_array_equal(values, of_other.arrays[name], err_msg=name)


def loss(run):
    """Return the loss of the best weights on all validation examples."""
    splits = run.config.data.load()
    inputs, targets = next(splits.eval_stream("val", 8).as_numpy_iterator())
    objective = run.config.task.objective(run.spec, list)
    return float(np.mean(objective.loss(targets, RunNetwork(run).model.predict(inputs, verbose=0))))


def recipe(data_dir, *overrides, name="cnn_lstm"):
    return load(f"smoke/{name}.yaml", [f"data.data_dir={data_dir}", *overrides])


def quick_recipe(data_dir, *overrides):
    """Return the recipe whose steps take the least."""
    return recipe(data_dir, *overrides, name="flatten_lstm")


@pytest.fixture(scope="module")
def unvalidated_run(video_root, data_dir, tmp_path_factory):
    """A run of two epochs without validation, on a copy of the videos."""
    folder = tmp_path_factory.mktemp("unvalidated")
    root = shutil.copytree(video_root, folder / "videos")
    overrides = [f"data.root={root}", "data.val_fraction=0", "train.epochs=2", f"data.data_dir={data_dir}"]
    with running_eagerly():
        return train(load("smoke/video_folder.yaml", overrides), folder / "run")


def test_a_run_holds_what_later_commands_need(smoke_run):
    path = smoke_run.folder
    for name in (
        "config.yaml",
        "spec.json",
        "history.csv",
        "metrics.json",
        "report.html",
        "best.weights.h5",
        "memory.npz",
    ):
        assert (path / name).is_file(), name
    environment = json.loads((path / "environment.json").read_text())
    assert environment["versions"]["keras"] == keras.__version__ and environment["data"].startswith("moving_shapes/")
    assert any((path / "tensorboard").rglob("events*")) and list((path / "checkpoints").iterdir())
    with (path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1"] and {"loss", "val_loss", "top1", "val_top1"} <= set(rows[0])
    opened = Run.open(path)
    assert opened.config.model_dump() == smoke_run.config.model_dump() and opened.spec == smoke_run.spec


def test_the_best_weights_are_those_of_the_best_epoch(smoke_run):
    with (smoke_run.folder / "history.csv").open() as file:
        best = min(float(row["val_loss"]) for row in csv.DictReader(file))
    assert loss(smoke_run.run) == pytest.approx(best, abs=1e-4)


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
def test_a_loss_that_is_no_number_goes_back_and_on_with_half_the_learning_rate(data_dir, tmp_path, monkeypatch, capsys):
    """The first time in the second epoch; a plateau's rate is a variable, a schedule's is not."""
    original = Divergence.on_train_batch_end
    for kind in ("plateau", "constant"):
        spoilt = [True]

        def spoil(self, batch, logs=None, spoilt=spoilt):
            if self._epoch == 1 and spoilt:
                spoilt.pop()
                logs["loss"] = float("nan")
            original(self, batch, logs)

        monkeypatch.setattr(Divergence, "on_train_batch_end", spoil)
        settings = ["train.epochs=2", "train.on_divergence=rollback", f"train.schedule.kind={kind}"]
        run = train(quick_recipe(data_dir, *settings), tmp_path / kind, evaluate=False)
        told = capsys.readouterr().err
        assert "the loss is nan after steps 1 to 2 of epoch 2 (examples: " in told
        assert "back to the end of epoch 1 with half the learning rate" in told
        with (run.path / "history.csv").open() as file:
            assert [row["rollbacks"] for row in csv.DictReader(file)] == ["0", "1"]
    assert rate_of(tmp_path / "plateau") == pytest.approx(5e-4)


def rate_of(path):
    arrays = Checkpoints(path).newest().arrays
    return next(float(values) for name, values in arrays.items() if name.endswith(":learning_rate"))


@pytest.mark.usefixtures("eager")
def test_a_stop_that_comes_with_a_divergence_is_not_lost(data_dir, tmp_path, monkeypatch):
    def spoil(self, batch, logs=None):
        os.kill(os.getpid(), signal.SIGTERM)
        raise DivergedError("the loss is nan")

    monkeypatch.setattr(Divergence, "on_train_batch_end", spoil)
    with pytest.raises(Stopped):
        train(quick_recipe(data_dir, "train.on_divergence=rollback"), tmp_path / "run")
    assert Checkpoints(tmp_path / "run").newest().facts["rollbacks"] == 1


@pytest.mark.usefixtures("eager")
def test_early_stopping_may_be_added_and_changed_if_asked_to(data_dir, tmp_path):
    run = train(quick_recipe(data_dir, "train.epochs=1"), tmp_path / "run", evaluate=False)
    for patience in (1, 2):
        settings = ["train.epochs=2", f"train.early_stopping={patience}"]
        train(quick_recipe(data_dir, *settings), run.path, resume=True, anyway=True, evaluate=False)
    assert "wait" in Checkpoints(run.path).newest().facts["callbacks"]["EarlyStopping"]


@pytest.mark.usefixtures("eager")
def test_a_training_that_always_diverges_ends_after_some_rollbacks(data_dir, tmp_path, monkeypatch):
    monkeypatch.setattr("lstm_zoo.training.fitting._MOST_ROLLBACKS", 1)
    original = Divergence.on_train_batch_end
    monkeypatch.setattr(
        Divergence, "on_train_batch_end", lambda self, batch, logs: original(self, batch, {"loss": float("inf")})
    )
    with pytest.raises(DivergedError, match="1 halvings of the learning rate did not help"):
        train(quick_recipe(data_dir, "train.on_divergence=rollback"), tmp_path / "run")
    assert Checkpoints(tmp_path / "run").newest().facts["rollbacks"] == 1


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


@pytest.mark.usefixtures("eager")
def test_a_loss_that_is_no_number_ends_training(data_dir, tmp_path):
    config = quick_recipe(data_dir, "train.optimizer.kind=sgd", "train.optimizer.clip_norm=null")
    optimizer = config.train.optimizer.model_copy(update={"learning_rate": 1e30})  # which no recipe may ask for
    config = config.model_copy(update={"train": config.train.model_copy(update={"optimizer": optimizer})})
    with pytest.raises(DivergedError, match=r"lower train\.optimizer\.learning_rate"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run" / "best.weights.h5").exists()


def test_early_stopping_needs_validation_examples(video_root, data_dir, tmp_path):
    settings = [f"data.root={video_root}", f"data.data_dir={data_dir}", "data.val_fraction=0", "train.early_stopping=2"]
    with pytest.raises(InputError, match=r"train\.early_stopping: needs validation examples"):
        train(load("smoke/video_folder.yaml", settings), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_resuming_with_another_recipe_lists_what_differs(smoke_run, data_dir):
    other = recipe(data_dir, "model.units=[9]", "train.epochs=3")
    with pytest.raises(ConfigError) as caught:
        train(other, smoke_run.folder, resume=True)
    assert len(caught.value.messages) == 1 and "model.units" in caught.value.messages[0]


def test_a_run_is_never_overwritten(smoke_run):
    with pytest.raises(InputError, match="holds a run already; go on with --resume"):
        train(smoke_run.config, smoke_run.folder)


@pytest.mark.xdist_group("unvalidated")
def test_without_validation_the_last_weights_are_kept(unvalidated_run):
    run = unvalidated_run
    assert list(run.metrics) == ["test"]
    saved = Checkpoints(run.path).newest()
    assert saved.position == (2, 0)
    values = [values for name, values in saved.arrays.items() if "seed" not in name]
    for one, other in zip(weights(run), values, strict=False):
        np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("eager")
def test_the_mean_of_the_weights_is_validated_and_kept(data_dir, tmp_path):
    """After one epoch of two steps the mean lies between first and last weights, and validation is of the mean."""
    settings = ["train.epochs=1", "train.schedule.kind=constant", "train.optimizer.learning_rate=0.05"]
    momentum = "train.optimizer.ema_momentum=0.75"
    raw, mean = (
        train(recipe(data_dir, *settings, *more), tmp_path / str(len(more)), evaluate=False)
        for more in ([], [momentum])
    )
    with (tmp_path / "1" / "history.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert loss(mean) == pytest.approx(float(row["val_loss"]), abs=1e-4)
    one, other = (RunNetwork(run).model.get_layer("logits").get_weights()[0] for run in (raw, mean))
    assert 0.005 < np.abs(one - other).max() < 0.1  # the mean lags by three quarters of the second step


def test_schedules_and_optimizers():
    def rates(*overrides):
        options = load("smoke/cnn_lstm.yaml", ["train.epochs=4", *overrides]).train
        optimizer = make_optimizer(options, 10)
        rate = optimizer._learning_rate
        return [float(rate(step) if callable(rate) else rate) for step in (0, 5, 10, 25, 40)]

    assert rates("train.schedule.kind=constant") == pytest.approx([1e-3] * 5)
    assert rates("train.schedule.kind=plateau") == pytest.approx([1e-3] * 5)
    assert rates("train.schedule.warmup_epochs=1") == pytest.approx([0, 5e-4, 1e-3, 5e-4, 0], abs=1e-8)
    for kind in ("adam", "adamw", "sgd", "rmsprop"):
        options = load("smoke/cnn_lstm.yaml", [f"train.optimizer.kind={kind}", "train.optimizer.clip_norm=2"]).train
        optimizer = make_optimizer(options, 1)
        assert type(optimizer).__name__.lower() == kind and optimizer.global_clipnorm == 2


def test_several_devices_share_a_batch(tmp_path):
    """Two logical CPUs stand in for two GPUs, in a process of their own; the run is interrupted and resumed as well.

    An encoder that is made for both gives the features of each example once.
    """
    code = f"""
import keras
import numpy as np
import tensorflow as tf
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
from lstm_zoo.training import devices, fit
from lstm_zoo.config.recipe import load
devices.visible_gpus = lambda: ["CPU:0", "CPU:1"]
settings = ["data.data_dir={tmp_path}/data", "train.epochs="]
for epochs in (1, 2):
    config = load("smoke/flatten_lstm.yaml", [settings[0], settings[1] + str(epochs)])
    run = fit.train(config, "{tmp_path}/run", resume=epochs == 2, evaluate=False)
splits = config.data.load()
with tf.distribute.MirroredStrategy(devices.visible_gpus()).scope():
    clip = keras.Input((4, 16, 16, 3), dtype="uint8", name="clip")
    means = keras.layers.GlobalAveragePooling3D()(keras.layers.Rescaling(1.0)(clip))
    on_features = splits.on_features(keras.Model({{"clip": clip}}, {{"features": means}}), {{}})
(features, _), = on_features.eval_stream("val", 8).as_numpy_iterator()
(clips, _), = splits.eval_stream("val", 8).as_numpy_iterator()
np.testing.assert_allclose(features["features"], clips["clip"].mean((1, 2, 3)), rtol=1e-4)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = (tmp_path / "run" / "history.csv").read_text().strip().splitlines()
    assert len(rows) == 3 and "nan" not in rows[2]


def test_too_many_devices_are_refused(data_dir, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(devices, "visible_gpus", list)
    with pytest.raises(InputError, match="asks for 2 GPUs, but 0 are visible"):
        train(recipe(data_dir, "train.devices=2"))
    assert not list((tmp_path / "runs").iterdir())


@pytest.mark.usefixtures("eager")
def test_mixed_precision_trains_and_leaves_no_trace(data_dir, tmp_path):
    run = train(recipe(data_dir, "train.precision=mixed_float16", "train.epochs=1"), tmp_path / "run")
    assert keras.config.dtype_policy().name == "float32"
    assert np.isfinite(run.metrics["val"]["top1"])


@pytest.mark.usefixtures("eager")
def test_a_figure_that_is_never_a_number_is_told(data_dir, tmp_path, monkeypatch):
    monkeypatch.setattr("lstm_zoo.tasks.classification.Classification.monitor", "val_nothing")
    original = Divergence.on_epoch_end

    def spoilt(self, epoch, logs=None):
        logs["val_nothing"] = float("nan")
        original(self, epoch, logs)

    monkeypatch.setattr(Divergence, "on_epoch_end", spoilt)
    with pytest.raises(DivergedError, match=r"val_nothing is nan after epoch 1.*there is no checkpoint yet"):
        train(recipe(data_dir), tmp_path / "run")
    assert not list((tmp_path / "run").rglob("*.h5"))


@pytest.mark.usefixtures("eager")
def test_a_recipe_is_not_resumed_by_a_run_of_a_longer_name(data_dir, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "a-b"):
        (tmp_path / f"{name}.yaml").write_text(recipe(data_dir, "train.epochs=1").to_yaml())
    run = train(load("a-b.yaml"), evaluate=False)
    assert run.path.parent.name == "runs"
    with pytest.raises(InputError, match="no run of a below"):
        train(load("a.yaml"), resume=True)
