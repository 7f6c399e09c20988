"""A network on a split, beside its floors, and on the user's files."""

import csv
import errno
import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import running_eagerly
from lstmzoo import lstmzoo

from lstm_zoo.config.recipe import load
from lstm_zoo.contracts import InputError
from lstm_zoo.runs.directory import Run
from lstm_zoo.runs.evaluation import evaluate
from lstm_zoo.runs.kept import added_metrics, metrics_of
from lstm_zoo.runs.network import RunNetwork
from lstm_zoo.runs.prediction import predict
from lstm_zoo.tasks.classification import Classification
from lstm_zoo.training.fit import train


@pytest.fixture(scope="module")
def folder_run(video_root, data_dir, tmp_path_factory):
    """A run on video files that is judged by two clips a video."""
    overrides = [f"data.root={video_root}", f"data.data_dir={data_dir}"]
    with running_eagerly():
        return RunNetwork(train(load("smoke/video_folder.yaml", overrides), tmp_path_factory.mktemp("runs") / "folder"))


def test_figures_follow_from_the_written_predictions(smoke_run):
    draft = smoke_run.folder / "figures" / ".1.draft.learning_curves.png"
    draft.touch()  # of a process that was killed
    scores = evaluate(smoke_run, "test")
    assert not draft.exists()
    with (smoke_run.folder / "predictions-test.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == scores["examples"] == 8
    assert np.mean([row["truth"] == row["prediction"] for row in rows]) == pytest.approx(scores["top1"])
    assert scores["floors"]["majority"]["top1"] == 1 / 8
    assert set(smoke_run.run.metrics) >= {"val", "test"}


@pytest.mark.xdist_group("folder_run")
def test_scores_are_averaged_over_the_clips_of_a_video(folder_run):
    splits = folder_run.config.data.load()
    inputs, _ = next(splits.eval_stream("test", 100).as_numpy_iterator())
    assert len(inputs["clip"]) == 2 * splits.size("test")
    logits = folder_run.model.predict(inputs, verbose=0)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = probabilities.reshape(-1, 2, 2).mean(axis=1).max(axis=1)
    evaluate(folder_run, "test")
    with (folder_run.folder / "predictions-test.csv").open() as file:
        written = [float(row["probability"]) for row in csv.DictReader(file)]
    np.testing.assert_allclose(written, expected, atol=1e-5)


@pytest.mark.xdist_group("folder_run")
def test_prediction_of_a_file_equals_its_evaluation(folder_run, video_root):
    evaluate(folder_run, "test")
    with (folder_run.folder / "predictions-test.csv").open() as file:
        rows = list(csv.DictReader(file))
    results = predict(folder_run, [video_root / row["name"] for row in rows])
    for row, result in zip(rows, results, strict=True):
        assert result.facts["classes"][0]["name"] == row["prediction"]
        assert result.facts["classes"][0]["probability"] == pytest.approx(float(row["probability"]), abs=1e-5)


@pytest.mark.xdist_group("folder_run")
def test_a_long_video_is_told_over_time(folder_run, tmp_path):
    from conftest import write_video

    file = write_video(tmp_path / "long.mp4", 40)
    (result,) = predict(folder_run, [file])
    windows = result.facts["windows"]
    assert len(windows) >= 2 and windows[0]["start"] == 0 and windows[-1]["end"] == pytest.approx(5, abs=0.1)
    assert all(one["end"] == two["start"] for one, two in zip(windows, windows[1:], strict=False))


@pytest.mark.xdist_group("folder_run")
def test_folders_are_searched_and_bad_files_keep_their_reason(folder_run, tmp_path, video_root):
    (tmp_path / "broken.mp4").write_bytes(b"x")
    results = list(predict(folder_run, [video_root / "dark", tmp_path / "broken.mp4"]))
    assert len(results) == 7 and "nvalid data" in results[-1].facts["error"] and results[-1].failed
    with pytest.raises(InputError, match="no file"):
        predict(folder_run, [tmp_path / "nothing.mp4"])
    (tmp_path / "void").mkdir()
    with pytest.raises(InputError, match="no videos in"):
        predict(folder_run, [tmp_path / "void"])


def test_an_empty_split_is_named(smoke_run, monkeypatch):
    splits = smoke_run.config.data.load()
    monkeypatch.setattr(splits, "size", lambda split: 0)
    with pytest.raises(InputError, match="'test' has no examples"):
        evaluate(smoke_run, "test", splits=splits)


def test_examples_are_found_by_their_number(smoke_run):
    splits = smoke_run.config.data.load()
    whole = np.concatenate([inputs["clip"] for inputs, _ in splits.eval_stream("test", 3).as_numpy_iterator()])
    found = splits.pictures("test", [5, 2])
    assert set(found) == {2, 5}
    np.testing.assert_array_equal(found[5], whole[5])


def test_scores_survive_a_second_evaluation(smoke_run, tmp_path):
    file = shutil.copy(smoke_run.folder / "metrics.json", tmp_path)
    with added_metrics(tmp_path, "other", {"top1": 1.0}):
        pass
    kept = json.loads((tmp_path / "metrics.json").read_text())
    assert kept.pop("other") == {"top1": 1.0} and kept == smoke_run.run.metrics and file


def test_scores_that_many_keep_at_once_are_all_kept(tmp_path):
    start, scores = threading.Barrier(8), {"examples": 1, "floors": {}}

    def keep(worker):
        start.wait()
        for number in range(5):
            with added_metrics(tmp_path, f"{worker}-{number}", scores):
                pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, range(8)))
    assert len(metrics_of(tmp_path)) == 40


@pytest.mark.usefixtures("eager")
def test_scores_that_cannot_be_kept_are_shown_all_the_same(smoke_run, tmp_path, monkeypatch):
    def refuse(file):
        raise OSError(errno.EROFS, "Read-only file system")

    run = shutil.copytree(smoke_run.folder, tmp_path / "run")
    monkeypatch.setattr("os.fsync", refuse)
    told = lstmzoo("eval", "--run", run, "--json", status=1)
    assert json.loads(told.stdout)["examples"] == 8
    assert told.stderr == (
        f"{run}/metrics.json cannot be written: Read-only file system; choose another place. Scores and report of this "
        "evaluation are not kept\n"
    )


@pytest.mark.usefixtures("eager")
def test_floors_need_nothing_of_the_training_examples(folder_run, video_root, tmp_path):
    """On another folder without a training split, of which no other split is even read."""
    root = shutil.copytree(video_root, tmp_path / "videos")
    (root / "train.txt").write_text("dark/nothing.mp4\n")
    (root / "test.txt").write_text("".join(f"{name.parent.name}/{name.name}\n" for name in root.rglob("*.avi")))
    settings = [f"data.root={root}", "data.lists={test: test.txt}", f"data.data_dir={tmp_path}"]
    scores = evaluate(RunNetwork(Run.open(folder_run.folder, settings)), "test", name="other")
    assert scores["examples"] == 4 and scores["floors"]["majority"]["top1"] == 0.5
    settings[1] = "data.lists={train: train.txt, test: test.txt}"
    again = evaluate(RunNetwork(Run.open(folder_run.folder, settings)), "test", name="other")
    assert "left out below" in scores.pop("remarks")[0] and "4 *.mp4" in again.pop("remarks")[0]
    assert again == scores


@pytest.mark.usefixtures("eager")
def test_floors_that_need_nothing_are_scored_as_well(smoke_run, tmp_path, monkeypatch):
    run = Run.open(shutil.copytree(smoke_run.folder, tmp_path / "run"))
    uniform = {"probabilities": np.full(8, 1 / 8)}
    monkeypatch.setattr(Classification, "floors", lambda self, spec, memory: {"first": lambda judged: uniform})
    run.keep_memory({})
    assert list(evaluate(RunNetwork(run))["floors"]) == ["first"]
    (run.path / "memory.npz").unlink()
    assert evaluate(RunNetwork(run))["floors"] == {}


def test_a_task_of_another_kind_is_refused(smoke_run):
    with pytest.raises(InputError, match="'segmentation' is about label_map, but the run was trained on classes"):
        Run.open(smoke_run.folder, ["task.kind=segmentation"])


def test_runs_of_another_version_are_refused(smoke_run, tmp_path):
    folder = shutil.copytree(smoke_run.folder, tmp_path / "old")
    environment = json.loads((folder / "environment.json").read_text())
    del environment["layout"]
    (folder / "environment.json").write_text(json.dumps({**environment, "versions": {"lstm-zoo": "0.1.0"}}))
    with pytest.raises(InputError, match=r"was made with lstm_zoo 0\.1\.0, which .* cannot read any more; train again"):
        Run.open(folder)


def test_a_run_writes_where_the_user_says(smoke_run, tmp_path, monkeypatch):
    folder = shutil.copytree(smoke_run.folder, tmp_path / "run")
    there = smoke_run.config.data.data_dir
    assert Run.open(folder).config.data.place(lambda place: place == there) == there  # its data lie there already
    text = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(text.replace(str(there), str(tmp_path / "elsewhere")))
    monkeypatch.setattr("tensorflow_datasets.core.constants.DATA_DIR", str(tmp_path / "mine"))
    data = Run.open(folder).config.data
    builder = data.builder(data.family(data.expected_spec()))
    assert str(data.data_dir) == str(tmp_path / "elsewhere") and not str(builder.data_dir).startswith(
        str(data.data_dir)
    )
    mine = Run.open(folder, [f"data.data_dir={tmp_path / 'set'}"]).config.data
    assert str(mine.builder(mine.family(mine.expected_spec())).data_dir).startswith(str(tmp_path / "set"))
    recipe = load(folder / "config.yaml").data  # a recipe that the user trains on is the user's
    assert str(recipe.builder(recipe.family(recipe.expected_spec())).data_dir).startswith(str(tmp_path / "elsewhere"))
    (folder / "metrics.json").write_text("{")
    with pytest.raises(InputError, match=r"metrics\.json is damaged"):
        evaluate(RunNetwork(Run.open(folder)))
