"""Films with both kinds of frames, and with one alone: what is pooled, a mean over films, and what a threshold does."""

import numpy as np
import pytest

from lstm_zoo.contracts import SCORE, Judged
from lstm_zoo.tasks.anomaly import Anomaly
from lstm_zoo.tasks.metrics.film_scores import FilmScores
from lstm_zoo.tasks.metrics.threshold import Threshold

FLAGS = {"part_a": range(30, 60), "part_b": range(30), "all_cart": range(60), "all_calm": ()}


def judge_of(score_of, smoothing=1.0, threshold=float("nan"), flags=FLAGS, length=60):
    """Return a judge that has seen films in stretches of 20 frames, the later ones first."""
    judge = FilmScores(smoothing, Threshold(threshold))
    for name, abnormal in flags.items():
        of_film = np.isin(np.arange(length), list(abnormal))
        for first in range(length - 20, -1, -20):
            part = of_film[first : first + 20]
            truth = {"film": name, "first": first, "fps": 10.0, "flags": part}
            judge.add({SCORE: score_of(np.arange(first, first + 20), part)}, Judged(f"{name}#{first}", truth))
    return judge


def test_a_perfect_score_gets_one_and_the_number_of_the_frame_a_half():
    perfect = judge_of(lambda numbers, flags: flags.astype(float)).scores()
    assert [perfect[name] for name in ("auc", "auc_of_films", "auc_stretched", "average_precision")] == [1, 1, 1, 1]
    number = judge_of(lambda numbers, flags: numbers.astype(float)).scores()
    assert number["auc"] == number["auc_of_films"] == 0.5 and number["films_of_both_kinds"] == 2
    assert number["films"] == 4 and number["frames"] == 240
    assert "a mean over 2 films; of one kind of frames alone are all_calm, all_cart" in " ".join(number["remarks"])


def test_frames_without_a_score_are_counted_and_left_out():
    scores = judge_of(lambda numbers, flags: np.where(numbers < 5, np.nan, flags)).scores()
    assert scores["auc"] == 1 and "20 frames have no score" in scores["remarks"][0]
    assert scores["frames"] == 220


def test_normal_films_alone_have_no_area():
    scores = judge_of(lambda numbers, flags: numbers * 1.0, flags={"calm": ()}).scores()
    assert "auc" not in scores and "all frames are normal" in scores["remarks"][0]


def test_a_threshold_tells_false_alarms_an_hour_and_what_it_finds():
    judge = judge_of(lambda numbers, flags: flags + (numbers == 10) * 2.0, threshold=0.5, flags={"a": range(30, 60)})
    found = judge.scores()["at_threshold"]
    assert found["false_alarms_an_hour"] == pytest.approx(3600 / 3)  # one in 30 normal frames, a tenth of a second each
    assert found["frames_found"] == found["events_found"] == 1
    floor = judge_of(lambda numbers, flags: flags * 1.0, threshold=0.5, flags={"a": range(30, 60)})
    floor.add({SCORE: np.zeros(1), "threshold": np.nan}, Judged("b#0", floor_truth()))
    assert "at_threshold" not in floor.scores()


def floor_truth():
    return {"film": "b", "first": 0, "fps": 10.0, "flags": np.zeros(1, bool)}


def test_the_threshold_is_that_of_held_out_films_smoothed_alike(capsys):
    held_out = judge_of(lambda numbers, flags: (numbers == 20) * 8.0, smoothing=0.25, flags={"calm": ()})
    kept = Anomaly(smoothing=0.25).calibrated(held_out)
    assert kept["threshold"] == 2 and "they last 6 s" in capsys.readouterr().err
    assert Anomaly(alarms_an_hour=1200).calibrated(held_out)["threshold"] < 2 and not capsys.readouterr().err


@pytest.mark.parametrize("change", [{"smoothing": 0.5, "largest": 4}, {"alarms_an_hour": 9.0}])
def test_a_threshold_is_that_of_the_settings_it_was_found_with(change):
    held_out = judge_of(lambda numbers, flags: numbers * 1.0, flags={"calm": ()})
    kept = Anomaly().calibrated(held_out)
    assert Anomaly().to_read_outputs(kept) == {"threshold": kept["threshold"], "smoothing": 0.25}
    task = Anomaly(**change)
    without = task.to_read_outputs(kept)
    assert without["threshold"] is None and without["no_threshold"].startswith("no threshold is known with task.")
    for name, value in change.items():
        assert f"--set task.{name}={value}" in without["no_threshold"]
    judge = task.judge(None, kept)
    judge.add({SCORE: np.ones(1)}, Judged("b#0", floor_truth()))
    scores = judge.scores()
    assert scores["remarks"][-1] == without["no_threshold"] and "at_threshold" not in scores
    of_older_run = {"threshold": kept["threshold"]}  # which does not keep its settings
    assert task.to_read_outputs(of_older_run)["threshold"] == kept["threshold"]


def test_floors_look_at_frames_alone():
    frames = np.zeros((4, 32, 40, 1), np.uint8)
    frames[2, :16, :16] = 255
    task = Anomaly()
    memory = task.memory(None, [Judged("a#0", {"frames": frames})])
    assert memory["mean_frame"][0, 0, 0] == 255 / 4
    of_rest = Judged("a#1", {"frames": frames, "first": 1, "flags": np.zeros(3, bool)})  # the first was judged before
    of_start = Judged("a#0", {"frames": frames, "first": 0, "flags": np.zeros(4, bool)})
    floors = task.floors(None, memory)
    assert list(floors) == ["frame difference", "its largest patch", "mean frame", "number of the frame"]
    share = 256 / (32 * 40)
    np.testing.assert_allclose(floors["frame difference"](of_rest)[SCORE], [0, share, share])
    np.testing.assert_allclose(floors["its largest patch"](of_start)[SCORE], [np.nan, 0, 1, 1])
    np.testing.assert_allclose(floors["mean frame"](of_rest)[SCORE], np.array([1, 9, 1]) / 16 * share, rtol=1e-5)
    np.testing.assert_array_equal(floors["number of the frame"](of_rest)[SCORE], [1, 2, 3])
