"""The task of captioning, and a whole run of it: training, figures, floors, prediction, report, export."""

import csv
import json
import math
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lstm_zoo.cli import app
from lstm_zoo.config import ConfigError, load
from lstm_zoo.contracts import InputError, Spec
from lstm_zoo.exporting import Artifact
from lstm_zoo.run import Run
from lstm_zoo.tasks import captioning
from lstm_zoo.tasks.caption_metrics import CaptionScores
from lstm_zoo.tasks.captioning import Captioning
from lstm_zoo.tasks.perplexity import Perplexity
from lstm_zoo.training import train
from lstm_zoo.words import END, SPECIAL

SPEC = Spec(input_shape=(8, 8, 3), vocabulary=(*SPECIAL, "a", "red", "dog"), max_words=4)


@pytest.fixture(scope="module")
def caption_run(tmp_path_factory, data_dir):
    """A trained run of the smoke recipe of show_attend_tell."""
    config = load("smoke/show_attend_tell.yaml", [f"data.data_dir={data_dir}"])
    return train(config, tmp_path_factory.mktemp("runs") / "captions")


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """A JPEG of another size than the network's."""
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    file = tmp_path_factory.mktemp("photos") / "photo.jpg"
    Image.fromarray(pixels).resize((100, 75), Image.Resampling.BICUBIC).save(file)
    return file


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_is_the_mean_over_the_words_of_a_batch(smoothing):
    random = np.random.default_rng(0)
    captions = np.array([[[4, 5, END, 0], [6, END, 0, 0]], [[5, 5, 5, 5], [0, 0, 0, 0]]], "int32")
    scores = random.normal(size=(2, 2, 4, 7)).astype("float32")
    logs = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    chosen = np.take_along_axis(logs, captions[..., None], axis=-1)[..., 0]
    lost = -(1 - smoothing) * chosen - smoothing * logs.mean(axis=-1)
    expected = lost[captions > 0].mean()
    rows = Captioning(label_smoothing=smoothing).loss()(captions, keras.ops.convert_to_tensor(scores))
    assert rows.shape == (2,) and float(np.mean(rows)) == pytest.approx(expected, rel=1e-5)
    metric = Perplexity()
    metric.update_state(captions[:1], scores[:1])
    metric.update_state(captions[1:], scores[1:])
    assert float(metric.result()) == pytest.approx(math.exp(-chosen[captions > 0].mean()), rel=1e-5)


def test_uniform_scores_have_the_perplexity_of_the_vocabulary():
    metric = Perplexity()
    metric.update_state(np.array([[[4, 5, END, 0]]]), np.zeros((1, 1, 4, 7), "float32"))
    assert float(metric.result()) == pytest.approx(7)


class Captions:
    """Splits that hold captions alone."""

    spec = SPEC

    def __init__(self, **captions):
        self.captions = captions

    def size(self, split):
        return len(self.captions.get(split, ()))

    def targets(self, split):
        return self.captions[split]

    def judge(self, split, outputs):
        return {"words": float(sum(map(len, outputs["words"])))}


def test_floors_are_the_most_frequent_caption_and_the_nearest_image(monkeypatch):
    splits = Captions(
        train=[["a red dog", "a cat sleeps"], ["two birds fly", "a red dog"], ["the sea at night", "waves"]],
        test=[["the sea at night"], ["two birds fly"]],
    )
    features = {"train": np.eye(3), "test": np.array([[0, 0.1, 5], [0, 3, 1]])}
    seen = {}

    def scores(captions, references, *options):
        seen[captions[0], captions[1]] = references
        return CaptionScores({"bleu4": float(len(seen))}, np.zeros(2), "simple")

    monkeypatch.setattr(captioning, "caption_scores", scores)
    floors = Captioning().floors(splits, "test", features.get)
    assert list(floors) == ["most frequent caption", "nearest training image"]
    assert floors["most frequent caption"] == {"bleu4": 1.0, "words": 6.0}
    assert list(seen) == [("a red dog", "a red dog"), ("the sea at night", "two birds fly")]
    assert Captioning().floors(Captions(test=[["x"]]), "test", features.get) == {}


def test_an_image_is_not_its_own_nearest():
    features = np.array([[1.0, 0], [0.9, 0.1], [0, 1.0]])
    assert captioning._nearest(features, features, same=True)[:2] == [1, 0]


def test_without_pycocoevalcap_the_recipe_is_refused_before_training(monkeypatch):
    monkeypatch.setattr(captioning, "missing_package", lambda: "pip install 'lstm-zoo[captions]'")
    with pytest.raises(ConfigError, match=r"task.kind: pip install"):
        load("smoke/show_tell.yaml").check()


def test_wrong_settings_are_told(tmp_path):
    for setting, message in (
        ("task.decoding={kind: beem}", "beam"),
        ("task.decoding={kind: greedy, width: 3}", "width"),
        ("data.captions.max_words=1", "greater than or equal to 2"),
        ("model.scheduled_sampling_steps=3", "has no effect without scheduled_sampling"),
        ("model.backbone.pooling=max", "attention needs every region"),
        ("task={kind: classification}", "does not serve the task 'classification'"),
    ):
        with pytest.raises(ConfigError, match=message):
            load("smoke/show_attend_tell.yaml", [setting]).check()


def test_a_vocabulary_without_words_is_told():
    config = load("smoke/show_attend_tell.yaml", ["data.captions.min_count=1000000"])
    with pytest.raises(InputError, match="no word stands in the training captions so often"):
        config.data.expected_spec()


@pytest.mark.xdist_group("captions")
def test_a_run_is_judged_beside_its_floors(caption_run):
    figures = caption_run.evaluate("test")
    assert figures["examples"] == 8 and figures["tokenization"] == "lower case, punctuation removed"
    assert {"bleu1", "bleu4", "rouge_l", "cider", "right", "looks_right"} <= set(figures)
    assert set(figures["floors"]) == {"most frequent caption", "nearest training image"}
    assert figures["floors"]["nearest training image"]["bleu1"] > 0.2
    with (caption_run.path / "predictions-test.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8 and all(row["references"].count(" | ") == 4 for row in rows)
    page = (caption_run.path / "report.html").read_text(encoding="utf-8")
    assert "Best 1: test/" in page and "Worst 2: test/" in page and "nearest training image" in page
    assert (caption_run.path / "figures" / "test-worst-1.png").is_file()


@pytest.mark.xdist_group("captions")
def test_a_top_k_beyond_the_vocabulary_is_told(caption_run):
    run = Run.open(caption_run.path, ["task.decoding={kind: sample, top_k: 500}"])
    with pytest.raises(InputError, match=r"task.decoding.top_k: is 500, but the vocabulary has"):
        run.config.task.inference(run.model)


@pytest.mark.xdist_group("captions")
def test_other_decoding_needs_no_other_run(caption_run):
    greedy = Run.open(caption_run.path, ["task.decoding={kind: greedy}"])
    assert greedy.inference.get_layer("search").width == 1 and caption_run.inference.get_layer("search").width == 2
    assert greedy.evaluate("test")["examples"] == 8


@pytest.mark.xdist_group("captions")
def test_predict_prints_the_caption_and_draws_where_it_looked(caption_run, photo, tmp_path):
    result = CliRunner().invoke(
        app, ["predict", str(photo), "--run", str(caption_run.path), "--save-to", str(tmp_path)]
    )
    assert result.exit_code == 0, result.output
    assert (tmp_path / "001-photo-figure.png").read_bytes().startswith(b"\x89PNG")
    (told,) = json.loads(
        CliRunner().invoke(app, ["predict", str(photo), "--run", str(caption_run.path), "--json"]).stdout
    )["predictions"]
    assert told["caption"] in result.output and told["caption"] == " ".join(told["words"])
    assert len(told["probabilities"]) == len(told["words"]) == len(told["attention"])
    assert all(0 < value <= 1 for value in told["probabilities"])
    np.testing.assert_allclose(np.sum(told["attention"], axis=1), 1, atol=1e-4)


@pytest.mark.xdist_group("captions")
def test_files_that_are_no_images_are_told(caption_run, tmp_path):
    (tmp_path / "text.jpg").write_text("no image")
    (result,) = caption_run.predict([tmp_path / "text.jpg"])
    assert result["error"] == "is no image that can be read"


@pytest.mark.xdist_group("captions")
def test_the_saved_model_writes_the_same_sentence_from_a_file_s_bytes(caption_run, photo, tmp_path):
    (told,) = caption_run.predict([photo])
    result = caption_run.export("tf_saved_model", tmp_path)
    assert result.about["max_difference"] <= 1e-5 and result.about["agreement"] == 1
    code = (
        "import json, sys, tensorflow as tf\n"
        "sys.modules['lstm_zoo'] = None\n"
        f"served = tf.saved_model.load({str(result.path)!r}).signatures\n"
        f"outputs = served['from_encoded'](encoded=tf.constant([open({str(photo)!r}, 'rb').read()] * 2))\n"
        "assert 'caption' in served['serving_default'].structured_outputs\n"
        "shown = {name: values[1].numpy() for name, values in outputs.items()}\n"
        "shown['caption'] = shown['caption'].decode()\n"
        "print(json.dumps({k: v if isinstance(v, str) else v.tolist() for k, v in shown.items()}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path)
    served = json.loads(done.stdout)
    assert served["caption"] == told["caption"]
    length = len(told["words"])
    np.testing.assert_allclose(np.exp(served["log_probabilities"][:length]), told["probabilities"], rtol=1e-4)
    np.testing.assert_allclose(served["attention"][:length], told["attention"], atol=1e-5)


@pytest.mark.xdist_group("captions")
@pytest.mark.parametrize("format", ["keras", "litert"])
def test_files_write_the_same_captions(caption_run, format, tmp_path):
    artifact = caption_run.export(format, tmp_path)
    assert artifact.about["max_difference"] <= 1e-5 and artifact.about["agreement"] == 1
    assert not any(name.startswith("Flex") for name in artifact.about["ops"])
    with pytest.raises(InputError, match=r"--set task\.decoding=.* is part of the file; export again with it"):
        Artifact.open(artifact.path, ["task.decoding={kind: greedy}"])
    if format == "litert":
        figures, of_run = artifact.evaluate("val"), caption_run.metrics["val"]
        floors, all_floors = figures.pop("floors"), of_run["floors"]
        assert figures.items() <= of_run.items() and floors.items() < all_floors.items()  # without the nearest image
        artifact.inference.close()


def test_a_frozen_encoder_s_features_are_cached_for_captions_too(mobilenet_file, data_dir, tmp_path):
    overrides = [
        f"data.data_dir={data_dir}",
        "data.image={size: 32}",
        f"model.backbone={{weights: {mobilenet_file}, options: {{alpha: 0.35}}, output_layer: block_3_expand_relu}}",
        "train.epochs=1",
    ]
    losses = []
    for views in (0, "null"):
        config = load("smoke/show_tell.yaml", [*overrides, f"train.cached_views={views}"])
        run = train(config, tmp_path / str(views), evaluate=False)
        with (run.path / "history.csv").open(encoding="utf-8") as file:
            losses.append(float(next(csv.DictReader(file))["loss"]))
    assert list(data_dir.glob("captioned_shapes/**/features/*/train.npy"))
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_captions_resume_exactly(data_dir, tmp_path):
    def weights(run):
        return [np.array(weight) for weight in run.model.get_weights()]

    overrides = [f"data.data_dir={data_dir}", "model.scheduled_sampling=0.5"]
    one_epoch, two_epochs = (
        load("smoke/show_tell.yaml", [*overrides, f"train.epochs={epochs}", "train.schedule={kind: constant}"])
        for epochs in (1, 2)
    )
    straight = train(two_epochs, tmp_path / "straight", evaluate=False)
    train(one_epoch, tmp_path / "parts", evaluate=False)
    resumed = train(two_epochs, tmp_path / "parts", resume=True, evaluate=False)
    for one, other in zip(weights(straight), weights(resumed), strict=True):
        np.testing.assert_array_equal(one, other)
