import csv
import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lstm_zoo import figures as draw
from lstm_zoo.config import load
from lstm_zoo.contracts import InputError
from lstm_zoo.training import train


@pytest.fixture(scope="module")
def folder_run(video_root, data_dir, tmp_path_factory):
    """A run on video files that is judged by two clips a video."""
    overrides = [f"data.root={video_root}", f"data.data_dir={data_dir}"]
    return train(load("smoke/video_folder.yaml", overrides), tmp_path_factory.mktemp("runs") / "folder")


def test_figures_follow_from_the_written_predictions(smoke_run):
    figures = smoke_run.evaluate("test")
    with (smoke_run.path / "predictions-test.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == figures["examples"] == 8
    assert np.mean([row["truth"] == row["prediction"] for row in rows]) == pytest.approx(figures["top1"])
    assert figures["floors"]["majority"]["top1"] == 1 / 8
    assert set(smoke_run.metrics) >= {"val", "test"}


@pytest.mark.xdist_group("folder_run")
def test_scores_are_averaged_over_the_clips_of_a_video(folder_run):
    splits = folder_run.config.data.load()
    inputs, _ = next(splits.eval_stream("test", 100).as_numpy_iterator())
    assert len(inputs) == 2 * splits.size("test")
    logits = folder_run.model.predict(inputs, verbose=0)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = probabilities.reshape(-1, 2, 2).mean(axis=1).max(axis=1)
    folder_run.evaluate("test")
    with (folder_run.path / "predictions-test.csv").open() as file:
        written = [float(row["probability"]) for row in csv.DictReader(file)]
    np.testing.assert_allclose(written, expected, atol=1e-5)


@pytest.mark.xdist_group("folder_run")
def test_prediction_of_a_file_equals_its_evaluation(folder_run, video_root):
    folder_run.evaluate("test")
    with (folder_run.path / "predictions-test.csv").open() as file:
        rows = list(csv.DictReader(file))
    results = folder_run.predict([video_root / row["name"] for row in rows])
    for row, result in zip(rows, results, strict=True):
        assert result["classes"][0]["name"] == row["prediction"]
        assert result["classes"][0]["probability"] == pytest.approx(float(row["probability"]), abs=1e-5)


@pytest.mark.xdist_group("folder_run")
def test_a_long_video_is_told_over_time(folder_run, tmp_path):
    from conftest import write_video

    file = write_video(tmp_path / "long.mp4", 40)
    (result,) = folder_run.predict([file])
    windows = result["windows"]
    assert len(windows) >= 2 and windows[0]["start"] == 0 and windows[-1]["end"] == pytest.approx(5, abs=0.1)
    assert all(one["end"] == two["start"] for one, two in zip(windows, windows[1:], strict=False))


@pytest.mark.xdist_group("folder_run")
def test_folders_are_searched_and_bad_files_keep_their_reason(folder_run, tmp_path, video_root):
    (tmp_path / "broken.mp4").write_bytes(b"x")
    results = folder_run.predict([video_root / "dark", tmp_path / "broken.mp4"])
    assert len(results) == 7 and "nvalid data" in results[-1]["error"]
    with pytest.raises(InputError, match="no file"):
        folder_run.predict([tmp_path / "nothing.mp4"])
    (tmp_path / "void").mkdir()
    with pytest.raises(InputError, match="no videos in"):
        folder_run.predict([tmp_path / "void"])


def test_an_empty_split_is_named(smoke_run, monkeypatch):
    splits = smoke_run.config.data.load()
    monkeypatch.setattr(splits, "size", lambda split: 0)
    with pytest.raises(InputError, match="'test' has no examples"):
        smoke_run.evaluate("test", splits=splits)


def test_the_report_stands_alone(smoke_run):
    smoke_run.evaluate("val")
    page = (smoke_run.path / "report.html").read_text()
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    for text in (
        "Learning curves",
        "Confusion matrix (val)",
        "Result against floor (val)",
        "Mistake 1",
        "kind: cnn_lstm",
    ):
        assert text in page
    for name in ("learning_curves", "val-confusion", "val-floor", "val-mistake-1"):
        assert (smoke_run.path / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_examples_are_found_by_their_number(smoke_run):
    splits = smoke_run.config.data.load()
    whole = np.concatenate([inputs for inputs, _ in splits.eval_stream("test", 3).as_numpy_iterator()])
    found = splits.pictures("test", [5, 2])
    assert set(found) == {2, 5}
    np.testing.assert_array_equal(found[5], whole[5])


def test_the_confusion_matrix_is_drawn_by_rows():
    figure = draw.confusion_matrix([[3, 1], [0, 0]], ["a", "b"])
    image = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(image, [[0.75, 0.25], [0, 0]])
    plt.close(figure)


def test_metrics_survive_a_second_evaluation(smoke_run):
    smoke_run.add_metrics("other", {"top1": 1.0})
    assert json.loads((smoke_run.path / "metrics.json").read_text())["other"] == {"top1": 1.0}
    metrics = {name: figures for name, figures in smoke_run.metrics.items() if name != "other"}
    (smoke_run.path / "metrics.json").write_text(json.dumps(metrics))
