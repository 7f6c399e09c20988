import matplotlib
import numpy as np

from lstm_zoo.tasks.figures.canvas import png_of
from lstm_zoo.tasks.figures.film_strip import film_strip


def test_what_a_user_draws_beside_ours_stays_as_he_has_it():
    before = dict(matplotlib.rcParams)
    figure = film_strip(np.zeros((2, 4, 4, 3), np.uint8), "$a_b$ costs 1 $")
    title = figure.axes[0].get_title(loc="left")
    assert title == "$a_b$ costs 1 $" and png_of(figure).startswith(b"\x89PNG")
    assert not figure.axes[0]._left_title.get_parse_math()
    assert dict(matplotlib.rcParams) == before
