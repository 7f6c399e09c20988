"""What counts as text, and letters as numbers."""

import unicodedata

import numpy as np
import pytest

from lstm_zoo.contracts.text import PADDING, UNKNOWN
from lstm_zoo.data.lines.letters import TextConfig, alphabet_of, called, equal_neighbours, letter_counts, numbered


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("gru\u0308n", "gr\u00fcn"),
        ("gr\u00fcn", "gr\u00fcn"),
        ("\ufeffso\r\n", "so"),
        ("da\u017f\n\n", "da\u017f"),  # NFKC would make it an s
        ("a\u00a0b", "a b"),
        ("  a \t b  ", "a b"),
        ("bru\uf1cc", "bru\uf1cc"),
        ("two\r\nlines", "two lines"),
        ("\ufeff \r\n", ""),
        ("", ""),
    ],
)
def test_text_is_normalized(raw, text):
    config = TextConfig()
    assert config.normalized(raw) == text
    assert config.normalized(text) == text


def test_forms_and_white_space_are_settings():
    assert TextConfig(unicode="NFD").normalized("gr\u00fcn") == "gru\u0308n"
    for raw in ("gr\u00fcn", "gru\u0308n"):
        assert TextConfig(unicode="none").normalized(raw) == raw
    kept = TextConfig(white_space="kept")
    assert kept.normalized("\ufeff  a\u00a0 b \r\n") == "  a\u00a0 b "
    assert kept.normalized("two\r\nlines\n") == "two lines"


def test_an_alphabet_has_no_order_of_its_own():
    texts = ["banane", "\u017fo \uf1cc", "so"]
    alphabet = alphabet_of(texts)
    assert alphabet == alphabet_of(texts[::-1]) == tuple(" abenos\u017f\uf1cc")
    assert alphabet_of([]) == ()


def test_texts_become_rows_of_numbers():
    rows = numbered(["ab", "", "xbb a"], ("a", "b", " "))
    assert rows.dtype == np.int32
    np.testing.assert_array_equal(rows, [[0, 1, *[PADDING] * 3], [PADDING] * 5, [UNKNOWN, 1, 1, 2, 0]])
    assert numbered(["", ""], ("a",)).shape == (2, 1) and numbered([], ("a",)).shape == (0, 1)


@pytest.mark.parametrize(("text", "times"), [("", 0), ("a", 0), ("aab", 1), ("aabb", 2), ("aaa", 2), ("aba", 0)])
def test_equal_neighbours_are_counted(text, times):
    assert equal_neighbours(text) == times


def test_letters_are_called_by_their_names():
    assert called("s") == "s U+0073 LATIN SMALL LETTER S"
    assert called("\u0303") == "\u25cc\u0303 U+0303 COMBINING TILDE"
    assert called("\uf1cc") == "\uf1cc U+F1CC private use"
    assert called("\u200f") == " U+200F RIGHT-TO-LEFT MARK"  # it would turn the terminal's line round
    assert called("\x07") == " U+0007 without a name"
    counts = letter_counts(["abba", "b c"])
    assert list(counts.items())[:2] == [(called("b"), 3), (called("a"), 2)]
    assert counts[called(" ")] == 1 and "  U+0020 SPACE" in counts


def test_composed_letters_are_single_ones():
    assert len(TextConfig().normalized("w\u1ebd")) == 2 == len(unicodedata.normalize("NFD", "w\u1ebd")) - 1
