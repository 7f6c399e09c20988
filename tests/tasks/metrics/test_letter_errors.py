"""Errors of letters while a network is trained."""

import keras
import numpy as np
import pytest

from lstm_zoo.tasks.metrics.letter_errors import LetterErrors, edits_of_kernel, edits_of_rows

BLANK = 3


def scores_of(path, steps=8):
    """Return scores whose best path is this one, blank behind its end."""
    scores = np.zeros((steps, BLANK + 1), "float32")
    scores[np.arange(steps), [*path, *[BLANK] * (steps - len(path))]] = 5
    return scores


def errors(*lines):
    metric = LetterErrors()
    for texts, paths in lines:
        metric.update_state(np.array(texts, "float32"), np.stack([scores_of(path) for path in paths]))
    return float(metric.result())


def test_a_right_answer_has_no_errors():
    assert errors(([[0, 0, 1], [2, -1, -1]], [[0, BLANK, 0, 0, 1], [BLANK, 2, 2]])) == 0


@pytest.mark.parametrize(
    ("text", "path", "edits"),
    [
        ([0, 0, 1], [0, 0, 1], 1),  # repeats without a blank between them are one letter
        ([0, 1, 2], [], 3),
        ([0, 1, 2], [0, BLANK, 1], 1),
        ([0, 1, 2], [0, 2, 1, 2], 1),
        ([0, 1, 2], [1, 1, 2, 0], 2),
        ([0, -2, 2], [0, 1, 2], 1),  # a letter that the alphabet lacks
        ([-1, -1, -1], [1], 1),
    ],
)
def test_edits_are_counted(text, path, edits):
    letters = max(sum(one != -1 for one in text), 1)
    assert errors(([text], [path])) == pytest.approx(edits / letters)


def test_edits_are_shared_by_all_letters_of_all_batches():
    assert errors(([[0, 1, 2], [1, -1, -1]], [[0], [1]]), ([[2, -1]], [[1]])) == pytest.approx(3 / 5)
    metric = LetterErrors()
    assert metric.name == "cer" and float(metric.result()) == 0
    metric.update_state(np.array([[0]]), scores_of([])[None])
    assert float(metric.result()) == 1
    metric.reset_state()
    assert float(metric.result()) == 0


def test_all_backends_count_the_edits_that_the_kernel_counts():
    random = np.random.default_rng(0)
    answers, texts = random.integers(0, 4, (40, 9)), random.integers(0, 4, (40, 6))
    texts[random.random(texts.shape) < 0.1] = -2  # letters that the alphabet lacks
    read, there = random.random(answers.shape) < 0.5, np.arange(6) < random.integers(0, 7, (40, 1))
    rows = answers.astype("int32"), read, texts.astype("int32"), there
    edits = np.asarray(edits_of_rows(*map(keras.ops.convert_to_tensor, rows)))
    np.testing.assert_array_equal(edits, edits_of_kernel(*rows))
    assert 0 < edits.mean() < 9
