"""Runs of networks that foretell frames: trained on films in colours, evaluated, and asked what comes next."""

import json

import av
import numpy as np
import pytest
from conftest import running_eagerly
from PIL import Image

from lstm_zoo.config.recipe import load
from lstm_zoo.runs.evaluation import evaluate
from lstm_zoo.runs.network import RunNetwork
from lstm_zoo.runs.prediction import predict
from lstm_zoo.training.fit import train

SIZE = (13, 21)


def red_square(folder, num_frames):
    """Write a film of 21 x 13 pixels in which a red square moves from left to right."""
    folder.mkdir(parents=True)
    for time in range(num_frames):
        picture = np.full((*SIZE, 3), 120, np.uint8)
        picture[4:9, time : time + 6] = (220, 20, 20)
        Image.fromarray(picture).save(folder / f"{time + 1}.png")
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A network that has seen a film, and the folder of its films."""
    root = tmp_path_factory.mktemp("films")
    for split in ("train", "test"):
        red_square(root / split / "red", 8)
    data = {"kind": "video_frames", "root": str(root), "size": SIZE, "colour": True, "num_frames": 3, "horizon": 2}
    settings = [
        f"data={json.dumps({**data, 'stride': 1})}",
        "train.epochs=1",
        "train.batch_size=4",
    ]
    config = load("smoke/conv_frames.yaml", settings)
    with running_eagerly():
        return RunNetwork(train(config, tmp_path_factory.mktemp("runs") / "red", evaluate=False)), root


def test_a_run_is_evaluated_beside_its_floors(run, monkeypatch):
    monkeypatch.setattr("lstm_zoo.tasks.forecasting._FrameJudge.figures", lambda judge, pictures: iter(()))
    with running_eagerly():
        scores = evaluate(run[0], "test")
    assert set(scores["floors"]) == {"black", "mean frame", "last frame"} and len(scores["by_horizon"]["mse"]) == 2
    floors = {name: round(floor["mse"], 3) for name, floor in scores["floors"].items()}
    assert scores["examples"] == 4 and floors["last frame"] < floors["mean frame"] < floors["black"]
    assert "sums over the pixels" in (run[0].path / "report.html").read_text()


def test_a_film_is_foretold_in_its_size(run, tmp_path):
    network, root = run
    with running_eagerly():
        (found,) = predict(network, [root / "test" / "red"], tmp_path)
    assert [sorted(window)[:2] for window in found.facts["windows"]] == [["end", "mae"]] * 4
    assert found.facts["frames"] == 2 and found.facts["seconds"] == 0.08
    with av.open(str(tmp_path / "001-red-forecast.mp4")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert [frame.shape for frame in frames] == [(*SIZE, 3)] * 2
    for end in ("beside.mp4", "animation.gif", "figure.png"):
        assert (tmp_path / f"001-red-{end}").stat().st_size
