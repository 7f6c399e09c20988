import numpy as np

from lstm_zoo.tasks.figures.confusion_matrix import confusion_matrix


def test_it_is_drawn_by_rows():
    figure = confusion_matrix(np.array([[3, 1], [0, 0]]), ["a", "b"])
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), [[0.75, 0.25], [0, 0]])
