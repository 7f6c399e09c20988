"""Whole runs of captioning: training, scores, floors, prediction, report, export."""

import csv
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import running_eagerly
from lstmzoo import lstmzoo
from PIL import Image

from lstm_zoo.config.recipe import load
from lstm_zoo.contracts import InputError
from lstm_zoo.exporting.export import export
from lstm_zoo.exporting.exported import ExportedNetwork
from lstm_zoo.runs.directory import Run
from lstm_zoo.runs.evaluation import evaluate
from lstm_zoo.runs.network import RunNetwork
from lstm_zoo.runs.prediction import predict
from lstm_zoo.training.fit import train
from lstm_zoo.training.history import History


@pytest.fixture(scope="module")
def caption_run(tmp_path_factory, data_dir):
    """The network of a trained run of the smoke recipe of show_attend_tell."""
    config = load("smoke/show_attend_tell.yaml", [f"data.data_dir={data_dir}"])
    with running_eagerly():
        return RunNetwork(train(config, tmp_path_factory.mktemp("runs") / "captions"))


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """A JPEG of another size than the network's."""
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    file = tmp_path_factory.mktemp("photos") / "photo.jpg"
    Image.fromarray(pixels).resize((100, 75), Image.Resampling.BICUBIC).save(file)
    return file


@pytest.mark.xdist_group("captions")
def test_a_run_is_judged_beside_its_floors(caption_run):
    scores = evaluate(caption_run, "test")
    assert scores["examples"] == 8 and scores["tokenization"] == "lower case, punctuation removed"
    assert {"bleu1", "bleu4", "rouge_l", "cider", "right", "looks_right"} <= set(scores)
    assert set(scores["floors"]) == {"most frequent caption", "nearest training image"}
    assert scores["floors"]["nearest training image"]["bleu1"] > 0.2
    with (caption_run.folder / "predictions-test.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8 and all(row["references"].count(" | ") == 4 for row in rows)
    page = (caption_run.folder / "report.html").read_text(encoding="utf-8")
    assert "Best 1: test/" in page and "Worst 2: test/" in page and "nearest training image" in page
    assert (caption_run.folder / "figures" / "test" / "worst-1.png").is_file()


@pytest.mark.xdist_group("captions")
def test_other_decoding_needs_no_other_run(caption_run):
    greedy = RunNetwork(Run.open(caption_run.folder, ["task.decoding={kind: greedy}"]))
    assert greedy.used.get_layer("search").width == 1 and caption_run.used.get_layer("search").width == 2
    assert evaluate(greedy, "test")["examples"] == 8


@pytest.mark.xdist_group("captions")
def test_predict_prints_the_caption_and_draws_where_it_looked(caption_run, photo, tmp_path):
    output = lstmzoo("predict", photo, "--run", caption_run.folder, "--save-to", tmp_path).output
    assert (tmp_path / "001-photo-figure.png").read_bytes().startswith(b"\x89PNG")
    (told,) = json.loads(lstmzoo("predict", photo, "--run", caption_run.folder, "--json").stdout)["predictions"]
    assert told["caption"] in output and told["caption"] == " ".join(told["words"])
    assert len(told["probabilities"]) == len(told["words"]) == len(told["attention"])
    assert all(0 < value <= 1 for value in told["probabilities"])
    np.testing.assert_allclose(np.sum(told["attention"], axis=1), 1, atol=1e-4)


@pytest.mark.xdist_group("captions")
def test_files_that_are_no_images_are_told(caption_run, tmp_path):
    (tmp_path / "text.jpg").write_text("no image")
    (result,) = predict(caption_run, [tmp_path / "text.jpg"])
    assert result.facts["error"] == "is no image that can be read"


@pytest.mark.usefixtures("warm")
@pytest.mark.xdist_group("captions")
def test_the_saved_model_writes_the_same_sentence_from_a_file_s_bytes(caption_run, photo, tmp_path):
    (told,) = (one.facts for one in predict(caption_run, [photo]))
    result = export(caption_run, "tf_saved_model", tmp_path)
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


@pytest.mark.usefixtures("warm")
@pytest.mark.xdist_group("captions")
@pytest.mark.parametrize("format", ["keras", "litert"])
def test_files_write_the_same_captions(caption_run, format, tmp_path):
    exported = export(caption_run, format, tmp_path)
    assert exported.about["max_difference"] <= 1e-5 and exported.about["agreement"] == 1
    assert not any(name.startswith("Flex") for name in exported.about["ops"])
    with pytest.raises(InputError, match=r"--set task\.decoding=.* is part of the file; export again with it"):
        ExportedNetwork.open(exported.path, ["task.decoding={kind: greedy}"])
    if format == "litert":
        scores, of_run = evaluate(exported, "val"), caption_run.run.metrics["val"]
        floors, all_floors = scores.pop("floors"), of_run["floors"]
        assert scores.items() <= of_run.items() and floors.items() < all_floors.items()  # without the nearest image
        exported.runner.close()


@pytest.mark.usefixtures("eager")
def test_a_frozen_encoder_s_features_are_cached_for_captions_too(pretrained_encoder, data_dir, tmp_path):
    overrides = [
        f"data.data_dir={data_dir}",
        "data.image={size: 32}",
        f"model.backbone={{weights: {pretrained_encoder}}}",
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


@pytest.mark.usefixtures("eager")
def test_captions_resume_exactly(data_dir, tmp_path, monkeypatch):
    """The torn run is what was on the disk when the second epoch ended, before its checkpoint."""

    def weights(run):
        return [np.array(weight) for weight in RunNetwork(run).model.get_weights()]

    overrides = [f"data.data_dir={data_dir}", "model.scheduled_sampling=0.5"]
    config = load("smoke/show_tell.yaml", [*overrides, "train.epochs=2"])
    original = History.on_epoch_end

    def tear(self, epoch, logs=None):
        original(self, epoch, logs)
        if epoch == 1:
            shutil.copytree(tmp_path / "whole", tmp_path / "torn")

    with monkeypatch.context() as patch:
        patch.setattr(History, "on_epoch_end", tear)
        whole = train(config, tmp_path / "whole", evaluate=False)
    resumed = train(config, tmp_path / "torn", resume=True, evaluate=False)
    for one, other in zip(weights(whole), weights(resumed), strict=True):
        np.testing.assert_array_equal(one, other)
