"""The task of segmentation: its loss, the network in use, the judge, the floor, and what is told of a label map."""

import io

import keras
import numpy as np
import pytest
from PIL import Image

from lstm_zoo.contracts import InputError, Judged, LabelMap, Spec, Tensor
from lstm_zoo.contracts.labels import VOID
from lstm_zoo.tasks.figures.class_colours import class_colours
from lstm_zoo.tasks.segmentation import Segmentation


def spec_of(*shape, name="image"):
    return Spec(inputs={name: Tensor(shape=shape)}, target=LabelMap(names=("sky", "tree", "road")))


SPEC = spec_of(2, 4, 3)


def maps(*lists):
    return [np.array(labels, np.uint8) for labels in lists]


# The loss


def random_case(sides, grid, num_classes=3):
    """Return labels, a fifth of them void, and scores of a grid."""
    random = np.random.default_rng(0)
    labels = random.integers(0, num_classes, (4, *sides))
    labels[random.random(labels.shape) < 0.2] = VOID
    return labels.astype(np.uint8), random.normal(size=(4, *grid, num_classes)).astype("float32")


def cross_entropy(labels, scores, weights=None, smoothing=0.0):
    """Return the cross-entropy of label frequencies, a plain loop over the cells."""
    logs = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    num_classes = scores.shape[-1]
    weights = np.ones(num_classes) if weights is None else weights
    lost, labelled = 0.0, 0.0
    for cell in np.ndindex(scores.shape[:-1]):
        sides = [side // cells for side, cells in zip(labels.shape[1:], scores.shape[1:-1], strict=True)]
        part = labels[cell[0]][tuple(slice(n * side, (n + 1) * side) for n, side in zip(cell[1:], sides, strict=True))]
        known = part[part != VOID]
        if not known.size:
            continue
        importance = weights[known].sum()  # a cell counts as its labelled pixels do
        frequency = np.bincount(known, weights[known], num_classes) / importance
        frequency = (1 - smoothing) * frequency + smoothing / num_classes
        lost -= importance * (frequency * logs[cell]).sum()
        labelled += importance
    return lost / labelled


def loss_of(task, labels, scores, truths=()):
    rows = task.objective(SPEC, lambda: iter(truths)).loss(labels, keras.ops.convert_to_tensor(scores))
    assert rows.shape == (len(labels),)
    return np.array(rows)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize(
    ("sides", "grid"), [((6, 8), (6, 8)), ((6, 8), (3, 2)), ((2, 4, 6), (2, 4, 6)), ((2, 4, 6), (1, 2, 2))]
)
def test_loss_is_the_cross_entropy_of_label_frequencies(sides, grid, smoothing):
    labels, scores = random_case(sides, grid)
    rows = loss_of(Segmentation(label_smoothing=smoothing), labels, scores)
    assert rows.mean() == pytest.approx(cross_entropy(labels, scores, smoothing=smoothing), rel=1e-5)


def test_void_does_not_count_in_the_loss():
    labels, scores = random_case((4, 8), (2, 4))
    labels[0] = VOID
    rows = loss_of(Segmentation(), labels, scores)
    assert rows[0] == 0 and (rows[1:] > 0).all()
    assert rows.mean() == pytest.approx(cross_entropy(labels[1:], scores[1:]), rel=1e-5)
    labels[1, :2, :2] = VOID  # a cell of nothing but void: whatever is said of it
    before = loss_of(Segmentation(), labels, scores)
    scores[1, 0, 0] = [50, -50, 0]
    np.testing.assert_allclose(loss_of(Segmentation(), labels, scores), before, rtol=1e-6)
    labels[:] = VOID
    assert (loss_of(Segmentation(label_smoothing=0.1), labels, scores) == 0).all()


def test_rare_classes_weigh_more_by_median_frequency():
    task = Segmentation(class_weights="median_frequency")
    truths = maps([[0, 0, 0, 1]], [[0, 0, VOID, 2]])
    frequencies = np.array([5 / 7, 1 / 4, 1 / 3])  # of the labelled pixels of the pictures that have the class
    weights = (1 / 3) / frequencies
    for grid in ((4, 8), (2, 2)):
        labels, scores = random_case((4, 8), grid)
        rows = loss_of(task, labels, scores, truths)
        assert rows.mean() == pytest.approx(cross_entropy(labels, scores, weights), rel=1e-5)
    without = maps([[0, 0, 0, 1]])  # 2 never occurs
    labels, scores = random_case((4, 8), (4, 8))
    weights = np.array([1 / 2 / (3 / 4), 1 / 2 / (1 / 4), 0])
    known = np.where(labels == 2, VOID, labels)
    assert loss_of(task, labels, scores, without).mean() == pytest.approx(
        cross_entropy(known, scores, weights), rel=1e-5
    )


# The network in use


def interpolated(scores, sides):
    """Interpolate (B, h, w, K) to other sides, from the middles of the cells, one axis after the other."""
    for axis, side in enumerate(sides, 1):
        cells = scores.shape[axis]
        places = (np.arange(side) + 0.5) * cells / side - 0.5
        scores = np.apply_along_axis(lambda row, at=places, n=cells: np.interp(at, np.arange(n), row), axis, scores)
    return scores


def scoring(spec, convolution):
    """Return a network from pictures to scores."""
    keras.utils.set_random_seed(0)
    name, tensor = spec.only_input
    pixels = keras.Input(tensor.shape, dtype="uint8", name=name)
    return keras.Model({name: pixels}, convolution(keras.layers.Rescaling(1 / 255)(pixels)))


def test_a_network_in_use_gives_probabilities_and_labels_of_every_pixel():
    spec = spec_of(8, 12, 3)
    model = scoring(spec, keras.layers.Conv2D(3, 4, strides=4))
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 12, 3), dtype=np.uint8)
    network = Segmentation().network(model, spec)
    answer = network.predict_on_batch({"image": pixels})
    assert set(answer) == {"probabilities", "labels"} and model.output_shape == (None, 2, 3, 3)
    np.testing.assert_allclose(answer["probabilities"].sum(axis=-1), 1, rtol=1e-5)
    scores = np.exp(interpolated(model.predict_on_batch({"image": pixels}), (8, 12)))
    np.testing.assert_allclose(answer["probabilities"], scores / scores.sum(axis=-1, keepdims=True), rtol=1e-4)
    assert answer["labels"].dtype == np.int32
    np.testing.assert_array_equal(answer["labels"], answer["probabilities"].argmax(axis=-1))


def test_of_equal_probabilities_the_first_class_is_the_label():
    model = scoring(SPEC, keras.layers.Conv2D(3, 1, kernel_initializer="zeros"))
    answer = Segmentation().network(model, SPEC).predict_on_batch({"image": np.zeros((1, 2, 4, 3), np.uint8)})
    assert (answer["labels"] == 0).all()


def test_scores_of_every_voxel_are_not_interpolated():
    spec = spec_of(3, 4, 5, 1, name="volume")
    model = scoring(spec, keras.layers.Conv3D(3, 1))
    voxels = {"volume": np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5, 1), dtype=np.uint8)}
    scores = np.exp(model.predict_on_batch(voxels))
    probabilities = Segmentation().network(model, spec).predict_on_batch(voxels)["probabilities"]
    np.testing.assert_allclose(probabilities, scores / scores.sum(axis=-1, keepdims=True), rtol=1e-5)


# What is said of label maps


def judged_by(task, predicted, truths):
    judge = task.judge(SPEC)
    for number, (labels, truth) in enumerate(zip(predicted, truths, strict=True)):
        judge.add({"labels": labels.astype(np.int32)}, Judged(f"{number}.png", truth))
    return judge


def test_the_floor_is_the_most_frequent_label_at_each_position():
    training = maps(
        [[0, 0, 1, 1], [0, 0, 2, 2]],
        [[0, 1]],  # half as large
        [[VOID, VOID, 2, 2], [VOID, VOID, 2, 1]],
    )
    test = maps([[0, 0, 1, 1], [0, 1, 2, VOID]], [[0, 2]])
    # Prior: 0 0 1 1 / 0 0 2 1, and 0 1 in half the size.
    memory = Segmentation().memory(SPEC, (Judged("", labels) for labels in training))
    ((name, predict),) = Segmentation().floors(SPEC, memory).items()
    scores = judged_by(Segmentation(), [predict(Judged("", labels))["labels"] for labels in test], test).scores()
    assert name == "prior by position"
    assert scores["pixel_accuracy"] == pytest.approx(7 / 9)
    assert scores["class_accuracy"] == pytest.approx((1 + 2 / 3 + 1 / 2) / 3)
    assert scores["mean_iou"] == pytest.approx((4 / 5 + 2 / 4 + 1 / 2) / 3)


def test_rows_and_scores_leave_void_out():
    predicted = maps([[0, 1], [2, 2]], [[0, 0]])
    truths = maps([[0, 1], [1, VOID]], [[VOID, VOID]])
    judge = judged_by(Segmentation(), predicted, truths)
    assert list(judge.rows()) == [
        {"pixel_accuracy": "0.6667", "labelled": 3},
        {"pixel_accuracy": "", "labelled": 0},
    ]
    scores = judge.scores()
    assert scores["examples"] == 2 and scores["labelled"] == 3
    assert scores["pixel_accuracy"] == pytest.approx(2 / 3)
    assert set(scores["per_class"]) == {"sky", "tree", "road"}
    scores = judged_by(Segmentation(background="sky"), predicted, truths).scores()
    assert scores["mean_dice"] == pytest.approx(1 / 3)


def test_a_background_that_is_no_class_is_told():
    task = Segmentation(background="sea")
    for use in (task.judge, lambda spec: task.objective(spec, list)):
        with pytest.raises(InputError, match="is 'sea', but the classes are sky, tree, road") as caught:
            use(SPEC)
        assert caught.value.key == "task.background"


def test_the_best_and_the_worst_pictures_are_drawn():
    truths = [*maps([[0, 1], [0, 1]], [[VOID, VOID]]), *maps(*[[[1, 1]]] * 5)]
    predicted = [*maps([[0, 0], [0, 0]], [[0, 0]]), *maps([[1, 1]], [[0, 0]], [[1, 0]], [[0, 0]], [[1, 1]])]
    shown = []

    def pictures(indices):
        shown.extend(indices)
        return {index: np.zeros((*truths[index].shape, 3), np.uint8) for index in indices}

    told = list(judged_by(Segmentation(), predicted, truths).figures(pictures))
    assert shown == [2, 6, 0, 5, 3, 4]  # not 1, of which nothing is labelled
    assert [name for _, name, _ in told] == [
        "confusion",
        *(f"{end}-{n}" for end in ("best", "worst") for n in (1, 2, 3)),
    ]
    assert told[1][0] == "Best 1: 2.png, pixel accuracy 1.000" and told[5][0] == "Worst 2: 3.png, pixel accuracy 0.000"
    assert [axis.get_title() for axis in told[3][2].axes][-1] == "wrong: 50.0%"


def test_a_label_map_is_told_by_the_shares_of_its_classes():
    labels, picture = np.array([[2, 2, 0, 2]], np.uint8), np.zeros((1, 4, 3), np.uint8)
    result = Segmentation().result({"labels": labels}, SPEC, picture)
    assert result.facts == {"classes": [{"name": "road", "share": 0.75}, {"name": "sky", "share": 0.25}]}
    assert result.answer == "road" and result.text == "road  0.7500\nsky   0.2500"
    assert len(result.figure().axes) == 3
    assert Segmentation().result({"labels": labels}, SPEC).figure is None


def test_a_label_map_in_another_size_than_its_probabilities_was_scaled():
    probabilities, labels = np.zeros((2, 3, 3), np.float32), np.zeros((4, 6), np.uint8)
    picture = np.zeros((2, 3, 3), np.uint8)
    result = Segmentation().result({"probabilities": probabilities, "labels": labels}, SPEC, picture)
    assert result.facts["scaled_from"] == {"width": 3, "height": 2}
    assert result.text.endswith("\nscaled from 3 x 2 to 6 x 4 pixels")
    assert len(result.figure().axes) == 3


def test_a_label_map_is_a_png_of_class_numbers_with_a_palette():
    labels = np.array([[0, 2, 1], [2, 2, 2]], np.int32)
    ((name, content),) = Segmentation().result({"labels": labels}, SPEC).files.items()
    assert name == "labels.png"
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "PNG" and image.mode == "P" and image.size == (3, 2)
        np.testing.assert_array_equal(np.asarray(image), labels)
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), class_colours(3)[labels])


@pytest.mark.parametrize(
    ("own", "mode", "stored"),
    [
        ({"numbers": (7, 0, 255)}, "P", [[7, 255, 0]]),
        ({"numbers": (1, 2, 60000)}, "I;16", [[1, 60000, 2]]),
        ({"colours": ((0, 0, 9), (1, 2, 3), (255, 0, 0))}, "RGB", [[[0, 0, 9], [255, 0, 0], [1, 2, 3]]]),
    ],
)
def test_a_label_map_holds_what_the_users_own_files_hold(own, mode, stored):
    labels, spec = (
        np.array([[0, 2, 1]], np.uint8),
        SPEC.model_copy(update={"target": LabelMap(names=tuple("abc"), **own)}),
    )
    result = Segmentation().result({"labels": labels}, spec)
    assert [one["name"] for one in result.facts["classes"]] == ["a", "b", "c"]
    with Image.open(io.BytesIO(result.files["labels.png"])) as image:
        assert image.mode == mode
        np.testing.assert_array_equal(np.asarray(image), stored)
        if mode == "P":
            np.testing.assert_array_equal(np.asarray(image.convert("RGB")), class_colours(3)[labels])


def test_numbers_that_no_png_can_hold_make_an_array():
    spec = SPEC.model_copy(update={"target": LabelMap(names=tuple("abc"), numbers=(-3, 0, 1))})
    ((name, content),) = Segmentation().result({"labels": np.array([[0, 2, 1]])}, spec).files.items()
    with np.load(io.BytesIO(content)) as arrays:
        np.testing.assert_array_equal(arrays["labels"], [[-3, 1, 0]])
    assert name == "labels.npz"


def test_a_label_map_of_a_volume_is_an_array():
    labels = np.arange(24).reshape(2, 3, 4).astype(np.uint8) % 3
    ((name, content),) = Segmentation().result({"labels": labels}, SPEC).files.items()
    assert name == "labels.npz"
    with np.load(io.BytesIO(content)) as arrays:
        np.testing.assert_array_equal(arrays["labels"], labels)
        assert arrays["labels"].dtype == np.uint8
