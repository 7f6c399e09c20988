"""Live alarms: the running means and events of a whole film, told while it comes."""

import json
import pickle

import numpy as np
import pytest

from lstm_zoo.tasks.live_alarms import LiveAlarms
from lstm_zoo.tasks.metrics.detection import events, smoothed
from lstm_zoo.tasks.metrics.threshold import NONE_FOUND, Threshold


def told_of(scores, threshold, smoothing=0.5):
    """Return what is told of scores, ten a second; of None, there are no outputs."""
    alarms = LiveAlarms(smoothing, Threshold(threshold))
    return [alarms.see(n / 10, None if one is None else {"score": one}) for n, one in enumerate(scores)]


@pytest.mark.parametrize("none", [None, np.nan], ids=["no outputs", "NaN"])
def test_means_and_events_are_those_of_the_whole_film(none):
    scores = np.random.default_rng(0).normal(size=200)
    scores[:3] = scores[50] = np.nan
    told, means = told_of([none if np.isnan(one) else one for one in scores], 0.4), smoothed(scores, 0.5)
    found = [np.nan if one.facts["smoothed"] is None else one.facts["smoothed"] for one in told]
    np.testing.assert_allclose(found, means)
    expected = events(means, 0.4)
    begun = [n for n, one in enumerate(told) if one.facts.get("event", {}).keys() == {"start"}]
    ended = {n: one.facts["event"] for n, one in enumerate(told) if "end" in one.facts.get("event", {})}
    assert begun == [one.first for one in expected] and len(begun) > 10
    for one in expected[:-1]:
        times = {"start": one.first / 10, "end": one.end / 10, "peak": one.peak / 10}
        assert ended[one.end] == pytest.approx({**times, "score": means[one.peak]})
    assert told[-1].so_far["events"] == len(expected)


def test_an_event_that_a_film_ends_in_ends_with_its_last_frame():
    *_, last = told_of([0, 0, 1, 3, 2], 0.9, smoothing=1)
    assert last.so_far["event"] == {"start": 0.2, "end": 0.5, "peak": 0.3, "score": 3}
    assert last.text_so_far == "1 event, the last one goes on since 0.2 s"


def test_people_are_told_of_events_alone():
    said = [one.text for one in told_of([None, 0, 2, 3, 0, 0], 0.9, smoothing=1)]
    assert said == [
        "",
        "scores begin; an event is above 0.9",
        "event 1 begins: 2, above the threshold 0.9",
        "",
        "event 1 has ended: 0.2-0.4 s, highest at 0.3 s (3)",
        "",
    ]


@pytest.mark.parametrize("threshold", [0.9, np.nan])
def test_a_film_of_too_few_frames_is_told(threshold):
    told = told_of([None], threshold)[-1]
    assert told.text_so_far == "too few frames for a score" and told.facts["score"] is None
    assert told.so_far == Threshold(threshold).facts


def test_what_is_not_finite_is_null_in_json():
    told = told_of([0, np.inf], 0.9, smoothing=1)[-1]
    json.dumps(told, allow_nan=False)
    assert told.facts["score"] is told.so_far["event"]["score"] is None and told.facts["alarm"]


def test_without_a_threshold_there_are_scores_alone():
    first, second = told_of([1.0, 2.0], np.nan)
    assert first.text == NONE_FOUND and not second.text
    assert second.facts == {"score": 2, "smoothed": 1.5, "threshold": None, "alarm": None}
    assert second.so_far == {"threshold": None, "no_threshold": NONE_FOUND} and not second.text_so_far


def test_an_hour_is_held_in_as_little_as_a_second():
    alarms, sizes = LiveAlarms(0.25, Threshold(0.5)), []
    for number in range(36_000):
        alarms.see(number / 10, {"score": np.sin(number)})
        if number in (10, 35_999):
            sizes.append(len(pickle.dumps(vars(alarms))))
    assert sizes[1] <= sizes[0] + 16
