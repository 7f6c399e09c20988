import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from lstm_zoo.contracts.labels import VOID
from lstm_zoo.tasks.figures.canvas import png_of
from lstm_zoo.tasks.figures.class_colours import VOID_COLOUR, class_colours
from lstm_zoo.tasks.figures.label_panels import WRONG, label_panels

NAMES = ("sky", "road", "car", "cost in $")


@pytest.fixture(autouse=True)
def _close_figures():
    yield


def example(shape=(12, 16), channels=3):
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (*shape, channels)).astype(np.uint8)
    truth = random.integers(0, 3, shape).astype(np.uint8)
    predicted = truth.copy()
    predicted[..., :4] = (truth[..., :4] + 1) % 3
    truth[..., 0] = VOID
    return image, predicted, truth


def panels(figure):
    return [np.asarray(axis.images[0].get_array()) for axis in figure.axes]


def headings(figure):
    return [axis.get_title() for axis in figure.axes]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_colours_are_distinct_and_stay():
    colours = class_colours(255)
    assert colours.shape == (255, 3) and colours.dtype == np.uint8
    assert len(np.unique(colours, axis=0)) == 255 and not (colours == VOID_COLOUR).all(axis=1).any()
    first = class_colours(35).astype(int)
    np.testing.assert_array_equal(first, colours[:35])
    apart = np.abs(first[:, None] - first).sum(axis=-1) + 999 * np.eye(35)
    assert apart.min() > 40
    first[:] = 0
    assert class_colours(1).any()  # what a caller does to them is the caller's


def test_wrong_pixels_are_red_and_void_is_pale():
    image, predicted, truth = example()
    figure = label_panels(image, predicted, NAMES, truth)
    shown, known, said, errors = panels(figure)
    np.testing.assert_array_equal(shown, image)
    np.testing.assert_array_equal(said, class_colours(4)[predicted])
    np.testing.assert_array_equal(known[:, 1:], class_colours(4)[truth[:, 1:]])
    assert (known[:, 0] == VOID_COLOUR).all()
    red = (errors == WRONG).all(axis=-1)
    np.testing.assert_array_equal(red, (truth != predicted) & (truth != VOID))
    assert errors[:, 0].min() >= 225 and errors[:, 4:].max() < 225
    assert (errors[~red].std(axis=-1) == 0).all()  # grey
    assert headings(figure) == ["image", "truth", "prediction", "wrong: 20.0%"]
    assert legend(figure) == ["sky", "road", "car", "void"]


def test_without_truth_the_prediction_lies_over_the_image():
    image, predicted, _ = example(channels=1)
    figure = label_panels(image, predicted, NAMES)
    shown, said, over = panels(figure)
    np.testing.assert_array_equal(shown, image.repeat(3, axis=-1))
    np.testing.assert_allclose(over, 0.45 * image + 0.55 * said, atol=1)
    assert legend(figure) == ["sky", "road", "car"]


def test_volumes_are_cut_in_the_middle_of_each_axis():
    volume, predicted, truth = example((6, 10, 14), channels=2)
    figure = label_panels(volume, predicted, NAMES, truth)
    shown = panels(figure)
    assert [one.shape[:2] for one in shown] == [(10, 14)] * 4 + [(6, 14)] * 4 + [(6, 10)] * 4
    for row, (image, said) in enumerate(
        ((volume[3], predicted[3]), (volume[:, 5], predicted[:, 5]), (volume[:, :, 7], predicted[:, :, 7]))
    ):
        np.testing.assert_array_equal(shown[4 * row][..., 0], image[..., 0])
        np.testing.assert_array_equal(shown[4 * row + 2], class_colours(4)[said])
    assert [axis.get_ylabel() for axis in figure.axes[::4]] == ["z = 3", "y = 5", "x = 7"]
    assert len(panels(label_panels(volume, predicted, NAMES))) == 9


@pytest.mark.parametrize("shape", [(20, 30), (60, 4), (3, 200)])
def test_many_classes_stay_inside_the_figure(shape):
    names = [f"class number {k} of $" for k in range(35)]
    predicted = (np.arange(shape[0] * shape[1]) % 35).reshape(shape).astype(np.uint8)
    figure = label_panels(np.zeros((*shape, 3), np.uint8), predicted, names, predicted)
    FigureCanvasAgg(figure).draw()
    box = figure.legends[0].get_window_extent()
    lowest = min(axis.get_window_extent().y0 for axis in figure.axes)
    assert box.x0 >= 0 and box.x1 <= figure.bbox.x1 and 0 <= box.y0 < box.y1 <= lowest
    assert max(figure.get_size_inches()) < 20
    assert png_of(figure).startswith(b"\x89PNG")


def test_a_map_of_nothing_but_void_is_drawn():
    image, _, _ = example()
    void = np.full((12, 16), VOID, np.uint8)
    figure = label_panels(image, void, NAMES, void)
    assert legend(figure) == ["void"] and headings(figure)[-1] == "wrong: 0.0%"
