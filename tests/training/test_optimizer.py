"""Optimizers and the schedules of their learning rates."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_zoo.config.recipe import load
from lstm_zoo.training import optimizer as optimizer_module
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


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd", "rmsprop"])
def test_weights_that_are_updated_at_once_get_the_numbers_of_keras(kind, monkeypatch):
    monkeypatch.setattr(optimizer_module, "_WORTH_COMPILING", 1)
    chosen = {"kind": kind, "clip_norm": 1, "ema_momentum": 0.9, "weight_decay": 0.01}
    options = load("smoke/cnn_lstm.yaml", [f"train.optimizer.{name}={value}" for name, value in chosen.items()]).train
    random = np.random.default_rng(0)
    start, steps = random.normal(size=(3, 4)), random.normal(size=(4, 3, 4)).astype("float32")

    def trained(at_once):
        optimizer, weight = make_optimizer(options, 10), keras.Variable(start)
        if not at_once:
            optimizer = as_keras_own(optimizer)
        optimizer.build([weight])
        step = tf.function(lambda gradient: optimizer.apply([gradient], [weight]), autograph=False)
        for gradient in steps:
            step(tf.constant(gradient))
        graph = step.get_concrete_function(tf.constant(gradient)).graph.as_graph_def()
        assert at_once == any(one.attr["_XlaMustCompile"].b for one in graph.library.function)
        return [keras.ops.convert_to_numpy(one) for one in (weight, *optimizer.variables)]

    for one, other in zip(trained(True), trained(False), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_an_optimizer_is_saved_as_keras_own():
    optimizer = make_optimizer(load("smoke/cnn_lstm.yaml").train, 10)
    assert type(as_keras_own(optimizer)) is keras.optimizers.Adam


def as_keras_own(optimizer):
    return keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_gradients_are_shortened_together_and_one_that_is_no_number_shows_in_all(wrong):
    optimizer = make_optimizer(load("smoke/cnn_lstm.yaml", ["train.optimizer.clip_norm=6"]).train, 1)
    gradients = [tf.fill((2, 3, 2), 3.0), None, tf.constant(6.0), tf.ones(())]  # of a norm of 12 and a bit
    norm = (12 * 9 + 36 + 1) ** 0.5
    for one, other in zip(optimizer._clip_gradients(gradients), gradients, strict=True):
        assert (one is other is None) or np.asarray(one) == pytest.approx(np.asarray(other) * 6 / norm, rel=1e-6)
    shorter = [one if one is None else one / 4 for one in gradients]
    for one, other in zip(optimizer._clip_gradients(shorter), shorter, strict=True):
        assert (one is other is None) or np.asarray(one) == pytest.approx(np.asarray(other))
    one, other = optimizer._clip_gradients([tf.ones(2), tf.constant([wrong])])
    assert np.isnan(one).all() and np.isnan(other).all()
