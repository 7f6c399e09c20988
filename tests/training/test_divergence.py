"""Losses and figures that are no numbers."""

import csv
import os
import signal

import pytest
from trained import quick_recipe, recipe

from lstm_zoo.console.signals import Stopped
from lstm_zoo.training.checkpoints import Checkpoints
from lstm_zoo.training.divergence import DivergedError, Divergence
from lstm_zoo.training.fit import train


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
def test_a_training_that_always_diverges_ends_after_some_rollbacks(data_dir, tmp_path, monkeypatch):
    monkeypatch.setattr("lstm_zoo.training.fitting._MOST_ROLLBACKS", 1)
    original = Divergence.on_train_batch_end
    monkeypatch.setattr(
        Divergence, "on_train_batch_end", lambda self, batch, logs: original(self, batch, {"loss": float("inf")})
    )
    with pytest.raises(DivergedError, match="1 halvings of the learning rate did not help"):
        train(quick_recipe(data_dir, "train.on_divergence=rollback"), tmp_path / "run")
    assert Checkpoints(tmp_path / "run").newest().facts["rollbacks"] == 1


@pytest.mark.usefixtures("eager")
def test_a_loss_that_is_no_number_ends_training(data_dir, tmp_path):
    config = quick_recipe(data_dir, "train.optimizer.kind=sgd", "train.optimizer.clip_norm=null")
    optimizer = config.train.optimizer.model_copy(update={"learning_rate": 1e30})  # which no recipe may ask for
    config = config.model_copy(update={"train": config.train.model_copy(update={"optimizer": optimizer})})
    with pytest.raises(DivergedError, match=r"lower train\.optimizer\.learning_rate"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run" / "best.weights.h5").exists()


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
