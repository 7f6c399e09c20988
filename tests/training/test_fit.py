"""Training: what a run holds, which weights are the best, and what is validated."""

import csv
import json

import keras
import numpy as np
import pytest
from trained import loss, recipe, weights

from lstm_zoo.config.recipe import load
from lstm_zoo.contracts import InputError
from lstm_zoo.runs.directory import Run
from lstm_zoo.runs.network import RunNetwork
from lstm_zoo.training.checkpoints import Checkpoints
from lstm_zoo.training.fit import train


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


def test_early_stopping_needs_validation_examples(video_root, data_dir, tmp_path):
    settings = [f"data.root={video_root}", f"data.data_dir={data_dir}", "data.val_fraction=0", "train.early_stopping=2"]
    with pytest.raises(InputError, match=r"train\.early_stopping: needs validation examples"):
        train(load("smoke/video_folder.yaml", settings), tmp_path / "run")
    assert not (tmp_path / "run").exists()


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
