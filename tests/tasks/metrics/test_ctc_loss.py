"""CTC's loss against the sum over all paths, and where implementations go wrong."""

import itertools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_zoo.contracts.text import PADDING, UNKNOWN
from lstm_zoo.tasks.metrics.ctc_loss import _of_keras, ctc_loss

STEPS, CLASSES = 5, 4  # three letters, and the blank


def logits(rows, steps=STEPS, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, steps, CLASSES), scale=2).astype("float32")


def spelled(path):
    return tuple(one for one, _ in itertools.groupby(path) if one != CLASSES - 1)


def over_all_paths(text, scores):
    """Return minus the logarithm of the probabilities of all paths that spell a text, summed."""
    logs = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    total = sum(
        math.exp(sum(logs[step, one] for step, one in enumerate(path)))
        for path in itertools.product(range(CLASSES), repeat=len(scores))
        if spelled(path) == tuple(text)
    )
    return -math.log(total)


def padded(texts, length=None):
    rows = np.full((len(texts), length or max(map(len, texts))), PADDING, np.int32)
    for row, text in zip(rows, texts, strict=True):
        row[: len(text)] = text
    return rows


def loss_and_gradient(letters, scores):
    scores = tf.constant(scores)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        loss = ctc_loss(letters, scores)
    return loss.numpy(), tape.gradient(loss, scores).numpy()


TEXTS = [(0, 1), (2,), (0, 0), (0, 0, 1), (1, 1, 1), (2, 0, 2, 1), ()]


def test_loss_is_that_of_all_paths():
    scores = logits(len(TEXTS))
    expected = [over_all_paths(text, one) for text, one in zip(TEXTS, scores, strict=True)]
    mean = sum(map(len, TEXTS)) / len(TEXTS)
    loss, gradient = loss_and_gradient(padded(TEXTS), scores)
    np.testing.assert_allclose(loss * mean, expected, rtol=1e-5)
    np.testing.assert_allclose(loss_and_gradient(padded(TEXTS, 9).astype("float32"), scores)[0], loss, rtol=1e-6)
    assert np.isfinite(gradient).all()
    moved = scores.copy()
    moved[0, 2, 1] += 1e-2
    slope = (over_all_paths(TEXTS[0], moved[0]) - expected[0]) / 1e-2
    assert gradient[0, 2, 1] * mean == pytest.approx(slope, abs=1e-2)


@pytest.mark.parametrize("function", [ctc_loss, _of_keras])
def test_both_ways_agree_with_keras(function):
    texts = TEXTS[:-1]
    scores, letters = logits(len(texts), steps=7), padded(texts)
    counts = np.array([len(text) for text in texts], "int32")
    steps = np.full(len(texts), 7, "int32")
    expected = keras.ops.ctc_loss(np.maximum(letters, 0), scores, counts, steps, mask_index=CLASSES - 1)
    loss = np.asarray(function(letters, tf.constant(scores)))
    np.testing.assert_allclose(loss * (counts.mean() if function is ctc_loss else 1), expected, rtol=1e-5)


@pytest.mark.parametrize("texts", [[()], [(), (0, 1)], [(), ()]])
def test_a_text_without_letters_is_all_blank(texts):
    scores = logits(len(texts))
    loss, gradient = loss_and_gradient(padded(texts, 2), scores)
    mean = max(sum(map(len, texts)) / len(texts), 1)
    np.testing.assert_allclose(loss[0] * mean, over_all_paths((), scores[0]), rtol=1e-5)
    assert np.isfinite(gradient).all() and (gradient[0, :, -1] < 0).all()


def test_letters_that_the_alphabet_lacks_are_left_out():
    scores = logits(3)
    with_unknown = np.array([[0, UNKNOWN, 1, PADDING], [UNKNOWN, 2, PADDING, PADDING], [UNKNOWN, UNKNOWN, -1, -1]])
    for letters in (with_unknown, with_unknown[:, :3]):
        loss, gradient = loss_and_gradient(letters, scores)
        expected, of_known = loss_and_gradient(padded([(0, 1), (2,), ()]), scores)
        np.testing.assert_allclose(loss, expected, rtol=1e-6)
        np.testing.assert_allclose(gradient, of_known, atol=1e-6)
    np.testing.assert_allclose(_of_keras(with_unknown, scores)[:2], np.asarray(expected)[:2], rtol=1e-5)


def test_steps_that_are_blank_for_certain_change_nothing():
    scores = logits(2)
    blank = np.zeros((2, 6, CLASSES), "float32")
    blank[..., -1] = 30
    letters = padded([(0, 0, 1), (2,)])
    loss, gradient = loss_and_gradient(letters, scores)
    longer, of_longer = loss_and_gradient(letters, np.concatenate([scores, blank], axis=1))
    np.testing.assert_allclose(longer, loss, rtol=1e-6)
    np.testing.assert_allclose(of_longer[:, :STEPS], gradient, atol=1e-6)
    assert np.abs(of_longer[:, STEPS:]).max() < 1e-6


def test_a_text_that_no_path_spells_gives_no_gradient_that_is_not_finite():
    loss, gradient = loss_and_gradient(padded([(0, 1), (0, 1, 2, 0, 1, 2)]), logits(2))
    assert np.isfinite(loss[0]) and np.isfinite(gradient).all()


def test_the_loss_is_that_of_a_letter_whatever_lines_are_long():
    scores = np.zeros((2, 40, CLASSES), "float32")
    short, long = (loss_and_gradient(padded([(0, 1) * n] * 2), scores[:, : 4 * n])[0].mean() for n in (2, 10))
    assert short == pytest.approx(long, rel=0.35)


def test_it_trains_within_a_graph_of_free_shapes():
    line = keras.Input((None, CLASSES))
    model = keras.Model(line, keras.layers.Dense(CLASSES)(line))
    model.compile("sgd", ctc_loss)
    lost = [model.train_on_batch(logits(2, steps), padded([(0, 1), ()])) for steps in (4, 6)]
    assert np.isfinite(lost).all()
