"""Publishing: to a folder and to a hub on this machine, and what others then have."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import write_video
from huggingface_hub import ModelCard
from lstmzoo import lstmzoo

import lstm_zoo.layers  # noqa: F401 (registers them)
from lstm_zoo.config.recipe import load
from lstm_zoo.contracts import InputError, named_place
from lstm_zoo.publishing import card
from lstm_zoo.publishing import publish as publishing
from lstm_zoo.publishing.publish import publish
from lstm_zoo.runs.directory import Run
from lstm_zoo.runs.evaluation import evaluate
from lstm_zoo.runs.network import RunNetwork

NAME = "me/moving_shapes"


def test_a_card_tells_figure_and_floor_and_is_read_by_the_hub(smoke_run, tmp_path):
    scores = evaluate(smoke_run, "test")
    told = lstmzoo("publish", smoke_run.path, "--to", tmp_path / "net", "--license", "apache-2.0").stdout
    assert told.splitlines()[-1] == f"next: lstmzoo eval --run {tmp_path / 'net'}"
    read = ModelCard.load(tmp_path / "net" / "README.md")
    head = read.data.to_dict()
    assert (head["license"], head["library_name"], head["pipeline_tag"]) == (
        "apache-2.0",
        "lstm_zoo",
        "video-classification",
    )
    assert {"lstm", "cnn_lstm"} <= set(head["tags"]) and head["datasets"] == ["moving_shapes"]
    found = {one.metric_name: (one.dataset_split, one.metric_value) for one in read.data.eval_results}
    assert found["top1"] == ("test", scores["top1"])
    floor = scores["floors"]["majority"]["top1"]
    assert f"| top1 | **{scores['top1']:.4g}** | {floor:.4g} |" in read.text
    assert "| examples | 16 train, 8 val, 8 test |" in read.text and "| training time | " in read.text
    assert f"| parameters | {smoke_run.model.count_params():,} |" in read.text
    assert "never a photograph" in read.text and "clockwise" in read.text
    assert "lstmzoo predict --run FOLDER FILE" in read.text


def test_letters_that_are_signs_of_markdown_are_told_as_they_are(tmp_path):
    config = load("smoke/crnn.yaml")
    spec = config.data.expected_spec()
    spec = spec.model_copy(update={"target": spec.target.model_copy(update={"alphabet": tuple("_a<*")})})
    assert "It writes no other letters: `` *<_a ``" in [*card._limits(Run(tmp_path, config, spec))]


def test_a_published_run_has_the_same_scores_in_a_fresh_process_of_a_newcomer(smoke_run, hub, tmp_path):
    told = json.loads(lstmzoo("publish", smoke_run.path, "--to", f"hf://{NAME}", "--private", "--json").stdout)
    assert (
        told["published"] == f"hf://{NAME}@{hub.commits[NAME]['main']}" and hub.notes[NAME]["visibility"] == "private"
    )
    assert told["page"] == f"{hub.url}/{NAME}/commit/{hub.commits[NAME]['main']}"
    home = {"HOME": str(tmp_path / "newcomer"), "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG", "HF_"))} | home
    command = [sys.executable, "-m", "lstm_zoo", "eval", "--run", told["published"], "--split", "val", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    scores = json.loads(done.stdout)
    assert scores.pop("run") == told["published"] and scores.pop("split") == "val"
    assert scores == smoke_run.run.metrics["val"]


def test_places_on_the_hub(smoke_run, hub):
    run = smoke_run.run
    nothing = publish(run, f"hf://{NAME}", dry_run=True)
    assert not hub.asked and "MANIFEST.json" in nothing.files and nothing.place == f"hf://{NAME}"
    first = publish(run, f"hf://{NAME}")
    assert (
        publish(run, f"hf://{NAME}@better", message="with care").place == f"hf://{NAME}@{hub.commits[NAME]['better']}"
    )
    assert hub.commits[NAME]["main"] == first.place.split("@")[1] and hub.notes[f"{NAME} message"] == "with care"
    asked = publish(run, f"hf://{NAME}", create_pr=True)
    assert asked.page == f"{hub.url}/{NAME}/discussions/1" and hub.commits[NAME]["main"] in first.place
    old = {**hub.files[hub.commits[NAME]["main"]], "exports/onnx/old.onnx": b"-"}
    hub.commit(NAME, old)
    publish(run, f"hf://{NAME}")
    assert old.keys() - hub.files[hub.commits[NAME]["main"]].keys() == {"exports/onnx/old.onnx"}


def test_places_that_cannot_be_taken_are_told(smoke_run, hub, tmp_path):
    hub.commit("me/thesis", {"thesis.pdf": b"-", "README.md": b"-"})
    for to, options, told in (
        ("hf://me/thesis", {}, r"hf://me/thesis holds something else \(thesis\.pdf\), which would be replaced"),
        (f"hf://me/x@{'0' * 40}", {}, "a commit never changes; name a branch, or nothing"),
        (tmp_path / "x", {"private": True}, "--private, --create-pr and --message are for a place on the hub"),
        (tmp_path / "x", {"formats": ["onx"]}, "--with onx: expected some of keras, onnx, litert"),
    ):
        with pytest.raises(InputError, match=told):
            publish(smoke_run.run, to, **options)
    assert hub.files[hub.commits["me/thesis"]["main"]].keys() == {"thesis.pdf", "README.md"}


def test_keras_alone_loads_it_from_the_hub(smoke_run, hub, warm):
    import keras

    publish(smoke_run.run, f"hf://{NAME}", formats=["keras"])
    network = keras.saving.load_model(f"hf://{NAME}")
    clip = np.random.default_rng(0).integers(0, 256, (2, 4, 16, 16, 3), np.uint8)
    ((name, answer),) = network.predict({"clip": clip}, verbose=0).items()
    np.testing.assert_allclose(answer, smoke_run.answer({"clip": clip})[name], atol=1e-5)
    readme = hub.files[hub.commits[NAME]["main"]]["README.md"].decode()
    assert f"network = keras.saving.load_model('hf://{NAME}')" in readme
    assert named_place(Run.open(f"hf://{NAME}").path) == f"hf://{NAME}@{hub.commits[NAME]['main']}"


def test_exports_go_along_without_paths_of_the_machine(smoke_run, video_root, tmp_path):
    data = load("smoke/video_folder.yaml", [f"data.root={video_root}"]).data
    copy = Path(shutil.copytree(smoke_run.path, tmp_path / "run"))
    run = Run(copy, smoke_run.config.model_copy(update={"data": data}), smoke_run.spec)
    run.replace_config(run.config)

    done = publish(run, tmp_path / "net", formats=["litert"])
    folder = tmp_path / "net" / "exports" / "litert"
    assert {"exports/litert/cnn_lstm.tflite", "exports/litert/spec.json"} <= done.files.keys()
    assert json.loads((folder / "export.json").read_text())["run"] == copy.name
    with zipfile.ZipFile(folder / "cnn_lstm.tflite") as inside:
        assert json.loads(inside.read("settings.json"))["config"]["data"]["root"] == video_root.name
    assert f"  root: {video_root.name}\n" in (tmp_path / "net" / "README.md").read_text(encoding="utf-8")
    for file in (file for file in (tmp_path / "net").rglob("*") if file.is_file()):
        assert str(video_root.parent).encode() not in file.read_bytes(), file
    assert (folder / "config.yaml").read_bytes() == (tmp_path / "net" / "config.yaml").read_bytes()
    assert RunNetwork(Run.open(tmp_path / "net")).model.count_params() == smoke_run.model.count_params()


def test_commands_of_the_page(smoke_run, hub, data_dir, tmp_path, monkeypatch, eager):
    page = Path(__file__).parents[2] / "lstm_zoo" / "runs" / "README.md"
    trained, *commands = re.findall(r"^lstmzoo ([^#\n]*)", page.read_text(encoding="utf-8"), re.M)
    assert trained.split()[-1] == "runs/a" and len(commands) == 7  # `smoke_run` stands for it
    clip = write_video(tmp_path / "clip.mp4")
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(publishing, "_add_export", lambda network, clean, format: None)  # another test exports
        for words in map(str.split, commands):
            short = {
                "runs/a": str(smoke_run.path),
                "clip.mp4": str(clip),
                "moving_shapes_cnn_lstm.yaml": "smoke/cnn_lstm.yaml",
            }
            own = ["--set", f"data.data_dir={data_dir}"] if words[0] in ("eval", "train") else []
            lstmzoo(*(short.get(word, word) for word in words), *own)
    (started,) = (tmp_path / "runs").iterdir()
    assert Run.open(started).environment["init"] == f"hf://me/shapes@{hub.commits['me/shapes']['main']}"
