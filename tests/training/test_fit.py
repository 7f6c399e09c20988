"""Training: what a run holds, resuming exactly, and what is refused."""

import csv
import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import running_eagerly

from lstm_zoo.config.recipe import ConfigError, load
from lstm_zoo.contracts import InputError
from lstm_zoo.runs.directory import Run
from lstm_zoo.runs.network import RunNetwork
from lstm_zoo.training import devices
from lstm_zoo.training.checkpoint import DivergedError
from lstm_zoo.training.fit import train
from lstm_zoo.training.optimizer import make_optimizer


def weights(run):
    return RunNetwork(run).model.get_weights()


def loss(run):
    """Return the loss of the best weights on all validation examples."""
    splits = run.config.data.load()
    inputs, targets = next(splits.eval_stream("val", 8).as_numpy_iterator())
    objective = run.config.task.objective(run.spec, list)
    return float(np.mean(objective.loss(targets, RunNetwork(run).model.predict(inputs, verbose=0))))


def recipe(data_dir, *overrides):
    return load("smoke/cnn_lstm.yaml", [f"data.data_dir={data_dir}", *overrides])


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
    "train.epochs=4",
    "train.early_stopping=9",
    "train.schedule.kind=plateau",
    "train.schedule.patience=1",
    "model.dropout=0.4",
    "model.feature_norm=true",
    "train.optimizer.ema_momentum=0.9",
]


def test_a_resumed_run_is_the_run_that_was_never_interrupted(data_dir, tmp_path, monkeypatch):
    """The torn run is what was on the disk after the row of the third epoch, before its checkpoint."""
    config = recipe(data_dir, *EXACT)
    original = keras.callbacks.CSVLogger.on_epoch_end

    def tear(self, epoch, logs=None):
        original(self, epoch, logs)
        if epoch == 2:
            shutil.copytree(tmp_path / "whole", tmp_path / "torn")

    with monkeypatch.context() as patch:
        patch.setattr(keras.callbacks.CSVLogger, "on_epoch_end", tear)
        whole = train(config, tmp_path / "whole", evaluate=False)
    keras.utils.set_random_seed(77)
    resumed = train(config, tmp_path / "torn", resume=True, evaluate=False)

    for one, other in zip(weights(whole), weights(resumed), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    histories = [list(csv.DictReader((run.path / "history.csv").read_text().splitlines())) for run in (whole, resumed)]
    assert [row["epoch"] for row in histories[1]] == ["0", "1", "2", "3"]
    for one, other in zip(*histories, strict=True):
        assert {k: float(v) for k, v in one.items()} == pytest.approx({k: float(v) for k, v in other.items()}, abs=1e-5)


@pytest.mark.usefixtures("eager")
def test_a_run_that_stopped_early_stays_stopped(data_dir, tmp_path):
    """With a learning rate of next to nothing no epoch is better than the first."""
    settings = ["train.epochs=6", "train.early_stopping=1", "train.optimizer.learning_rate=1e-30"]
    run = train(recipe(data_dir, *settings), tmp_path / "run", evaluate=False)
    history = (run.path / "history.csv").read_text()
    assert len(history.splitlines()) < 6
    best = weights(run)
    again = train(recipe(data_dir, *settings), tmp_path / "run", resume=True, evaluate=False)
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
    config = recipe(data_dir, "train.optimizer.kind=sgd", "train.optimizer.clip_norm=null")
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
    last = run.config.model.build(run.spec)
    (checkpoint,) = (run.path / "checkpoints").glob("epoch-00002")
    last.load_weights(checkpoint / "model.weights.h5")
    for one, other in zip(weights(run), last.get_weights(), strict=True):
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
    monkeypatch.setattr(devices, "visible_gpus", list)
    with pytest.raises(InputError, match="asks for 2 GPUs, but 0 are visible"):
        train(recipe(data_dir, "train.devices=2"), tmp_path / "run")


@pytest.mark.usefixtures("eager")
def test_mixed_precision_trains_and_leaves_no_trace(data_dir, tmp_path):
    run = train(recipe(data_dir, "train.precision=mixed_float16", "train.epochs=1"), tmp_path / "run")
    assert keras.config.dtype_policy().name == "float32"
    assert np.isfinite(run.metrics["val"]["top1"])


@pytest.mark.usefixtures("eager")
def test_a_figure_that_is_never_a_number_is_told(data_dir, tmp_path, monkeypatch):
    monkeypatch.setattr("lstm_zoo.tasks.classification.Classification.monitor", "val_nothing")
    original = keras.callbacks.CSVLogger.on_epoch_end

    def spoilt(self, epoch, logs=None):
        logs["val_nothing"] = float("nan")
        original(self, epoch, logs)

    monkeypatch.setattr(keras.callbacks.CSVLogger, "on_epoch_end", spoilt)
    with pytest.raises(DivergedError, match=r"val_nothing was no finite number in any epoch \(nan in the last\)"):
        train(recipe(data_dir), tmp_path / "run")
    with pytest.raises(InputError, match="in none of them was val_nothing a finite number"):
        train(recipe(data_dir), tmp_path / "run", resume=True)  # nothing is left to do


@pytest.mark.usefixtures("eager")
def test_a_recipe_is_not_resumed_by_a_run_of_a_longer_name(data_dir, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "a-b"):
        (tmp_path / f"{name}.yaml").write_text(recipe(data_dir, "train.epochs=1").to_yaml())
    run = train(load("a-b.yaml"), evaluate=False)
    assert run.path.parent.name == "runs"
    with pytest.raises(InputError, match="no run of a below"):
        train(load("a.yaml"), resume=True)
