import numpy as np
import pytest

from lstm_zoo.tasks.figures.score_curves import score_curves
from lstm_zoo.tasks.metrics.detection import FilmOfScores


def film(name, scores, flags):
    return FilmOfScores(name, 10.0, scores, scores, flags)


@pytest.mark.parametrize("threshold", [0.1, 9.0])
def test_all_curves_and_the_threshold_are_within_the_figure(threshold):
    low, high = np.linspace(0, 1, 20), np.linspace(2, 5, 20)
    figure = score_curves([film("a", low, np.zeros(20, bool)), film("b", high, high > 3)], threshold)
    for axis in figure.axes:
        below, above = axis.get_ylim()
        assert below < 0 and above > max(5, threshold)
    assert figure.axes[-1].get_xlabel() == "seconds (orange: abnormal; dashed: threshold)"


def test_only_what_is_drawn_is_explained():
    figure = score_curves([film("a", np.arange(5.0), np.zeros(5, bool))], np.nan)
    assert figure.axes[0].get_xlabel() == "seconds"
