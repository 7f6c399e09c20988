"""Anomalies: a run from drawn films to what is told of a film of the user's."""

import csv
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import running_eagerly

from lstm_zoo.config.recipe import load
from lstm_zoo.contracts import Normal, Spec, Tensor
from lstm_zoo.data.anomalies.drawn_walkway import draw_walkway
from lstm_zoo.exporting import proof
from lstm_zoo.exporting.export import export
from lstm_zoo.exporting.options import ExportError
from lstm_zoo.media.films.writing import mp4_of
from lstm_zoo.runs.directory import Run
from lstm_zoo.runs.evaluation import evaluate
from lstm_zoo.runs.network import RunNetwork
from lstm_zoo.runs.prediction import predict
from lstm_zoo.streaming.live import records, watch
from lstm_zoo.tasks.anomaly import Anomaly
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


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Five seconds, ten frames a second; from 2 to 3 s, and in the last frames, a cart drives by."""
    flags = np.isin(np.arange(50), [*range(20, 30), 48, 49])
    frames = np.repeat(draw_walkway(flags, (16, 24), np.random.default_rng(5)), 3, axis=-1)
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    path.write_bytes(mp4_of(frames, 10))
    return path


@pytest.mark.xdist_group("anomaly")
def test_a_film_gets_scores_events_a_curve_and_a_film_with_the_places(network, film, tmp_path):
    (told,) = predict(network, [film], tmp_path / "saved")
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


@pytest.mark.xdist_group("anomaly")
def test_a_live_film_gets_the_scores_and_events_of_predict(network, film):
    (views,) = [network.config.data.views(film, network.spec)]
    clips = [{"clip": clip} for clip in views.inputs["clip"]]
    scores = views.merge(network.on_rows(clips, 8))["score"]
    *told, end = seen_live(network, network.stream(), film)
    np.testing.assert_allclose([np.nan if one["score"] is None else one["score"] for one in told], scores, atol=1e-5)
    assert [one["alarm"] for one in told] == (scores > network.memory["threshold"]).tolist()
    (expected,) = predict(network, [film])
    found = [one["event"] for one in told if "end" in one.get("event", {})] + [end["event"]]
    assert len(found) > 1
    for event, of_predict in zip(found, expected.facts["events"], strict=True):
        assert event == pytest.approx(of_predict, abs=2e-3)
    assert end["events"] == len(found) and end["threshold"] == network.memory["threshold"]


@pytest.mark.xdist_group("anomaly")
def test_another_threshold_is_found_for_other_settings_without_training_anew(network, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(network.folder, folder)
    changed = RunNetwork(Run.open(folder, ["task.smoothing=0.5"]))
    assert "--resume-anyway" in changed.config.task.to_read_outputs(changed.memory)["no_threshold"]
    weights = (folder / "best.weights.h5").read_bytes()
    with running_eagerly():
        again = RunNetwork(train(changed.config, folder, resume=True, anyway=True, evaluate=False))
    assert (folder / "best.weights.h5").read_bytes() == weights
    assert again.memory["smoothing"] == 0.5 and again.memory["threshold"] < network.memory["threshold"]
    assert again.config.task.to_read_outputs(again.memory)["threshold"] == again.memory["threshold"]


@pytest.mark.xdist_group("anomaly")
def test_normal_films_alone_cannot_judge_a_quantised_file(network, monkeypatch):
    monkeypatch.setattr(proof, "_loaded", lambda run: (run.config.data.load(), "val"))
    exported = SimpleNamespace(runner=SimpleNamespace(format="litert"))
    with pytest.raises(ExportError, match=r"judged by auc, and the val examples give none .* choose --quantize none"):
        proof._on_test(network, exported)


def seen_live(network, stream, film):
    watcher = network.config.task.watcher(network.spec, network.memory)
    return list(records(watch(stream, network.config.data, watcher, network.spec, film)))


@pytest.mark.xdist_group("anomaly")
def test_an_exported_file_knows_threshold_and_smoothing_and_judges_live_films(network, film, tmp_path):
    import onnx

    exported = export(network, "onnx", tmp_path / "out")
    known = {"threshold": pytest.approx(float(network.memory["threshold"])), "smoothing": 1.0}
    assert known.items() <= json.loads((exported.folder / "export.json").read_text()).items()
    inside = {entry.key: json.loads(entry.value) for entry in onnx.load(str(exported.path)).metadata_props}
    assert {f"lstm_zoo.{name}": value for name, value in known.items()}.items() <= inside.items()
    of_file, of_run = (seen_live(network, one.stream(), film)[:-1] for one in (exported, network))
    assert [one["alarm"] for one in of_file] == [one["alarm"] for one in of_run]
    np.testing.assert_allclose(*([one["score"] for one in told[3:]] for told in (of_file, of_run)), atol=1e-5)
    (told,), (expected,) = predict(exported, [film]), predict(network, [film])
    assert told.facts["threshold"] == expected.facts["threshold"] and told.facts["events"]
    exported.runner.close()


def test_errors_are_learned_in_squared_grey_levels():
    spec = Spec(inputs={"clip": Tensor(shape=(4, 16, 24, 1))}, target=Normal())
    loss = Anomaly().objective(spec, list).loss
    places = np.array([[[1.0, 3.0]], [[0.0, 0.0]]]) / 255**2
    np.testing.assert_allclose(loss(np.zeros(2), places), [2, 0], rtol=1e-6)
