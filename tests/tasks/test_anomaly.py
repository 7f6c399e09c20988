"""Anomalies: a run from drawn films to what is told of a film of the user's."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import running_eagerly

from lstm_zoo.config.recipe import load
from lstm_zoo.data.anomalies.drawn_walkway import draw_walkway
from lstm_zoo.media.films.writing import mp4_of
from lstm_zoo.runs.evaluation import evaluate
from lstm_zoo.runs.network import RunNetwork
from lstm_zoo.runs.prediction import predict
from lstm_zoo.training.fit import train


@pytest.fixture(scope="module")
def network(data_dir, tmp_path_factory):
    config = load("smoke/frame_predictor.yaml", [f"data.data_dir={data_dir}", "train.epochs=1", "task.smoothing=1"])
    with running_eagerly():
        return RunNetwork(train(config, tmp_path_factory.mktemp("anomaly") / "run", evaluate=False))


@pytest.mark.xdist_group("anomaly")
def test_the_threshold_is_the_highest_score_of_short_held_out_films(network):
    splits = network.config.data.load()
    scores = np.concatenate([outputs["score"] for outputs in network.answers(splits, "val")])
    assert network.memory["threshold"] == pytest.approx(np.nanmax(scores))


@pytest.mark.xdist_group("anomaly")
def test_a_run_is_judged_beside_floors_that_are_smoothed_alike(network):
    scores = evaluate(network, "test")
    assert 0 <= scores["auc"] <= 1 and scores["films"] == 2 and scores["frames"] == 2 * (40 - 3)
    assert scores["at_threshold"]["threshold"] == network.memory["threshold"]
    assert set(scores["floors"]) == {"frame difference", "its largest patch", "mean frame", "number of the frame"}
    assert scores["floors"]["its largest patch"]["auc"] > 0.7
    assert (network.folder / "figures" / "test" / "scores.png").is_file()


@pytest.mark.xdist_group("anomaly")
def test_a_film_gets_scores_events_a_curve_and_a_film_with_the_places(network, tmp_path):
    flags = np.isin(np.arange(50), range(20, 30))
    frames = np.repeat(draw_walkway(flags, (16, 24), np.random.default_rng(5)), 3, axis=-1)
    (tmp_path / "film.mp4").write_bytes(mp4_of(frames, 10))
    (told,) = predict(network, [tmp_path / "film.mp4"], tmp_path / "saved")
    with open(told.facts["scores"]) as file:
        rows = list(csv.DictReader(file))
    scores = np.array([float(row["score"] or "nan") for row in rows])
    assert len(rows) == 50 and np.isnan(scores[:3]).all() and not np.isnan(scores[3:]).any()
    assert rows[-1]["seconds"] == "4.900"
    assert scores[20] > np.nanmax(scores[:20])  # the cart comes
    alarms = [row["alarm"] == "1" for row in rows]
    assert alarms == (scores > network.memory["threshold"]).tolist()
    events = json.loads(Path(told.facts["alarms"]).read_text())
    assert events == told.facts["events"] and all(one["start"] <= one["peak"] < one["end"] for one in events)
