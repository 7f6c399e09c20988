"""Optimizers and the schedules of their learning rates."""

import pytest

from lstm_zoo.config.recipe import load
from lstm_zoo.training.optimizer import make_optimizer


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
