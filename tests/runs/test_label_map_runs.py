"""Whole runs of segmentation on images and on volumes: scores, floors, prediction, export."""

import json

import numpy as np
import pytest
from conftest import running_eagerly
from lstmzoo import lstmzoo
from PIL import Image

from lstm_zoo.config.recipe import load
from lstm_zoo.contracts import InputError
from lstm_zoo.contracts.labels import VOID
from lstm_zoo.exporting.export import export
from lstm_zoo.runs.evaluation import evaluate
from lstm_zoo.runs.network import RunNetwork
from lstm_zoo.runs.prediction import predict
from lstm_zoo.trained import Trained
from lstm_zoo.training.fit import train

pytestmark = [pytest.mark.xdist_group("segmentation"), pytest.mark.usefixtures("warm")]

SCORES = {"pixel_accuracy", "class_accuracy", "mean_iou", "mean_dice"}


def trained(name, tmp_path_factory, data_dir, *overrides):
    config = load(f"smoke/{name}.yaml", [f"data.data_dir={data_dir}", *overrides])
    return RunNetwork(train(config, tmp_path_factory.mktemp("runs") / name))


@pytest.fixture(scope="module")
def image_run(tmp_path_factory, data_dir):
    """The network of a run of the smoke recipe of md_lstm_labeller; its blocks are 32 x 32 pixels."""
    with running_eagerly():
        return trained("md_lstm_labeller", tmp_path_factory, data_dir)


@pytest.fixture(scope="module")
def volume_run(tmp_path_factory, data_dir):
    """That of pyramid_lstm, one layer; its blocks are 6 x 8 x 8 voxels, volumes larger."""
    with running_eagerly():
        return trained("pyramid_lstm", tmp_path_factory, data_dir)


@pytest.fixture(scope="module")
def masked_run(tmp_path_factory, data_dir):
    """That of a run on images of different sizes, which are padded."""
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
    with running_eagerly():
        return trained("md_lstm_labeller", tmp_path_factory, data_dir, *overrides)


@pytest.mark.parametrize("name", ["image_run", "volume_run", "masked_run"])
def test_a_run_is_judged_beside_its_floor(request, name):
    network = request.getfixturevalue(name)
    scores = evaluate(network, "test")
    assert set(scores) >= SCORES and all(0 <= scores[name] <= 1 for name in SCORES)
    assert set(scores["floors"]["prior by position"]) == SCORES
    splits = network.config.data.load(like=network.spec)
    labelled = sum(int((judged.truth != VOID).sum()) for judged in splits.judged("test"))
    assert scores["examples"] == splits.size("test") and scores["labelled"] == labelled
    assert np.sum(scores["confusion"]) == labelled
    kept = network.run.metrics
    assert kept["test"] == json.loads(json.dumps(scores)) and set(kept["val"]) >= SCORES
    table = (network.folder / "predictions-test.csv").read_text(encoding="utf-8").splitlines()
    assert table[0] == "name,pixel_accuracy,labelled" and len(table) == 1 + splits.size("test")
    page = (network.folder / "report.html").read_text(encoding="utf-8")
    assert "Best 1: " in page and "Confusion matrix, % of each true class" in page and "prior by position" in page
    for figure in ("best-1", "confusion"):
        assert (network.folder / "figures" / "test" / f"{figure}.png").read_bytes().startswith(b"\x89PNG")


def predicted(network, save_to, *files):
    """Predict files by the command line; return what was printed and what it says of each file."""
    output = lstmzoo("predict", *files, "--run", network.folder, "--save-to", save_to).output
    told = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(save_to.glob("*.json"))]
    assert [one["file"] for one in told] == list(map(str, files))
    return output, told


@pytest.mark.parametrize("name", ["image_run", "masked_run"])
def test_predict_gives_a_label_map_of_the_size_of_the_image(request, name, tmp_path):
    network = request.getfixturevalue(name)
    class_names = network.spec.class_names
    pixels = np.random.default_rng(0).integers(0, 256, (70, 100, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "large.jpg")
    Image.fromarray(pixels[:2, :3]).save(tmp_path / "small.png")  # smaller than a window
    printed, told = predicted(network, tmp_path / "out", tmp_path / "large.jpg", tmp_path / "small.png")
    for number, (stem, size) in enumerate((("large", (100, 70)), ("small", (3, 2)))):
        file = tmp_path / "out" / f"{number + 1:03d}-{stem}-labels.png"
        assert told[number]["labels"] == str(file) and f"labels: {file}" in printed
        with Image.open(file) as image:
            labels = np.asarray(image)
            assert image.size == size and labels.max() < len(class_names)
        shares = {one["name"]: one["share"] for one in told[number]["classes"]}
        found = {class_names[label]: float((labels == label).mean()) for label in np.unique(labels)}
        assert shares == pytest.approx(found)
        assert (tmp_path / "out" / f"{number + 1:03d}-{stem}-figure.png").read_bytes().startswith(b"\x89PNG")


def test_files_that_are_no_images_are_told(image_run, tmp_path):
    (tmp_path / "text.png").write_text("no image")
    (result,) = predict(image_run, [tmp_path / "text.png"])
    assert result.facts["error"] == "is no image that can be read"


def test_predict_gives_labels_of_volumes_of_any_size(volume_run, tmp_path):
    values = np.random.default_rng(0).normal(size=(7, 13, 9))
    np.savez(tmp_path / "large.npz", image=values)
    np.savez(tmp_path / "small.npz", image=values[:2, :3, :4])
    _, told = predicted(volume_run, tmp_path / "out", tmp_path / "large.npz", tmp_path / "small.npz")
    for one, shape in zip(told, ((7, 13, 9), (2, 3, 4)), strict=True):
        with np.load(one["labels"]) as arrays:
            labels = arrays["labels"]
        assert labels.shape == shape and labels.dtype == np.uint8 and labels.max() < volume_run.spec.num_classes
        assert sum(part["share"] for part in one["classes"]) == pytest.approx(1)
        with open(one["figure"], "rb") as figure:
            assert figure.read(4) == b"\x89PNG"
    np.savez(tmp_path / "colour.npz", image=values[..., None].repeat(3, axis=-1))
    (result,) = predict(volume_run, [tmp_path / "colour.npz"])
    assert "has the shape (7, 13, 9, 3); expected 4 axes, 1 channels last" in result.facts["error"]


def test_answers_to_nifti_lie_in_its_space_under_its_name(volume_run, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    scan = np.random.default_rng(0).normal(size=(9, 7, 6)).astype(np.float32)
    for folder, turn in (("one", 1), ("two", -1)):  # the same scan, mirrored in the file
        (tmp_path / folder).mkdir()
        affine = np.diag([turn, 2.0, 3, 1])
        nibabel.save(nibabel.Nifti1Image(scan[::turn], affine), tmp_path / folder / "scan.nii.gz")
    _, told = predicted(volume_run, tmp_path / "out", *(tmp_path / name / "scan.nii.gz" for name in ("one", "two")))
    one, two = (nibabel.load(tmp_path / "out" / "predicted-labels" / name / "scan.nii.gz") for name in ("one", "two"))
    assert [facts["labels"] for facts in told] == [one.get_filename(), two.get_filename()]
    np.testing.assert_array_equal(two.affine, np.diag([-1, 2.0, 3, 1]))
    assert one.get_data_dtype() == np.uint8 and one.shape == scan.shape
    np.testing.assert_array_equal(one.dataobj, np.asanyarray(two.dataobj)[::-1])
    assert not list((tmp_path / "out").glob("*.npz"))


@pytest.mark.parametrize("name", ["image_run", "volume_run"])
def test_blocks_are_blended_to_whole_pictures(request, name):
    network = request.getfixturevalue(name)
    splits = network.config.data.load(like=network.spec)
    first = next(splits.judged("val"))
    labels = next(network.answers(splits, "val"))["labels"]
    assert labels.shape == first.truth.shape == splits.pictures("val", [0])[0].shape[:-1]
    evaluate(network, "val")
    rows = (network.folder / "predictions-val.csv").read_text(encoding="utf-8").splitlines()
    (row,) = (row.split(",") for row in rows if row.startswith(first.name))
    assert float(row[1]) == pytest.approx((labels == first.truth).mean(), abs=1e-4)


def test_prediction_of_a_file_equals_its_evaluation(image_run, tmp_path):
    splits = image_run.config.data.load(like=image_run.spec)
    picture = splits.pictures("val", [0])[0]
    Image.fromarray(picture).save(tmp_path / "picture.png")
    (result,) = predict(image_run, [tmp_path / "picture.png"], tmp_path)
    with Image.open(result.facts["labels"]) as image:
        np.testing.assert_array_equal(np.asarray(image), next(image_run.answers(splits, "val"))["labels"])


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
    network = request.getfixturevalue(name)
    exported = export(network, format, tmp_path)
    about = exported.about
    assert about["max_difference"] < 1e-5 and "examples" in about["examples"] and about["agreement"] == 1
    outputs = {one["name"]: one["shape"] for one in about["signatures"]["serving_default"]["outputs"]}
    assert outputs["labels"] == [None, *network.spec.only_input[1].shape[:-1]]
    if format == "onnx":  # the file itself, on the whole split
        assert evaluate(exported, "val").items() <= network.run.metrics["val"].items()
        exported.runner.close()


def test_an_array_is_told_as_its_file_is(image_run, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (40, 36, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    (of_file,), (of_array,) = (Trained(image_run).predict(one) for one in (tmp_path / "image.png", pixels))
    assert {**of_file.facts, "file": ""} == {**of_array.facts, "file": ""} and of_array.file == "array 1"
    with pytest.raises(InputError, match=r"array 1 is \(40, 36, 3\) float32; expected .* uint8"):
        Trained(image_run).predict(pixels.astype(np.float32))
