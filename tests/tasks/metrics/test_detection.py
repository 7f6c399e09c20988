"""Figures of detection, against their definitions in loops."""

import numpy as np
import pytest

from lstm_zoo.tasks.metrics.detection import Event, area_under_roc, average_precision, events, smoothed, threshold_at

NAN = float("nan")


@pytest.fixture
def drawn():
    """Scores with many ties, and which are abnormal."""
    random = np.random.default_rng(1)
    flags = random.random(200) < 0.3
    return np.round(random.normal(size=200) + flags, 1), flags


def test_the_area_is_the_share_of_pairs_in_the_right_order(drawn):
    scores, flags = drawn
    pairs = scores[flags][:, None] - scores[~flags][None]
    assert area_under_roc(scores, flags) == pytest.approx(np.mean((pairs > 0) + (pairs == 0) / 2), abs=1e-12)
    assert area_under_roc(flags.astype(float), flags) == 1 and np.isnan(area_under_roc(scores, flags | True))


def test_the_precision_is_a_mean_over_thresholds(drawn):
    scores, flags = drawn
    total, before = 0.0, 0.0
    for threshold in np.unique(scores)[::-1]:
        found = scores >= threshold
        recall = (found & flags).sum() / flags.sum()
        total, before = total + (recall - before) * (found & flags).sum() / found.sum(), recall
    assert average_precision(scores, flags) == pytest.approx(total, abs=1e-12)
    assert average_precision(np.zeros(200), flags) == pytest.approx(flags.mean())
    assert np.isnan(average_precision(scores, flags & False))


def test_smoothing_looks_at_no_later_frame():
    scores = np.array([NAN, 4.0, 0.0, NAN, 2.0])
    np.testing.assert_array_equal(smoothed(scores, 1), scores)
    np.testing.assert_allclose(smoothed(scores, 0.25), [NAN, 4, 3, NAN, 2.75])
    np.testing.assert_array_equal(smoothed(scores[:3], 0.25), smoothed(scores, 0.25)[:3])


def test_events_are_runs_above_a_threshold():
    scores = np.array([2.0, 1.0, 0.0, 3.0, 5.0, 4.0, NAN, 2.0])
    assert events(scores, 1) == [Event(0, 1, 0), Event(3, 6, 4), Event(7, 8, 7)]
    assert events(scores, 9) == []


def test_the_threshold_is_the_lowest_that_raises_few_alarms():
    films = [np.array([0.0, 9.0, 0.0, 5.0, 5.0, 0.0]), np.array([NAN, 7.0, 1.0])]
    hour = 3600.0
    assert [threshold_at(films, hour, number) for number in (0, 1, 2, 3)] == [9, 7, 5, 0]
    assert threshold_at(films, hour / 100, 1) == 9  # so short a film allows none
    for number in (0, 1, 2, 3):
        assert sum(len(events(one, threshold_at(films, hour, number))) for one in films) <= number
