import re

import numpy as np
import pytest
from matplotlib.ft2font import FT2Font

from lstm_zoo.data.lines import line_drawing
from lstm_zoo.data.lines.line_drawing import CHARACTERS, draw_line, faces, line_text


class Noiseless(np.random.Generator):
    """Chance as ever, but for the pixels' noise."""

    def standard_normal(self, size, dtype):
        return np.zeros(size, dtype)


def random(*seed):
    return np.random.default_rng(seed)


def noiseless(*seed):
    return Noiseless(np.random.PCG64(seed))


def darkness(pixels):
    """How much darker than the paper each pixel is, in grey levels; most of a picture is paper."""
    return np.median(pixels) - pixels.astype(float)


@pytest.mark.parametrize("longest", [1, 2, 7, 30, 60])
def test_text_has_a_line_s_length_and_spaces(longest):
    source = random(longest)
    texts = [line_text(source, longest) for _ in range(30)]
    assert all(1 <= len(text) <= longest and text == " ".join(text.split()) for text in texts)
    assert len(set(texts)) > 25 or longest < 7


def test_text_repeats_by_seed():
    assert line_text(random(1), 40) == line_text(random(1), 40) != line_text(random(2), 40)


def test_texts_are_made_of_all_characters_and_no_other():
    source = random(0)
    texts = [line_text(source, 60) for _ in range(2000)]
    assert set("".join(texts)) == set(CHARACTERS)
    assert np.mean([len(text) for text in texts]) > 35


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[a-z]",  # from within a sentence
        r"[.?!] [A-Z][a-z]",
        r"\b(1[789]|20)\d\d\b",
        r"\b\d+\.\d\d\b",
        r"\b\d+,\d{3}\b",
        r"[a-z]'[a-z]",
        r"[a-z]-[a-z]",
        r" - ",
        r"^[^a-z]*[A-Z]{3}[^a-z]*$",
    ],
)
def test_texts_hold_what_texts_hold(pattern):
    source = random(3)
    assert sum(re.search(pattern, line_text(source, 50)) is not None for _ in range(500)) >= 5


def test_faces_are_twelve_and_hold_all_characters():
    assert len(set(faces())) == 12
    for face in faces():
        assert {ord(character) for character in CHARACTERS} <= FT2Font(face).get_charmap().keys(), face


@pytest.mark.parametrize("height", [16, 32, 50])
def test_picture_has_the_height_asked_for_and_repeats_by_seed(height):
    pixels = draw_line("Quick, lazy dog", random(1), height)
    assert pixels.dtype == np.uint8 and pixels.ndim == 2 and pixels.shape[0] == height
    np.testing.assert_array_equal(pixels, draw_line("Quick, lazy dog", random(1), height))
    other = draw_line("Quick, lazy dog", random(2), height)
    assert other.shape != pixels.shape or (other != pixels).any()


def test_width_grows_with_the_text():
    widths = [draw_line("many " * count + "words", random(4), 32).shape[1] for count in range(4)]
    steps = np.diff(widths)
    assert steps.min() > 32 and np.ptp(steps) <= 2


@pytest.mark.parametrize("height", [16, 32, 45])
@pytest.mark.parametrize("text", ["", "jQ", "Wf,", "'tis jug -", "Kept by jolly Queen's youth; 1,250 of fj?"])
def test_letters_fill_the_picture_and_are_not_cut(text, height):
    for seed in range(20):
        source = noiseless(seed)
        dark = darkness(draw_line(text or line_text(source, 30), source, height))
        border = np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]])
        assert dark.max() > 60 and border.max() < 0.1 * dark.max(), seed
        reach = round(0.6 * height)  # of a margin and a slanted apostrophe's or full stop's distance
        assert min(dark[:, :reach].max(), dark[:, -reach:].max()) > 0.3 * dark.max(), seed


def test_ink_stands_out_from_noise():
    source = random(5)
    for _ in range(60):
        dark = darkness(draw_line(line_text(source, 30), source, 32))
        assert np.percentile(dark, 97) > 4 * np.std(dark[:, :2])


def test_all_faces_are_used_in_many_sizes(monkeypatch):
    used, load = [], line_drawing._font

    def font(face, size):
        used.append((face, size))
        return load(face, size)

    monkeypatch.setattr(line_drawing, "_font", font)
    source = random(6)
    for _ in range(150):
        draw_line("a", source, 32)
    assert {face for face, _ in used} == set(faces())
    assert {size for _, size in used} == set(range(18, 25))
