"""Clean folders of runs: what a network in use needs is there, and nothing of the author's machine or files."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from lstmzoo import lstmzoo

from lstm_zoo.config.recipe import load
from lstm_zoo.contracts import InputError, copy_of
from lstm_zoo.publishing.clean_run import clean_run
from lstm_zoo.publishing.own_places import OwnPlaces
from lstm_zoo.runs.directory import Run
from lstm_zoo.runs.kept import added_metrics, memory_of, metrics_of


@pytest.fixture(scope="module")
def clean(smoke_run, tmp_path_factory):
    return clean_run(smoke_run.run, tmp_path_factory.mktemp("given") / "away")


def test_a_clean_run_is_small_and_tells_nothing_of_the_machine(clean, smoke_run, data_dir):
    names = {file.relative_to(clean.path).as_posix() for file in clean.path.rglob("*") if file.is_file()}
    assert names >= {"config.yaml", "spec.json", "environment.json", "best.weights.h5", "memory.npz", "MANIFEST.json"}
    assert not any(name.startswith(("checkpoints", "tensorboard", "report", "predictions-")) for name in names)
    assert "figures/val/mistake-1.png" in names  # examples that were drawn are nobody's
    own = [data_dir, smoke_run.path, Path.cwd(), Path.home() / "x"]
    for file in (clean.path / name for name in names):
        assert not [place for place in own if str(place).removesuffix("/x").encode() in file.read_bytes()], file
    assert clean.config.data.data_dir is None and {"command", "platform"}.isdisjoint(clean.environment)
    manifest = json.loads((clean.path / "MANIFEST.json").read_text())
    assert manifest["recipe"] == "cnn_lstm" and set(manifest["files"]) == names - {"MANIFEST.json"}


def test_a_clean_run_is_evaluated_with_the_same_scores(clean, smoke_run, data_dir, tmp_path, eager):
    copy = shutil.copytree(clean.path, tmp_path / "copy")
    told = lstmzoo("eval", "--run", copy, "--split", "val", "--set", f"data.data_dir={data_dir}", "--json").stdout
    scores = json.loads(told)
    assert {name: scores[name] for name in smoke_run.run.metrics["val"]} == smoke_run.run.metrics["val"]
    Run.open(copy)  # what evaluation wrote beside is no damage


def test_nothing_is_written_over_and_damaged_weights_are_not_given_away(smoke_run, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(InputError, match="full is there already; choose another folder"):
        clean_run(smoke_run.run, tmp_path / "full")
    copy = shutil.copytree(smoke_run.path, tmp_path / "run")
    flip_a_bit(copy / "best.weights.h5")
    with pytest.raises(InputError, match="is damaged or was exchanged"):
        clean_run(Run.open(copy), tmp_path / "to")
    assert not (tmp_path / "to").exists() and [one.name for one in tmp_path.iterdir() if "draft" in one.name] == []


def test_examples_of_users_stay_at_home(smoke_run, video_root, tmp_path):
    copy = shutil.copytree(smoke_run.path, tmp_path / "run")
    config = load("smoke/show_tell.yaml")
    run = Run(
        copy,
        config.model_copy(update={"data": load("smoke/video_folder.yaml", [f"data.root={video_root}"]).data}),
        smoke_run.spec,
    )
    memory = {
        "frequent": np.array("a dog"),
        "names": np.array(["me.jpg"]),
        "captions": np.array(["I"]),
        "features": np.ones((1, 2)),
    }
    run.keep_memory(memory)
    own = set(metrics_of(copy))
    elsewhere = "test_data.root=_home_me_films-0123abcd"  # as `lstmzoo eval --set data.root=/home/me/films` keeps it
    with added_metrics(copy, elsewhere, run.metrics["val"]):
        shutil.copytree(copy / "figures" / "val", copy / "figures" / elsewhere)
    from lstm_zoo.publishing.clean_run import _fill

    _fill(tmp_path / "to", run, bare=False)
    assert set(memory_of(tmp_path / "to")) == {"frequent"}
    figures = {file.stem for file in (tmp_path / "to").rglob("*.png")}
    assert figures == {"learning_curves", "floor", "confusion"}
    assert set(metrics_of(tmp_path / "to")) == own and not [*(tmp_path / "to").rglob("*_home_*")]


def test_of_a_path_its_last_name_is_left(tmp_path):
    films = tmp_path / "my films"
    overrides = [f"data.root={films}", f"data.labels={films}/labels", f"data.data_dir={tmp_path}/prepared"]
    config = load("smoke/tempo_lstm.yaml", ["data={kind: normal_videos, root: x}", *overrides])
    places = OwnPlaces(config, tmp_path / "runs" / "first")
    recipe = places.recipe(config)
    assert (recipe["data"]["root"], recipe["data"]["labels"]) == ("my films", "my films/labels")
    assert recipe["data"]["data_dir"] is None
    told = {"said": [f"{films}/a/b.avi: cut off", "/mnt/disk/other.mp4, n/a", f"{tmp_path}/runs/first was started", 3]}
    assert places.removed(told) == {"said": ["my films/a/b.avi: cut off", "other.mp4, n/a", "first was started", 3]}
    assert places.removed("hf://me/net@main and 1/2 of 3.0/{'a'}") == "hf://me/net@main and 1/2 of 3.0/{'a'}"


def flip_a_bit(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda to: flip_a_bit(to / "memory.npz"), r"memory\.npz is damaged: its SHA-256 is \w{12}\.\.\., MANIFEST"),
        (lambda to: (to / "spec.json").unlink(), r"has no spec\.json, which its MANIFEST\.json lists; fetch it again"),
        (lambda to: (to / "spec.json").write_text("{}"), r"spec\.json is damaged: it has 2 bytes, MANIFEST"),
        (
            lambda to: rewrite(to / "MANIFEST.json", manifest=2),
            r"was published by a newer lstm_zoo than this, \S+; upda",
        ),
        (lambda to: rewrite(to / "MANIFEST.json", files=5), r"MANIFEST\.json is damaged \(.*\); fetch it again"),
        (lambda to: rewrite(to / "MANIFEST.json", files={"../x": {"bytes": 1, "sha256": ""}}), r"lists '\.\./x'"),
    ],
)
def test_damage_on_the_way_is_told_in_one_line(damage, told, clean, tmp_path):
    copy = shutil.copytree(clean.path, tmp_path / "copy")
    damage(copy)
    with pytest.raises(InputError, match=told) as caught:
        Run.open(copy)
    assert len(str(caught.value).splitlines()) == 1


def rewrite(file, **changes):
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_a_run_of_a_newer_version_is_told_as_such(clean, tmp_path, monkeypatch):
    copy = shutil.copytree(clean.path, tmp_path / "copy")
    (copy / "MANIFEST.json").unlink()
    rewrite(copy / "environment.json", layout=4, versions={"lstm-zoo": "9.1"})
    with pytest.raises(InputError, match=r"was made with lstm_zoo 9\.1, which \S+ cannot read yet; update it"):
        Run.open(copy)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = shutil.copytree(copy, copy_of(address := f"hf://me/net@{40 * '0'}"))
    with pytest.raises(InputError, match=f"^{address} was made with lstm_zoo"):  # not: a folder of the cache
        Run.open(place)
