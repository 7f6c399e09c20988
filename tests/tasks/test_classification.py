import io

import keras
import numpy as np
import pytest

from lstm_zoo.contracts import Classes, Judged, Spec, Tensor
from lstm_zoo.tasks.classification import Classification

TENSOR = Tensor(shape=(2,), dtype="float32")
SPEC = Spec(inputs={"clip": TENSOR}, target=Classes(names=("a", "b", "c")))


def no_truths():
    raise AssertionError("nobody asked for the labels")


def judged_by(judge, probabilities, labels):
    for number, (row, label) in enumerate(zip(probabilities, labels, strict=True)):
        judge.add({"probabilities": np.array(row)}, Judged(f"{number}.mp4", label))
    return judge


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_is_the_smoothed_cross_entropy(smoothing):
    logits = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    labels = np.array([0, 2, 1, 1, 0])
    expected = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing, reduction=None)
    objective = Classification(label_smoothing=smoothing).objective(SPEC, no_truths)
    ours = objective.loss(labels, keras.ops.convert_to_tensor(logits))
    np.testing.assert_allclose(ours, expected(np.eye(3)[labels], logits), atol=1e-6)
    assert [metric.name for metric in objective.metrics] == ["top1"] and objective.class_weight is None


def test_a_network_in_use_gives_probabilities():
    numbers = keras.Input((2,), name="clip")
    model = keras.Model({"clip": numbers}, keras.layers.Dense(3)(numbers))
    network = Classification().network(model, SPEC)
    values = np.random.default_rng(0).normal(size=(4, 2)).astype("float32")
    scores = np.exp(model.predict_on_batch({"clip": values}))
    answer = network.predict_on_batch({"clip": values})
    assert list(answer) == ["probabilities"]
    np.testing.assert_allclose(answer["probabilities"], scores / scores.sum(axis=1, keepdims=True), rtol=1e-5)


def test_scores_against_a_case_worked_by_hand():
    outputs = [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.4, 0.5, 0.1], [0.2, 0.2, 0.6]]
    judge = judged_by(Classification().judge(SPEC), outputs, [0, 2, 0, 1])
    scores = judge.scores()
    assert scores["top1"] == 0.5 and scores["examples"] == 4
    assert scores["per_class"] == {"a": 0.5, "b": 0.0, "c": 1.0} and scores["mean_class"] == 0.5
    assert scores["confusion"] == [[1, 1, 0], [0, 0, 1], [0, 0, 1]]
    assert "top5" not in scores  # of three classes it says nothing
    assert list(judge.rows())[1:3] == [
        {"truth": "c", "prediction": "c", "probability": "0.600000"},
        {"truth": "a", "prediction": "b", "probability": "0.500000"},
    ]


def test_top5_of_many_classes():
    spec = Spec(inputs={"clip": TENSOR}, target=Classes(names=tuple("abcdefgh")))
    outputs = np.tile(np.arange(8, 0, -1) / 36, (2, 1))
    assert judged_by(Classification().judge(spec), outputs, [4, 5]).scores()["top5"] == 0.5
    assert [metric.name for metric in Classification().objective(spec, no_truths).metrics] == ["top1", "top5"]


def test_the_surest_mistakes_are_drawn():
    outputs = [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.0, 1.0, 0.0]]
    judge = judged_by(Classification().judge(SPEC), outputs, [0, 0, 2])
    asked = []

    def pictures(indices):
        asked.extend(indices)
        return {1: np.zeros((3, 8, 8, 3), np.uint8), 2: np.zeros((8, 8, 3), np.uint8)}  # a clip and an image

    told = list(judge.figures(pictures))
    assert [name for _, name, _ in told] == ["confusion", "mistake-1", "mistake-2"] and asked == [2, 1]
    assert told[1][0] == "Mistake 1: 2.mp4: b (1.00), in truth c"


def test_floor_is_the_majority_of_training():
    task, labels = Classification(), [1, 1, 1, 0, 2]
    kept = io.BytesIO()
    np.savez(kept, allow_pickle=False, **task.memory(SPEC, [Judged("", label) for label in labels]))
    kept.seek(0)
    ((name, predict),) = task.floors(SPEC, dict(np.load(kept))).items()
    test = [Judged("", label) for label in (0, 1, 1, 2)]
    judge = task.judge(SPEC)
    for judged in test:
        judge.add(predict(judged), judged)
    scores = judge.scores()
    assert name == "majority" and (scores["top1"], scores["mean_class"]) == (0.5, pytest.approx(1 / 3))
    np.testing.assert_allclose(predict(test[0])["probabilities"], [0.2, 0.6, 0.2])


def test_balanced_weights_average_to_one():
    task = Classification(class_weights="balanced")
    weights = task.objective(SPEC, lambda: iter([0, 0, 0, 1])).class_weight
    assert weights == {0: pytest.approx(2 / 3), 1: pytest.approx(2.0)}


def test_a_result_names_classes_most_probable_first():
    spec = Spec(inputs={"clip": TENSOR}, target=Classes(names=("a", "bird", *"cdefg")))
    result = Classification().result({"probabilities": np.array([0.2, 0.5, 0.1, 0.09, 0.08, 0.02, 0.01])}, spec)
    assert result.answer == "bird" and len(result.facts["classes"]) == 7
    assert result.facts["classes"][:2] == [{"name": "bird", "probability": 0.5}, {"name": "a", "probability": 0.2}]
    assert result.text.splitlines()[:2] == ["bird  0.5000", "a     0.2000"] and result.text.count("\n") == 4
    assert result.figure is None and not result.files


def test_what_is_no_picture_is_not_drawn():
    judge = judged_by(Classification().judge(SPEC), [[0.7, 0.2, 0.1]], [1])
    assert [name for _, name, _ in judge.figures(dict.fromkeys)] == ["confusion"]
