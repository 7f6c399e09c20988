"""Optimizers and the schedules of their learning rates."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_zoo.config.recipe import load
from lstm_zoo.training import optimizer as optimizer_module
from lstm_zoo.training.optimizer import _UpdatesAtOnce, make_optimizer


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


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd", "rmsprop"])
def test_weights_that_are_updated_at_once_get_the_numbers_of_keras(kind, monkeypatch):
    monkeypatch.setattr(optimizer_module, "_WORTH_COMPILING", 1)
    chosen = {"kind": kind, "clip_norm": 1, "ema_momentum": 0.9, "weight_decay": 0.01}
    options = load("smoke/cnn_lstm.yaml", [f"train.optimizer.{name}={value}" for name, value in chosen.items()]).train
    random = np.random.default_rng(0)
    start, steps = random.normal(size=(3, 4)), random.normal(size=(4, 3, 4)).astype("float32")

    def trained(at_once):
        optimizer, weight = make_optimizer(options, 10), keras.Variable(start)
        optimizer.build([weight])
        apply = optimizer.apply if at_once else super(_UpdatesAtOnce, optimizer).apply
        step = tf.function(lambda gradient: apply([gradient], [weight]), autograph=False)
        for gradient in steps:
            step(tf.constant(gradient))
        graph = step.get_concrete_function(tf.constant(gradient)).graph.as_graph_def()
        assert at_once == any(one.attr["_XlaMustCompile"].b for one in graph.library.function)
        return [keras.ops.convert_to_numpy(one) for one in (weight, *optimizer.variables)]

    for one, other in zip(trained(True), trained(False), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_an_optimizer_is_saved_as_keras_own():
    optimizer = make_optimizer(load("smoke/cnn_lstm.yaml").train, 10)
    loaded = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert type(loaded) is keras.optimizers.Adam
