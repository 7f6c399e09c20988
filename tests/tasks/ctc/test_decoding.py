"""CTC decoding against all paths there are, which tiny outputs allow."""

import itertools
import math
from collections import defaultdict

import numpy as np
import pytest

from lstm_zoo.tasks.ctc.beam import beam
from lstm_zoo.tasks.ctc.character_model import CharacterModel
from lstm_zoo.tasks.ctc.reading import greedy

SIZES = [(1, 1), (3, 1), (4, 2), (6, 2), (5, 3), (4, 4)]


def outputs(steps, classes, seed, sharpness=1.5):
    """Random log-probabilities, (steps, classes + 1)."""
    scores = sharpness * np.random.default_rng(seed).normal(size=(steps, classes + 1))
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def spelled(path, blank):
    """Return the runs of a path that are letters, as (class, start, end)."""
    runs, start = [], 0
    for number, group in itertools.groupby(path):
        end = start + len(list(group))
        runs += [(number, start, end)] if number != blank else []
        start = end
    return runs


def every_path(logs, alphabet):
    """Return the log-probability and the runs of all paths, by their text."""
    found = defaultdict(list)
    for path in itertools.product(range(len(alphabet) + 1), repeat=len(logs)):
        runs = spelled(path, len(alphabet))
        text = "".join(alphabet[number] for number, _, _ in runs)
        found[text].append((sum(logs[step, number] for step, number in enumerate(path)), runs))
    return found


def total(paths):
    return sum(math.exp(log) for log, _ in paths)


def placed(reading):
    return [(letter.text, letter.start, letter.end) for letter in reading.letters]


def of_path(path, alphabet, sure=0.9):
    """Outputs that are `sure` of one path, whose blanks are written `-`."""
    classes = len(alphabet) + 1
    logs = np.full((len(path), classes), math.log((1 - sure) / (classes - 1)))
    logs[np.arange(len(path)), [("-" + alphabet).index(one) - 1 for one in path]] = math.log(sure)
    return logs


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(4))
def test_greedy_is_the_best_of_all_paths(size, seed):
    alphabet = "abcd"[: size[1]]
    logs = outputs(*size, seed)
    log, runs = max(itertools.chain(*every_path(logs, alphabet).values()))
    reading = greedy(logs.astype("float32"), alphabet)
    assert placed(reading) == [(alphabet[number], start, end) for number, start, end in runs]
    assert reading.confidence == pytest.approx(math.exp(log), rel=1e-5)
    tops = [math.exp(logs[start:end, number].max()) for number, start, end in runs]
    assert [letter.confidence for letter in reading.letters] == pytest.approx(tops, rel=1e-5)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(4))
def test_a_wide_beam_finds_the_most_probable_text_and_its_best_path(size, seed):
    alphabet = "abcd"[: size[1]]
    logs = outputs(*size, seed, sharpness=0.8)
    found = every_path(logs, alphabet)
    best = max(found, key=lambda text: total(found[text]))
    reading = beam(logs, alphabet, width=2000, least=0.0)
    assert reading.text == best
    assert reading.confidence == pytest.approx(total(found[best]), rel=1e-9)
    runs = max(found[best])[1]
    assert placed(reading) == [(alphabet[number], start, end) for number, start, end in runs]
    tops = [math.exp(logs[start:end, number].max()) for number, start, end in runs]
    assert [letter.confidence for letter in reading.letters] == pytest.approx(tops)


@pytest.mark.parametrize("seed", range(6))
def test_fusion_finds_the_text_of_the_highest_score(seed):
    logs = outputs(5, 3, seed, sharpness=0.8)
    language = CharacterModel.counted(["abc", "abca", "cab"], order=3)
    found = every_path(logs, "abc")

    def score(text):
        known = sum(language.log_probability(text[:end], text[end]) for end in range(len(text)))
        return math.log(total(found[text])) + 0.7 * known + 0.4 * len(text)

    reading = beam(logs, "abc", width=2000, least=0.0, language=language, weight=0.7, bonus=0.4)
    assert reading.text == max(found, key=score)
    assert reading.confidence == pytest.approx(total(found[reading.text]), rel=1e-9)


def test_fusion_prefers_what_the_language_knows_where_the_network_is_undecided():
    logs = of_path("t-h-e", "aeht")
    logs[4, [0, 1]] = math.log(0.47), math.log(0.45)
    language = CharacterModel.counted(["the", "the heat", "he ate the"])
    assert greedy(logs, "aeht").text == beam(logs, "aeht").text == "tha"
    assert beam(logs, "aeht", weight=9.0, bonus=9.0).text == "tha"
    assert beam(logs, "aeht", language=language).text == "the"
    assert beam(logs, "aeht", language=language, weight=0.0, bonus=0.0).text == "tha"
    logs[4, [0, 1]] = math.log(0.96), math.log(0.01)
    assert beam(logs, "aeht", language=language).text == "tha"


def test_the_language_may_raise_what_the_network_finds_improbable():
    logs = of_path("t-h-e", "aeht")
    logs[4, [0, 1]] = math.log(0.9), math.log(0.05)
    language = CharacterModel.counted(["the", "the heat", "he ate the"])
    assert beam(logs, "aeht", language=language, weight=3.0, bonus=3.0).text == "the"


def test_equal_letters_are_placed_with_a_blank_between():
    logs = np.log([[0.98, 0.02], [0.9, 0.1], [0.8, 0.2], [0.9, 0.1], [0.98, 0.02]])
    language = CharacterModel.counted(["aa"])
    assert beam(logs, "a").text == "a"
    assert placed(beam(logs, "a", language=language, bonus=2.0)) == [("a", 0, 2), ("a", 3, 5)]


def test_steps_without_a_likely_letter_are_blanks():
    logs = of_path("--a-a--", "a", sure=0.9)
    reading = beam(logs, "a", least=0.2)
    assert placed(reading) == [("a", 2, 3), ("a", 4, 5)]
    assert reading.confidence == pytest.approx(0.9**7)


def test_the_bonus_makes_up_for_what_a_longer_text_loses():
    logs = of_path("a-b", "ab", sure=0.98)
    logs[2] = np.log([0.01, 0.44, 0.55])
    language = CharacterModel.counted(["ab", "ba", "aa", "bb"])
    assert beam(logs, "ab", language=language, bonus=0.0).text == "a"
    assert beam(logs, "ab", language=language, bonus=0.6).text == "ab"


@pytest.mark.parametrize("read", [greedy, beam])
def test_a_blank_parts_equal_letters_and_repeats_are_one(read):
    assert placed(read(of_path("-aa-a--bbb-", "ab"), "ab")) == [("a", 1, 3), ("a", 4, 5), ("b", 7, 10)]
    assert read(of_path("aaab", "ab"), "ab").text == "ab"
    assert read(of_path("a-ab", "ab"), "ab").text == "aab"
    assert placed(read(of_path("a-ab", "ab"), ["A", "ß"])) == [("A", 0, 1), ("A", 2, 3), ("ß", 3, 4)]


@pytest.mark.parametrize("read", [greedy, beam])
def test_empty_answers(read):
    silent = read(of_path("----", "ab"), "ab")
    assert silent.letters == () and silent.text == ""
    assert silent.confidence == pytest.approx(0.9**4, rel=0.02)
    assert read(np.zeros((0, 3), "float32"), "ab") == ((), 1.0)


@pytest.mark.parametrize("read", [greedy, beam, lambda *line: beam(*line, least=0.0)])
@pytest.mark.parametrize("steps", [1, 40])
@pytest.mark.parametrize("path", ["-aa-ab-b", "ab", "--"])
def test_padded_steps_at_the_end_change_nothing(read, steps, path):
    logs = of_path(path, "ab").astype("float32")
    padded = np.concatenate([logs, np.tile(np.float32([-30, -30, 0]), (steps, 1))])
    before, after = read(logs, "ab"), read(padded, "ab")
    assert after.letters == before.letters
    assert after.confidence == pytest.approx(before.confidence, rel=1e-6)


def test_what_the_defaults_leave_out_matters_little():
    alphabet = "abcdefghij"
    path = "".join(f"-{letter}{letter}---" for letter in "badcabjigefhjjab")
    logs = np.logaddexp(of_path(path, alphabet, sure=0.97), outputs(len(path), 10, seed=1) - 6)
    logs -= np.logaddexp.reduce(logs, axis=1, keepdims=True)
    usual, thorough = beam(logs, alphabet), beam(logs, alphabet, width=60, least=0.0)
    assert usual.text == thorough.text == "badcabjigefhjjab"
    assert placed(usual) == placed(thorough)
    assert thorough.confidence * 0.95 < usual.confidence <= thorough.confidence


def test_a_line_of_many_steps_stays_in_the_range_of_floats():
    logs = np.tile(np.log([0.2, 0.2, 0.2, 0.4]), (2000, 1))
    reading = beam(logs, "abc")
    assert 0.0 <= reading.confidence <= 1.0 and len(reading.letters) <= 1000
    certain = np.where(of_path("a-ab" * 200, "ab") > math.log(0.5), 0.0, -np.inf)
    assert beam(certain, "ab").text == "aab" * 200 and beam(certain, "ab").confidence == pytest.approx(1.0)


LINES = ["the cat sat", "the hat", "a cat ate that hat", "ääh"]


@pytest.mark.parametrize("order", [1, 2, 5])
@pytest.mark.parametrize("history", ["", "t", "the ca", "zebra", "a cat ate th", "t" * 30])
def test_probabilities_of_the_counted_letters_sum_to_1(order, history):
    model = CharacterModel.counted(LINES, order)
    chances = [math.exp(model.log_probability(history, letter)) for letter in sorted(set("".join(LINES)))]
    assert sum(chances) == pytest.approx(1.0) and min(chances) > 0


def test_probabilities_are_those_of_witten_and_bell():
    model = CharacterModel.counted(["ab", "ac"], order=2)
    # Of 4 letters (3 kinds) 1 is b; after a come 2 letters of 2 kinds, of which 1 is b.
    alone = (1 + 3 * (1 / 3)) / (4 + 3)
    assert math.exp(model.log_probability("a", "b")) == pytest.approx((1 + 2 * alone) / (2 + 2))
    # Both lines start with a; nothing ever follows b, so that it says nothing.
    assert math.exp(model.log_probability("", "a")) == pytest.approx((2 + 1 * (2 + 1) / 7) / (2 + 1))
    assert math.exp(model.log_probability("b", "c")) == pytest.approx(alone)


def test_only_the_last_letters_count_and_a_start_is_no_letter_before():
    model = CharacterModel.counted(LINES, order=3)
    assert model.log_probability("the ca", "t") == model.log_probability("ca", "t")
    assert model.log_probability("hca", "t") != model.log_probability("hea", "t")
    assert model.log_probability("", "t") != model.log_probability("a ", "t")
    assert model.log_probability("", "h") < model.log_probability("t", "h")


def test_an_unseen_letter_is_improbable_and_not_impossible():
    model = CharacterModel.counted(LINES)
    for history in ("", "the ca", "ß"):
        unseen = model.log_probability(history, "Q")
        assert math.isfinite(unseen) and unseen < model.log_probability(history, "t")
    assert math.isfinite(CharacterModel.counted([]).log_probability("a", "b"))


def test_a_model_is_kept_without_pickling(tmp_path):
    model = CharacterModel.counted(LINES, order=4)
    np.savez(tmp_path / "model.npz", **model.to_arrays())
    with np.load(tmp_path / "model.npz", allow_pickle=False) as arrays:
        again = CharacterModel.from_arrays(arrays)
    for history, letter in itertools.product(["", "t", "the c", "q"], "ta äQ"):
        assert again.log_probability(history, letter) == model.log_probability(history, letter)
