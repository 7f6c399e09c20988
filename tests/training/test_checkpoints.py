"""Checkpoints: which are kept, what callbacks give them, and states that are never kept."""

import keras
import numpy as np
import pytest

from lstm_zoo.config.train_config import CheckpointConfig
from lstm_zoo.console.signals import Stops
from lstm_zoo.training.checkpoint import Checkpoint
from lstm_zoo.training.checkpoints import Checkpoints, Position, Saved
from lstm_zoo.training.divergence import DivergedError, Divergence
from lstm_zoo.training.processes import Processes
from lstm_zoo.training.state import kept_of

FACTS = {"callbacks": {}, "rollbacks": 0, "steps": 9, "stopped": False}


def write(checkpoints, *positions):
    for position in positions:
        checkpoints.write(Saved(Position(*position), FACTS, {"x": np.arange(3)}))


def test_a_checkpoint_that_is_written_is_the_newest(tmp_path):
    """Where an epoch begins anew, those of its old steps would be gone on from the next time."""
    checkpoints = Checkpoints(tmp_path, keep=1)
    write(checkpoints, (1, 0), (1, 50), (1, 5))
    assert checkpoints.positions() == [(1, 5)]


def test_the_newest_epoch_is_kept_beside_the_newest_step(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=1, keep_epoch=True)
    write(checkpoints, (0, 0), (1, 0), (1, 3), (1, 6))
    assert checkpoints.positions() == [(1, 0), (1, 6)]
    assert checkpoints.newest_epoch().position == (1, 0)
    assert checkpoints.positions() == [(1, 0), (1, 6)]  # until it is written again


def test_positions_in_words():
    positions = [Position(0, 0), Position(0, 4), Position(2, 0)]
    assert list(map(str, positions)) == ["the beginning", "step 4 of epoch 1", "the end of epoch 2"]


def test_settings_of_callbacks_are_not_kept():
    """They are the recipe's, which may have been changed."""
    stopping, plateau = keras.callbacks.EarlyStopping(patience=7), keras.callbacks.ReduceLROnPlateau(patience=5)
    for callback in (stopping, plateau):
        callback.on_train_begin()
    stopping.wait, stopping.best = 3, np.float32(0.5)
    assert kept_of(stopping) == {"best": 0.5, "wait": 3, "stopped_epoch": 0, "best_epoch": 0}
    assert kept_of(plateau).keys() == {"wait", "cooldown_counter"}


def test_weights_that_are_no_numbers_are_never_kept(tmp_path):
    """As after a gradient that is no number: the loss of that step was sound."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    checkpoint = Checkpoint(CheckpointConfig(), Checkpoints(tmp_path), 9, [], model, Stops(), Processes())
    divergence = Divergence(None, lambda epoch, steps: [])
    for callback in (checkpoint, divergence):
        callback.set_model(model)
    checkpoint.save(Position(0, 3), {})
    divergence.on_epoch_end(0, {"loss": 1.0})
    model.layers[0].kernel.assign([[np.nan], [1.0]])
    with pytest.raises(DivergedError, match=r"kernel is no number any more at step 4 of epoch 1"):
        checkpoint.save(Position(0, 4), {})
    assert Checkpoints(tmp_path).positions() == [(0, 3)]
    with pytest.raises(DivergedError, match="at the end of epoch 1"):
        divergence.on_epoch_end(0, {"loss": 1.0})
