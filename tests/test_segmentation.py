"""The task of segmentation, and whole runs of it on images and on volumes: figures, floors, prediction, export."""

import io
import json

import keras
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lstm_zoo.cli import app
from lstm_zoo.config import ConfigError, load
from lstm_zoo.contracts import InputError, Spec
from lstm_zoo.data.label_reading import views_of_picture
from lstm_zoo.label_figures import class_colours
from lstm_zoo.labels import VOID
from lstm_zoo.models.pyramid_lstm import PyramidLstm
from lstm_zoo.models.window_dense import WindowDense
from lstm_zoo.tasks.segmentation import Segmentation
from lstm_zoo.training import train

pytestmark = pytest.mark.xdist_group("segmentation")

SPEC = Spec(input_shape=(2, 4, 3), class_names=("sky", "tree", "road"))
FIGURES = {"pixel_accuracy", "class_accuracy", "mean_iou", "mean_dice"}


def trained(name, tmp_path_factory, data_dir, *overrides):
    config = load(f"smoke/{name}.yaml", [f"data.data_dir={data_dir}", *overrides])
    return train(config, tmp_path_factory.mktemp("runs") / name)


@pytest.fixture(scope="module")
def image_run(tmp_path_factory, data_dir):
    """A trained run of the smoke recipe of md_lstm_labeller; its blocks are 32 x 32 pixels."""
    return trained("md_lstm_labeller", tmp_path_factory, data_dir)


@pytest.fixture(scope="module")
def volume_run(tmp_path_factory, data_dir):
    """A trained run of the smoke recipe of pyramid_lstm, one layer; its blocks are 6 x 8 x 8 voxels, volumes larger."""
    return trained("pyramid_lstm", tmp_path_factory, data_dir)


@pytest.fixture(scope="module")
def masked_run(tmp_path_factory, data_dir):
    """A trained run on images of different sizes, which are padded."""
    root = tmp_path_factory.mktemp("unequal")
    random = np.random.default_rng(0)
    for split in ("train", "val", "test"):
        for number, size in enumerate(((24, 13), (10, 32), (24, 32))):
            labels = np.full(size, number % 2, np.uint8)
            labels[:3] = 255
            image = random.integers(0, 100, (*size, 3)) + 120 * labels[..., None].clip(max=1)
            for folder, array in ((split, image.astype(np.uint8)), (f"{split}annot", labels)):
                (root / folder).mkdir(exist_ok=True)
                Image.fromarray(array).save(root / folder / f"{number}.png")
    (root / "classes.txt").write_text("dark\nbright\n")
    data = f"data={{kind: segmentation_folder, root: {root}, void: 255, data_dir: {data_dir}}}"
    overrides = [data, "task.class_weights=median_frequency", "train.epochs=1", "train.jit_compile=false"]
    return trained("md_lstm_labeller", tmp_path_factory, data_dir, *overrides)


class Maps:
    """Splits that hold label maps alone."""

    spec = SPEC

    def __init__(self, **maps):
        self.maps = {split: [np.array(labels, np.uint8) for labels in found] for split, found in maps.items()}

    def size(self, split):
        return len(self.maps.get(split, ()))

    def targets(self, split):
        return self.maps[split]


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


def loss_of(task, labels, scores, splits=None):
    rows = task.loss(splits)(labels, keras.ops.convert_to_tensor(scores))
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
    splits = Maps(train=[[[0, 0, 0, 1]], [[0, 0, VOID, 2]]])
    frequencies = np.array([5 / 7, 1 / 4, 1 / 3])  # of the labelled pixels of the pictures that have the class
    weights = (1 / 3) / frequencies
    for grid in ((4, 8), (2, 2)):
        labels, scores = random_case((4, 8), grid)
        rows = loss_of(task, labels, scores, splits)
        assert rows.mean() == pytest.approx(cross_entropy(labels, scores, weights), rel=1e-5)
        np.testing.assert_array_equal(
            loss_of(Segmentation(), labels, scores, splits), loss_of(Segmentation(), labels, scores)
        )
    without = Maps(train=[[[0, 0, 0, 1]]])  # 2 never occurs
    labels, scores = random_case((4, 8), (4, 8))
    weights = np.array([1 / 2 / (3 / 4), 1 / 2 / (1 / 4), 0])
    known = np.where(labels == 2, VOID, labels)
    assert loss_of(task, labels, scores, without).mean() == pytest.approx(
        cross_entropy(known, scores, weights), rel=1e-5
    )


# What is said of label maps


def test_the_floor_is_the_most_frequent_label_at_each_position():
    splits = Maps(
        train=[
            [[0, 0, 1, 1], [0, 0, 2, 2]],
            [[0, 1]],  # half as large
            [[VOID, VOID, 2, 2], [VOID, VOID, 2, 1]],
        ],
        test=[[[0, 0, 1, 1], [0, 1, 2, VOID]], [[0, 2]]],
    )
    # Prior: 0 0 1 1 / 0 0 2 1, and 0 1 in half the size.
    (floor,) = Segmentation().floors(splits, "test", None).items()
    assert floor[0] == "prior by position" and set(floor[1]) == FIGURES
    assert floor[1]["pixel_accuracy"] == pytest.approx(7 / 9)
    assert floor[1]["class_accuracy"] == pytest.approx((1 + 2 / 3 + 1 / 2) / 3)
    assert floor[1]["mean_iou"] == pytest.approx((4 / 5 + 2 / 4 + 1 / 2) / 3)
    assert Segmentation().floors(Maps(test=[[[0, 1]]]), "test", None) == {}


def test_label_maps_are_told_by_the_shares_of_their_classes():
    maps = [np.array([[2, 2, 0, 2]], np.uint8), np.array([[1]], np.uint8)]
    assert Segmentation().decode(maps, SPEC) == [
        {"classes": [{"name": "road", "share": 0.75}, {"name": "sky", "share": 0.25}]},
        {"classes": [{"name": "tree", "share": 1.0}]},
    ]


def test_probabilities_become_label_maps_of_any_size():
    probabilities = [np.eye(3)[[[0, 2]]], np.eye(3)[[[1], [1], [0]]]]
    maps = Segmentation().collect(iter(probabilities))
    assert [labels.tolist() for labels in maps] == [[[0, 2]], [[1], [1], [0]]]
    assert {labels.dtype for labels in maps} == {np.dtype(np.uint8)}


def test_rows_and_figures_leave_void_out():
    outputs = [np.array([[0, 1], [2, 2]], np.uint8), np.zeros((1, 2), np.uint8)]
    targets = [np.array([[0, 1], [1, VOID]], np.uint8), np.full((1, 2), VOID, np.uint8)]
    assert list(Segmentation().rows(outputs, targets, SPEC)) == [
        {"pixel_accuracy": "0.6667", "labelled": 3},
        {"pixel_accuracy": "", "labelled": 0},
    ]
    figures = Segmentation().evaluate(outputs, targets, SPEC)
    assert figures["examples"] == 2 and figures["labelled"] == 3
    assert figures["pixel_accuracy"] == pytest.approx(2 / 3)
    assert set(figures["per_class"]) == {"sky", "tree", "road"}
    assert Segmentation(background="sky").evaluate(outputs, targets, SPEC)["mean_dice"] == pytest.approx(1 / 3)
    with pytest.raises(InputError, match="is 'sea', but the classes are sky, tree, road") as caught:
        Segmentation(background="sea").evaluate(outputs, targets, SPEC)
    assert caught.value.key == "task.background"


def test_a_label_map_is_a_png_of_class_numbers_with_a_palette():
    labels = np.array([[0, 3, 1], [3, 3, 2]], np.uint8)
    ((name, content),) = Segmentation().files(labels).items()
    assert name == "labels.png"
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "PNG" and image.mode == "P" and image.size == (3, 2)
        np.testing.assert_array_equal(np.asarray(image), labels)
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), class_colours(4)[labels])


def test_a_label_map_of_a_volume_is_an_array():
    labels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    ((name, content),) = Segmentation().files(labels).items()
    assert name == "labels.npz"
    with np.load(io.BytesIO(content)) as arrays:
        np.testing.assert_array_equal(arrays["labels"], labels)


# The network in use


def interpolated(scores, sides):
    """Interpolate (B, h, w, K) to other sides, from the middles of the cells, one axis after the other."""
    for axis, side in enumerate(sides, 1):
        cells = scores.shape[axis]
        places = (np.arange(side) + 0.5) * cells / side - 0.5
        scores = np.apply_along_axis(lambda row, at=places, n=cells: np.interp(at, np.arange(n), row), axis, scores)
    return scores


def test_a_network_in_use_gives_probabilities_of_every_pixel():
    keras.utils.set_random_seed(0)
    model = WindowDense(units=(4,), dense=(5,)).build(SPEC.model_copy(update={"input_shape": (8, 12, 3)}))
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 12, 3), dtype=np.uint8)
    network = Segmentation().inference(model)
    assert network.output_shape == (None, 8, 12, 3) and model.output_shape == (None, 2, 3, 3)
    probabilities = network.predict_on_batch(pixels)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, rtol=1e-5)
    scores = np.exp(interpolated(model.predict_on_batch(pixels), (8, 12)))
    np.testing.assert_allclose(probabilities, scores / scores.sum(axis=-1, keepdims=True), rtol=1e-4)


def test_scores_of_every_voxel_are_not_interpolated():
    keras.utils.set_random_seed(0)
    spec = SPEC.model_copy(update={"input_shape": (3, 4, 5, 1)})
    model = PyramidLstm(units=(2,), dense=(), kernel_size=3).build(spec)
    voxels = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5, 1), dtype=np.uint8)
    scores = np.exp(model.predict_on_batch(voxels))
    probabilities = Segmentation().inference(model).predict_on_batch(voxels)
    np.testing.assert_allclose(probabilities, scores / scores.sum(axis=-1, keepdims=True), rtol=1e-5)


# Runs


def test_a_window_that_does_not_fit_is_told():
    with pytest.raises(InputError, match=r"5 pixels do not divide images of 32 x 32; .*data.image.size=\[35,35\]"):
        config = load("smoke/md_lstm_labeller.yaml", ["model.window=5"]).check()
        config.model.build(config.data.expected_spec())
    with pytest.raises(ConfigError, match="expected one tanh layer after each"):
        load("smoke/md_lstm_labeller.yaml", ["model.units=[4,4]"])
    with pytest.raises(ConfigError, match="does not serve the task 'classification'"):
        load("smoke/md_lstm_labeller.yaml", ["task={kind: classification}"]).check()


@pytest.mark.parametrize("name", ["image_run", "volume_run", "masked_run"])
def test_a_run_is_judged_beside_its_floor(request, name):
    run = request.getfixturevalue(name)
    figures = run.evaluate("test")
    assert FIGURES <= set(figures) and all(0 <= figures[figure] <= 1 for figure in FIGURES)
    assert set(figures["floors"]["prior by position"]) == FIGURES
    splits = run.config.data.load(like=run.spec)
    labelled = sum(int((labels != VOID).sum()) for labels in splits.targets("test"))
    assert figures["examples"] == splits.size("test") and figures["labelled"] == labelled
    assert np.sum(figures["confusion"]) == labelled
    kept = json.loads((run.path / "metrics.json").read_text(encoding="utf-8"))
    assert kept["test"] == json.loads(json.dumps(figures)) and FIGURES <= set(kept["val"])
    table = (run.path / "predictions-test.csv").read_text(encoding="utf-8").splitlines()
    assert table[0] == "name,pixel_accuracy,labelled" and len(table) == 1 + splits.size("test")
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "Best 1: " in page and "Confusion matrix, % of each true class" in page and "prior by position" in page
    for figure in ("best-1", "confusion"):
        assert (run.path / "figures" / f"test-{figure}.png").read_bytes().startswith(b"\x89PNG")


def predict(run, save_to, *files):
    """Predict files by the command line; return what was printed and what it says of each file."""
    command = ["predict", *map(str, files), "--run", str(run.path), "--save-to", str(save_to)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    told = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(save_to.glob("*.json"))]
    assert [one["file"] for one in told] == list(map(str, files))
    return result.output, told


@pytest.mark.parametrize("name", ["image_run", "masked_run"])
def test_predict_gives_a_label_map_of_the_size_of_the_image(request, name, tmp_path):
    run = request.getfixturevalue(name)
    pixels = np.random.default_rng(0).integers(0, 256, (70, 100, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "large.jpg")
    Image.fromarray(pixels[:2, :3]).save(tmp_path / "small.png")  # smaller than a window
    printed, told = predict(run, tmp_path / "out", tmp_path / "large.jpg", tmp_path / "small.png")
    for number, (stem, size) in enumerate((("large", (100, 70)), ("small", (3, 2)))):
        file = tmp_path / "out" / f"{number + 1:03d}-{stem}-labels.png"
        assert told[number]["labels"] == str(file) and f"labels: {file}" in printed
        with Image.open(file) as image:
            labels = np.asarray(image)
            assert image.size == size and labels.max() < run.spec.num_classes
        shares = {one["name"]: one["share"] for one in told[number]["classes"]}
        found = {run.spec.class_names[label]: float((labels == label).mean()) for label in np.unique(labels)}
        assert shares == pytest.approx(found)
        assert (tmp_path / "out" / f"{number + 1:03d}-{stem}-figure.png").read_bytes().startswith(b"\x89PNG")


def test_files_that_are_no_images_are_told(image_run, tmp_path):
    (tmp_path / "text.png").write_text("no image")
    (result,) = image_run.predict([tmp_path / "text.png"])
    assert result["error"] == "is no image that can be read"


def test_predict_gives_labels_of_volumes_of_any_size(volume_run, tmp_path):
    values = np.random.default_rng(0).normal(size=(7, 13, 9))
    np.savez(tmp_path / "large.npz", image=values)
    np.savez(tmp_path / "small.npz", image=values[:2, :3, :4])
    _, told = predict(volume_run, tmp_path / "out", tmp_path / "large.npz", tmp_path / "small.npz")
    for one, shape in zip(told, ((7, 13, 9), (2, 3, 4)), strict=True):
        with np.load(one["labels"]) as arrays:
            labels = arrays["labels"]
        assert labels.shape == shape and labels.dtype == np.uint8 and labels.max() < volume_run.spec.num_classes
        assert sum(part["share"] for part in one["classes"]) == pytest.approx(1)
        with open(one["figure"], "rb") as figure:
            assert figure.read(4) == b"\x89PNG"
    np.savez(tmp_path / "colour.npz", image=values[..., None].repeat(3, axis=-1))
    (result,) = volume_run.predict([tmp_path / "colour.npz"])
    assert "has the shape (7, 13, 9, 3); expected 4 axes, 1 channels last" in result["error"]


def test_blocks_of_a_picture_are_blended_as_in_evaluation(volume_run):
    splits = volume_run.config.data.load(like=volume_run.spec)
    volume, name = splits.pictures("val", [0])[0], splits.names("val")[0]
    views = views_of_picture(volume, volume_run.spec, one_label=False)
    assert len(views.inputs) > 1
    (labels,) = volume_run.config.task.collect([views.merge(volume_run.inference.predict_on_batch(views.inputs[:]))])
    rows = (volume_run.path / "predictions-val.csv").read_text(encoding="utf-8").splitlines()
    (row,) = (row.split(",") for row in rows if row.startswith(name))
    assert float(row[1]) == pytest.approx((labels == splits.targets("val")[0]).mean(), abs=1e-4)


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("image_run", "keras"),
        ("image_run", "onnx"),
        ("masked_run", "tf_saved_model"),
        ("volume_run", "tf_saved_model"),
    ],
)
def test_exported_files_are_equal(request, name, format, tmp_path):
    run = request.getfixturevalue(name)
    artifact = run.export(format, tmp_path)
    about = artifact.about
    assert about["max_difference"] < 1e-5 and "examples" in about["examples"] and about["agreement"] == 1
    outputs = {one["name"]: one["shape"] for one in about["signatures"]["serving_default"]["outputs"]}
    assert outputs["labels"] == [None, *run.spec.input_shape[:-1]]
    if format == "onnx":  # the file itself, on the whole split
        figures = artifact.evaluate("val")
        assert figures.items() <= run.metrics["val"].items()
        artifact.inference.close()
