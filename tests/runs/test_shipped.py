"""Networks that come with the package: what is told of them is so, and each answers a file of its data as it should."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from lstmzoo import lstmzoo
from PIL import Image

import lstm_zoo
from lstm_zoo.config.catalogue import shipped_configs
from lstm_zoo.config.recipe import load
from lstm_zoo.contracts import InputError, named_place
from lstm_zoo.disk.hashes import hash_of
from lstm_zoo.runs import shipped as module
from lstm_zoo.runs.directory import Run
from lstm_zoo.runs.evaluation import evaluate
from lstm_zoo.runs.finding import found
from lstm_zoo.runs.listing import best_floor
from lstm_zoo.runs.manifest import MANIFEST, check_manifest
from lstm_zoo.runs.shipped import FOLDER, LIST, own_copy, shipped

MOST_BYTES, MOST_BYTES_OF_ALL = 2_000_000, 12_000_000


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Have copies lie here, in a folder where nothing else does."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def flip_a_bit(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def is_class(told, row):
    return told["classes"][0]["name"] == row["label"]


def are_labels(told, row):
    found, true = (read_labels(place) for place in (told["labels"], row["labels"]))
    return (found == true).mean() > 0.75


def read_labels(place):
    if place.endswith(".png"):
        return np.asarray(Image.open(place))
    labels = np.load(place)
    return labels if place.endswith(".npy") else labels["labels"]


def is_text(told, row):
    return told["text"] == row["text"]


def names_the_same_things(told, row):
    things = {"small", "large", "red", "green", "blue", "yellow", "circle", "square", "triangle"}
    return things & set(told["caption"].split()) == things & set(row["caption"].split())


def is_event(told, row):
    start, end = (int(row[name]) / 10 for name in ("start", "end"))
    return any(one["start"] < end and one["end"] > start for one in told["events"])


def is_nearer_than_the_mean_frame(told, row):
    return told["windows"][0]["psnr"] > shipped()["moving_digits_conv_lstm"].made.floor


ANSWERS = {
    "moving_shapes_cnn_lstm": is_class,
    "blob_volumes_pyramid_lstm": are_labels,
    "drawn_walkway_tempo_lstm": is_event,
    "texture_mosaic_md_lstm": are_labels,
    "drawn_lines_crnn": is_text,
    "captioned_shapes_show_attend_tell": names_the_same_things,
    "moving_digits_conv_lstm": is_nearer_than_the_mean_frame,
}


def test_the_list_agrees_with_the_files():
    networks = shipped()
    assert set(networks) == {one.name for one in FOLDER.iterdir()} - {LIST, "README.md"} == set(ANSWERS)
    sizes = []
    for name, one in networks.items():
        assert one.config in shipped_configs() and one.made, name
        check_manifest(one.folder)
        assert hash_of(one.folder / MANIFEST) == one.made.sha256, name
        files = [file for file in one.folder.rglob("*") if file.is_file()]
        sizes.append(sum(file.stat().st_size for file in files))
        assert sizes[-1] == one.made.bytes <= MOST_BYTES, name
        listed = {*json.loads((one.folder / MANIFEST).read_text())["files"], MANIFEST}
        assert {file.relative_to(one.folder).as_posix() for file in files} == listed
        run = Run.open(one.folder)
        assert {"command", "platform"}.isdisjoint(run.environment), name
        scores = run.metrics["test"]
        assert scores[one.score] == one.made.figure and best_floor(scores, one.score) == one.made.floor, name
        assert one.made.figure > one.made.floor or name == "drawn_walkway_tempo_lstm"  # a bright cart differs most
    assert sum(sizes) <= MOST_BYTES_OF_ALL


@pytest.mark.parametrize("name", ANSWERS)
def test_a_network_answers_a_file_of_its_data(name):
    one = shipped()[name]
    lstmzoo("data", "sample", "--config", one.config, "--num", 1, "--to", "try")
    (told,) = json.loads(lstmzoo("predict", "--run", name, "try", "--save-to", "answers", "--json").stdout)[
        "predictions"
    ]
    row = {}
    if Path("try.csv").exists():
        with open("try.csv", newline="", encoding="utf-8") as file:
            row = next(csv.DictReader(file))
    assert ANSWERS[name](told, row), (told, row)


def test_whatever_takes_a_run_takes_a_name(tmp_path):
    name = "moving_shapes_cnn_lstm"
    network = lstm_zoo.load(name)
    assert network.path == own_copy(name) and network.path.is_relative_to(tmp_path / "cache")
    settings = ["--set", "data.num_test=8", "--set", f"data.data_dir={tmp_path / 'data'}"]
    assert json.loads(lstmzoo("eval", "--run", name, *settings, "--json").stdout)["top1"] == 1
    assert [one for one in Run.open(name).metrics if one.startswith("test_data.num_test")]  # kept in the copy
    check_manifest(shipped()[name].folder)
    assert named_place(network.path) == name and named_place(network.path / "exports") != name
    assert Run.create(tmp_path / "next", network.config, network.spec, "", network.path).environment["init"] == name
    flip_a_bit(network.path / "spec.json")
    with pytest.raises(InputError, match=f"remove {network.path}, and it is fetched again"):
        Run.open(name)


def test_a_run_of_that_name_comes_first_and_a_folder_of_samples_does_not(tmp_path, capsys):
    name = "moving_shapes_cnn_lstm"
    lstmzoo("data", "sample", "--config", f"{name}.yaml", "--num", 1, "--to", name)
    assert found(name) == own_copy(name)
    assert "the folder that is called so here holds no run" in capsys.readouterr().err
    for file in ("config.yaml", "export.json"):
        (Path(name) / file).touch()
        assert found(name) == Path(name)
        (Path(name) / file).unlink()
    Path("mine").mkdir()
    assert found("mine") == Path("mine") and capsys.readouterr().err == ""


def test_a_mistyped_name_and_a_damaged_network_are_told(tmp_path, monkeypatch):
    output = lstmzoo("eval", "--run", "moving_shape_cnn_lstm", status=2).output
    assert "no network of that name" in output and "did you mean 'moving_shapes_cnn_lstm'" in output
    Path("runs/cnn_lstm-20260101-000000").mkdir(parents=True)
    output = lstmzoo("eval", "--run", "cnn_lstm-20260101-00000", status=2).output
    assert "did you mean 'runs/cnn_lstm-20260101-000000'" in output
    name = "moving_shapes_cnn_lstm"
    monkeypatch.setattr(module, "FOLDER", tmp_path / "package")
    for file, reason in (("best.weights.h5", "is damaged"), (MANIFEST, "install lstm_zoo anew")):
        copy = Path(shutil.copytree(FOLDER / name, tmp_path / "package" / name, dirs_exist_ok=True))
        flip_a_bit(copy / file)
        with pytest.raises(InputError, match=reason):
            own_copy(name)
    assert not list((tmp_path / "cache").rglob(name))


def test_runs_are_listed(smoke_run):
    scores = evaluate(smoke_run, "test")
    shutil.copytree(smoke_run.path, "runs/mine")
    for name in ("untrained", "damaged"):
        shutil.copytree(smoke_run.path, f"runs/{name}")
    Path("runs/untrained/best.weights.h5").unlink()
    Path("runs/damaged/metrics.json").write_text("{")
    rows = {row["name"]: row for row in json.loads(lstmzoo("list", "runs", "--json").stdout)["runs"]}
    for name, one in shipped().items():
        assert rows[name]["figure"] == one.made.figure and rows[name]["floor"] == one.made.floor
    mine = rows["runs/mine"]
    assert (mine["split"], mine["score"], mine["from"]) == ("test", "top1", "runs")
    assert mine["figure"] == scores["top1"] and 0 < mine["floor"] < 1
    assert rows["runs/untrained"]["remark"] == "has finished no epoch" and rows["runs/untrained"]["figure"] is None
    assert rows["runs/damaged"]["remark"].startswith("cannot be read: ")
    lines = lstmzoo("list", "runs").output.splitlines()
    assert (
        "moving_shapes_cnn_lstm" in lines and max(map(len, lines[: 1 + 2 * len(shipped())])) <= 80
    )  # a terminal's width
    figures = lines[lines.index("runs/mine") + 1].split()
    assert figures[:5] == ["top1", "on", "test", f"{mine['figure']:.4f}", f"{mine['floor']:.4f}"]


def test_shipped_recipes_are_as_they_were_when_the_networks_were_made():
    for one in shipped().values():
        made, now = Run.open(one.folder).config, load(one.config, one.set)
        assert made.model == now.model and made.task == now.task and made.train == now.train, one.name
