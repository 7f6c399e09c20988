import keras
import numpy as np
import pytest

from lstm_zoo.contracts import Spec
from lstm_zoo.tasks.classification import Classification

SPEC = Spec(input_shape=(1,), class_names=("a", "b", "c"))


class Labels:
    """Splits that hold labels alone."""

    def __init__(self, **labels):
        self.labels = {split: np.array(values) for split, values in labels.items()}
        self.spec = SPEC

    def size(self, split):
        return len(self.labels.get(split, ()))

    def targets(self, split):
        return self.labels[split]


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_is_the_smoothed_cross_entropy(smoothing):
    logits = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    labels = np.array([0, 2, 1, 1, 0])
    expected = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing, reduction=None)
    ours = Classification(label_smoothing=smoothing).loss()(labels, keras.ops.convert_to_tensor(logits))
    np.testing.assert_allclose(ours, expected(np.eye(3)[labels], logits), atol=1e-6)


def test_figures_against_a_case_worked_by_hand():
    outputs = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.4, 0.5, 0.1], [0.2, 0.2, 0.6]])
    figures = Classification().evaluate(outputs, np.array([0, 2, 0, 1]), SPEC)
    assert figures["top1"] == 0.5 and figures["examples"] == 4
    assert figures["per_class"] == {"a": 0.5, "b": 0.0, "c": 1.0} and figures["mean_class"] == 0.5
    assert figures["confusion"] == [[1, 1, 0], [0, 0, 1], [0, 0, 1]]
    assert "top5" not in figures  # of three classes it says nothing


def test_top5_of_many_classes():
    spec = Spec(input_shape=(1,), class_names=tuple("abcdefgh"))
    outputs = np.tile(np.arange(8, 0, -1) / 36, (2, 1))
    assert Classification().evaluate(outputs, np.array([4, 5]), spec)["top5"] == 0.5


def test_floor_is_the_majority_of_training():
    splits = Labels(train=[1, 1, 1, 0, 2], test=[0, 1, 1, 2])
    expected = {"majority": {"top1": 0.5, "mean_class": pytest.approx(1 / 3)}}
    assert Classification().floors(splits, "test", None) == expected
    alone = Labels(test=[0, 2, 2, 2])  # no training labels at hand: the majority of the split itself
    assert Classification().floors(alone, "test", None)["majority"]["top1"] == 0.75


def test_balanced_weights_average_to_one():
    weights = Classification(class_weights="balanced").class_weight(Labels(train=[0, 0, 0, 1]))
    assert weights == {0: pytest.approx(2 / 3), 1: pytest.approx(2.0)}
    assert Classification().class_weight(Labels(train=[0])) is None


def test_decoding_names_classes_most_probable_first():
    (row,) = Classification().decode(np.array([[0.2, 0.7, 0.1]]), SPEC)
    assert row == {
        "classes": [
            {"name": "b", "probability": 0.7},
            {"name": "a", "probability": 0.2},
            {"name": "c", "probability": 0.1},
        ]
    }
