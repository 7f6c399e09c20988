import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import run_on_jax

from lstm_zoo.contracts.labels import VOID
from lstm_zoo.tasks.metrics.pixel_metrics import MeanIoU, PixelAccuracy
from lstm_zoo.tasks.metrics.segmentation_metrics import confusion, median_frequency_weights, segmentation_scores


def label_maps(shape, num_classes, seed=0):
    """Return a prediction and a truth, a fifth of which is void."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, num_classes, shape)
    predicted = np.where(random.random(shape) < 0.6, truth, random.integers(0, num_classes, shape))
    truth[random.random(shape) < 0.2] = VOID
    return predicted.astype(np.uint8), truth.astype(np.uint8)


def scores_of(labels, num_classes):
    return np.eye(num_classes, dtype="float32")[labels] - 0.5


@pytest.mark.parametrize(("shape", "num_classes"), [((7, 9), 2), ((2, 3, 4, 5), 20), ((40, 50), 255)])
def test_confusion_equals_a_plain_loop(shape, num_classes):
    predicted, truth = label_maps(shape, num_classes)
    expected = np.zeros((num_classes, num_classes), np.int64)
    for said, known in zip(predicted.ravel().tolist(), truth.ravel().tolist(), strict=True):
        if known != VOID:
            expected[known, said] += 1
    counted = confusion(predicted, truth, num_classes)
    assert counted.dtype == np.int64
    np.testing.assert_array_equal(counted, expected)


def test_confusion_of_many_pixels_is_the_sum_of_parts():
    predicted, truth = label_maps((3, 400, 500), 7)
    parts = [confusion(*maps, 7) for maps in zip(predicted, truth, strict=True)]
    np.testing.assert_array_equal(confusion(predicted, truth, 7), sum(parts))
    assert sum(parts).sum() == (truth != VOID).sum()


def test_what_is_predicted_in_void_does_not_matter():
    predicted, truth = label_maps((9, 9), 3)
    other = np.where(truth == VOID, VOID, predicted)
    np.testing.assert_array_equal(confusion(predicted, truth, 3), confusion(other, truth, 3))


def test_labels_beyond_the_classes_are_not_counted_as_others():
    for predicted, truth in (([3], [0]), ([0], [3]), ([VOID], [1])):
        with pytest.raises(AssertionError):
            confusion(np.array(predicted, np.uint8), np.array(truth, np.uint8), 3)


def test_scores_against_a_case_worked_by_hand():
    counts = np.array([[6, 2, 0, 0], [1, 3, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]])  # c nowhere, d predicted alone
    scores = segmentation_scores(counts, ("a", "b", "c", "d"), background="a")
    assert scores["labelled"] == 13 and scores["confusion"] == counts.tolist()
    assert scores["pixel_accuracy"] == pytest.approx(9 / 13)
    assert scores["per_class"] == pytest.approx({"a": 6 / 9, "b": 3 / 7, "d": 0.0})
    assert scores["mean_iou"] == pytest.approx((6 / 9 + 3 / 7) / 3)
    assert scores["per_class_accuracy"] == pytest.approx({"a": 6 / 8, "b": 3 / 5})
    assert scores["class_accuracy"] == pytest.approx((6 / 8 + 3 / 5) / 2)
    assert scores["per_class_dice"] == pytest.approx({"a": 12 / 15, "b": 6 / 10, "d": 0.0})
    assert scores["mean_dice"] == pytest.approx((6 / 10 + 0) / 2)
    assert json.loads(json.dumps(scores)) == scores
    everything = segmentation_scores(counts, ("a", "b", "c", "d"))
    assert everything["mean_dice"] == pytest.approx((12 / 15 + 6 / 10 + 0) / 3)


def test_nothing_but_background_is_found_to_be_so():
    scores = segmentation_scores(np.array([[5, 0], [0, 0]]), ("background", "tumour"), "background")
    assert scores["mean_dice"] == scores["mean_iou"] == 1.0


def test_a_split_without_labels_is_an_error():
    with pytest.raises(ValueError, match="no pixel of this split is labelled"):
        segmentation_scores(np.zeros((2, 2), int), ("a", "b"))


def test_weights_by_median_frequency():
    images = [np.repeat(np.array([0, 1, VOID], np.uint8), [50, 10, 7]), np.repeat(np.array([3, 1], np.uint8), [5, 40])]
    expected = np.array([50 / 60, 50 / 105, 0, 5 / 45])  # shares of the labelled pixels of the images with the class
    expected[[0, 1, 3]] = np.median(expected[[0, 1, 3]]) / expected[[0, 1, 3]]
    np.testing.assert_allclose(median_frequency_weights(iter(images), 4), expected)
    np.testing.assert_array_equal(median_frequency_weights([np.full((2, 2), VOID, np.uint8)], 2), [0, 0])


@pytest.mark.parametrize(
    ("sides", "grid"), [((8, 12), (8, 12)), ((8, 12), (2, 3)), ((6, 4, 8), (3, 2, 2))], ids=["fine", "coarse", "volume"]
)
def test_metrics_over_batches_equal_the_scores_of_all(sides, grid):
    num_classes, num_images = 5, 5
    _, truth = label_maps((num_images, *sides), 4)  # the last class is predicted alone
    cells = np.random.default_rng(1).integers(0, num_classes, (num_images, *grid))
    predicted = cells
    for axis, (side, size) in enumerate(zip(sides, grid, strict=True), 1):
        predicted = predicted.repeat(side // size, axis)
    expected = segmentation_scores(confusion(predicted, truth, num_classes), list("abcde"))
    accuracy, iou = PixelAccuracy(), MeanIoU(num_classes)
    metrics = (accuracy, iou, MeanIoU.from_config(iou.get_config()))
    update = tf.function(lambda *batch: [metric.update_state(*batch) for metric in metrics], reduce_retracing=True)
    for _ in range(2):
        for rows in (slice(0, 2), slice(2, 4), slice(4, 5)):
            update(tf.constant(truth[rows]), tf.constant(scores_of(cells[rows], num_classes)))
        assert float(accuracy.result()) == pytest.approx(expected["pixel_accuracy"])
        assert float(iou.result()) == float(metrics[2].result()) == pytest.approx(expected["mean_iou"])
        for metric in metrics:
            metric.reset_state()
    assert float(accuracy.result()) == float(iou.result()) == 0.0


def test_metrics_count_beyond_what_float32_holds():
    accuracy, iou = PixelAccuracy(), MeanIoU(2)
    accuracy.right.assign(2**24), accuracy.labelled.assign(2**33)
    iou.confusion.assign([[2**24, 0], [0, 2**33]])
    for metric in (accuracy, iou):
        metric.update_state(np.zeros((1, 1, 1), np.uint8), scores_of(np.zeros((1, 1, 1), int), 2))
    assert int(accuracy.right) == int(np.asarray(iou.confusion)[0, 0]) == 2**24 + 1
    assert int(accuracy.labelled) == 2**33 + 1


def test_metrics_are_tracked_under_their_names_in_training():
    predicted, truth = label_maps((4, 8, 8), 3)
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Conv2D(3, 1)])
    model.compile("sgd", lambda truth, scores: keras.ops.mean(scores), metrics=[PixelAccuracy(), MeanIoU(3)])
    history = model.fit(scores_of(predicted[:, ::2, ::2], 3), truth, batch_size=2, verbose=0).history
    assert set(history) == {"loss", "pixel_accuracy", "mean_iou"}
    assert 0 < history["mean_iou"][0] < history["pixel_accuracy"][0] < 1


@pytest.mark.parametrize("grid", [(3, 4), (16, 16), (2, 4, 4)])
def test_grids_that_do_not_fit_are_errors(grid):
    with pytest.raises(ValueError, match="do not divide"):
        PixelAccuracy().update_state(np.zeros((1, 8, 8), np.uint8), np.zeros((1, *grid, 2), "float32"))


JAX = """
import jax, numpy as np
from lstm_zoo.tasks.metrics.pixel_metrics import MeanIoU, PixelAccuracy
from lstm_zoo.tasks.metrics.segmentation_metrics import confusion, segmentation_scores

random = np.random.default_rng(0)
truth, cells = random.integers(0, 4, (3, 8, 12)).astype("uint8"), random.integers(0, 4, (3, 4, 6))
truth[:, :2] = 255
expected = segmentation_scores(confusion(cells.repeat(2, 1).repeat(2, 2), truth, 4), "abcd")
for metric in (PixelAccuracy(), MeanIoU(4)):
    update = jax.jit(metric.stateless_update_state)
    state = metric.stateless_reset_state()
    for one, scores in zip(truth, np.eye(4, dtype="float32")[cells]):
        state = update(state, one[None], scores[None])
    np.testing.assert_allclose(metric.stateless_result(state), expected[metric.name], rtol=1e-6)
print("equal")
"""


def test_metrics_on_jax():
    assert run_on_jax(JAX).strip() == "equal"
