"""Transcription: how lines are judged, told and drawn."""

from itertools import groupby

import keras
import numpy as np
import pytest

from lstm_zoo.contracts import LOG_PROBABILITIES, Judged, Spec, Tensor, Text
from lstm_zoo.contracts.text import PADDING
from lstm_zoo.tasks.figures.canvas import png_of
from lstm_zoo.tasks.figures.line_panels import drawable
from lstm_zoo.tasks.transcription import Transcription

ALPHABET = (" ", "$", "a", "b", "c", "u", "\u00fc", "\u0308", "\uf1cc", "\U000e0041")
INPUTS = {"line": Tensor(shape=(8, None, 1)), "width": Tensor(shape=(), dtype="int32")}


def spec_of(**options):
    return Spec(inputs=INPUTS, target=Text(alphabet=ALPHABET, pixels_per_step=2, **options))


SPEC = spec_of()


def outputs_for(text, steps_a_letter=2):
    """Return log probabilities whose best path spells a text, a blank behind each letter."""
    scores = np.zeros((max(steps_a_letter * len(text), 1), len(ALPHABET) + 1), "float32")
    scores[:, -1] = 4
    for place, letter in enumerate(text):
        scores[steps_a_letter * place, ALPHABET.index(letter)] = 8
    return {LOG_PROBABILITIES: np.array(keras.ops.log_softmax(scores))}


def judged_by(pairs, task=None, spec=SPEC, memory=None):
    """Return a judge that has seen some (answer, truth, name)."""
    judge = (task or Transcription()).judge(spec, memory)
    for number, (answer, truth, *name) in enumerate(pairs):
        judge.add(outputs_for(answer), Judged(name[0] if name else f"{number}.png", truth))
    return judge


def test_errors_are_edits_over_all_letters_and_words():
    judge = judged_by([("abc", "abc"), ("ab", "cb"), ("a b", "a b c"), ("", "aa")])
    scores = judge.scores()
    assert scores["cer"] == pytest.approx(5 / 12) and scores["letters"] == 12
    assert scores["letter_accuracy"] == pytest.approx(1 - 5 / 12)
    assert scores["wer"] == pytest.approx(3 / 6)
    assert scores["exact_lines"] == 0.25
    assert scores["median_line_cer"] == pytest.approx((0.4 + 0.5) / 2)
    assert scores["confusions"][0] == {"truth": "a", "answer": "", "times": 2}
    assert {"truth": "c", "answer": "a", "times": 1} in scores["confusions"]
    assert "cer_of_known_letters" not in scores and "per_class" not in scores
    (told,) = scores["remarks"]
    assert told.startswith("most frequent errors (truth -> answer): a -> nothing 2 times")
    assert "space -> nothing 1 times" in told and "c -> a 1 times" in told
    rows = list(judge.rows())
    assert [row["edits"] for row in rows] == [0, 1, 2, 2] and rows[1]["text"] == "ab" and rows[1]["truth"] == "cb"
    assert all(0 < float(row["confidence"]) <= 1 for row in rows)


def test_the_right_and_the_empty_answer_are_the_ends():
    texts = ["abc", "a", "c b a"]
    assert judged_by([(text, text) for text in texts]).scores()["cer"] == 0.0
    scores = judged_by([("", text) for text in texts]).scores()
    assert scores["cer"] == scores["wer"] == 1.0 and scores["exact_lines"] == 0.0
    assert judged_by([]).scores()["cer"] == 0.0
    assert judged_by([("ab", "")]).scores()["cer"] == 2.0  # of nothing, each edit counts whole


def test_unknown_letters_are_errors_and_named_beside_the_rate_without_them():
    scores = judged_by([("ab", "aZ"), ("b", "b1"), ("a", "1Za"), ("c", "a")]).scores()
    assert scores["unknown_letters"] == {"Z": 2, "1": 2}
    assert scores["cer"] == pytest.approx(5 / 8)
    assert scores["cer_of_known_letters"] == pytest.approx(1 / 4)
    assert scores["remarks"][0] == "letters that the training texts lack, each an error: Z 2 times, 1 2 times"
    told, _ = judged_by([("a$", "a,"), ("a", "a\u0323")]).scores()["remarks"]
    assert told.endswith("each an error: ',' 1 times, \u25cc\u0323 1 times")
    nothing = judged_by([("", "aZ"), ("", "Z")]).scores()
    assert nothing["cer"] == nothing["cer_of_known_letters"] == 1.0


def test_folders_and_groups_of_a_table_have_figures_of_their_own():
    judge = judged_by([("ab", "ab", "one/0.png"), ("ab", "aa", "one/1.png"), ("", "c", "two/0.png")])
    assert judge.scores()["per_class"] == {"one": 0.75, "two": 0.0}
    judge.add({"text": "b"}, Judged("two/1.png", "b", notes="hand 2"))
    assert judge.scores()["per_class"] == {"hand 2": 1.0, "one": 0.75, "two": 0.0}
    assert Transcription.class_noun == "group" and Transcription.score_of_class == "letter accuracy"


def test_answers_follow_the_rule_for_white_space_of_the_truth():
    assert judged_by([("  a  b ", "a b"), (" ", "a")]).scores()["exact_lines"] == 0.5
    kept = spec_of(single_spaces=False)
    assert judged_by([("  a  b ", "  a  b ")], spec=kept).scores()["cer"] == 0.0
    assert judged_by([("  a  b ", "a b")], spec=kept).scores()["cer"] == pytest.approx(4 / 3)


def test_answers_are_composed_as_the_truth_is():
    result = Transcription().result(outputs_for("au\u0308b"), SPEC)
    assert result.answer == "a\u00fcb"
    (_, joined, _) = result.facts["letters"]
    assert (joined["left"], joined["right"]) == (2 / 8, 5 / 8)
    assert Transcription().result(outputs_for("b\u0308"), SPEC).answer == "b\u0308"  # Unicode has none for both
    assert Transcription().result(outputs_for("\u0308a"), SPEC).answer == "\u0308a"
    apart = spec_of(composed=False)
    assert Transcription().result(outputs_for("u\u0308"), apart).answer == "u\u0308"


def test_floors_look_at_nothing():
    task = Transcription()
    texts = ["abc", "abcc", "abca", "b"]
    memory = task.memory(SPEC, [Judged(str(number), text) for number, text in enumerate(texts)])
    floors = task.floors(SPEC, memory)
    assert {name: floor(Judged("x", "ab")) for name, floor in floors.items()} == {
        "empty answer": {"text": ""},
        "best constant line": {"text": "abc"},
    }
    judge = task.judge(SPEC, memory)
    judge.add(floors["empty answer"](Judged("x", "ab")), Judged("x", "ab"))
    assert judge.scores()["cer"] == 1.0 and next(judge.rows())["text"] == ""


def test_training_texts_help_a_beam():
    task = Transcription(decoding={"kind": "beam", "language": 2.0, "bonus": 0.0})
    memory = task.memory(SPEC, [Judged(str(number), "abab") for number in range(9)])
    outputs = outputs_for("abab")
    unsure = outputs[LOG_PROBABILITIES]
    unsure[2, ALPHABET.index("c")] = unsure[2, ALPHABET.index("b")] + 0.1  # a little surer of the wrong one
    assert Transcription().result(outputs, SPEC).answer == "acab"
    assert task.result(outputs, SPEC, memory=memory).answer == "abab"
    assert task.result(outputs, SPEC).answer == "acab"
    judge = task.judge(SPEC, memory)
    judge.add(outputs, Judged("x", "abab"))
    assert judge.scores()["cer"] == 0.0


def test_a_result_tells_where_each_letter_stands():
    result = Transcription().result(outputs_for(" a a ", 4), SPEC)
    assert result.answer == result.text == result.facts["text"] == "a a"
    assert [letter["letter"] for letter in result.facts["letters"]] == ["a", " ", "a"]
    first = result.facts["letters"][0]
    assert (first["left"], first["right"]) == (4 / 20, 5 / 20) and 0.9 < first["confidence"] < 1
    assert 0 < result.facts["confidence"] < 1 and result.figure is None
    nothing = Transcription().result(outputs_for(""), SPEC)
    assert nothing.answer == "" and nothing.facts["letters"] == []


@pytest.mark.parametrize(
    ("text", "spec"), [("aab", SPEC), ("abba", SPEC), (" a  b ", SPEC), (" a  b ", spec_of(single_spaces=False))]
)
def test_a_server_s_text_is_the_greedy_one(text, spec):
    outputs = outputs_for(text)
    served = Transcription().served({name: one[None] for name, one in outputs.items()}, spec)
    assert served["text"].numpy()[0].decode() == Transcription().result(outputs, spec).answer
    assert set(served) == {"text", LOG_PROBABILITIES}


@pytest.mark.parametrize("text", ["aab", "abba", "cab", ""])
def test_what_files_tell_of_outputs_is_enough_to_read_them(text):
    outputs, told = outputs_for(text), Transcription().meanings(SPEC)[LOG_PROBABILITIES]
    assert (told.facts["labels"], told.axes) == ("spec.target.alphabet", ("steps", "letters"))
    runs = [letter for letter, _ in groupby(outputs[LOG_PROBABILITIES].argmax(axis=-1))]
    read = "".join(SPEC.target.alphabet[letter] for letter in runs if letter != told.facts["blank"])
    assert read == Transcription().result(outputs, SPEC).answer == text


def test_loss_and_errors_of_training_agree_with_the_judge():
    objective = Transcription().objective(SPEC, lambda: [])
    assert not objective.compiles
    texts = np.array([[2, 3, 4], [2, PADDING, PADDING]], "int32")
    logits = np.stack([outputs_for("ab ")[LOG_PROBABILITIES], outputs_for("abb")[LOG_PROBABILITIES]])
    (metric,) = objective.metrics
    metric.update_state(texts, logits)
    assert float(metric.result()) == pytest.approx(3 / 4)
    assert judged_by([("abb", "a")]).scores()["cer"] == 2.0
    assert objective.loss(texts, keras.ops.convert_to_tensor(logits)).shape == (2,)


# Figures


def ink(figure):
    """Return how many pixels of a figure are not white."""
    import io

    from PIL import Image

    pixels = np.asarray(Image.open(io.BytesIO(png_of(figure))).convert("L"))
    return int((pixels < 200).sum())


@pytest.mark.usefixtures("arranged")
@pytest.mark.parametrize("width", [6, 60, 900])
def test_a_result_is_drawn(width):
    picture = np.full((12, width), 255, np.uint8)
    text = "$a b$\uf1cc\u0308\U000e0041"
    result = Transcription().result(outputs_for(text), spec_of(composed=False), picture)
    figure = result.figure()
    above, below = figure.axes
    assert [letter.get_text() for letter in above.texts] == [*"$a\u2423b$\u25a1\u0308\u25a1"]
    names = [label.get_text() for label in below.get_yticklabels()]
    assert names == ["space", *"$abcu\u00fc\u0308", "U+F1CC", "U+E0041", "blank"]
    assert ink(figure) > 500
    silent = Transcription().result(outputs_for(""), SPEC, picture).figure()
    assert not silent.axes[0].texts and ink(silent) > 500


@pytest.mark.usefixtures("arranged")
def test_the_best_and_the_worst_lines_are_drawn():
    answers = [("abc", "abc"), ("a$\uf1cc$", "b" * 40), ("", "a\U000e0041"), *[("ab", "ac")] * 20]
    judge = judged_by(answers)
    shown = []

    def pictures(numbers):
        shown.extend(numbers)
        return {number: np.full((12, 40), 255, np.uint8) for number in numbers}

    figures = list(judge.figures(pictures))
    assert len(figures) == 12 and shown[0] == 0
    titles = [title for title, _, _ in figures]
    assert titles[0] == "Best 1: 0.png, 0 edits of 3 letters"
    assert {title.split(": ")[1].split(",")[0] for title in titles[6:8]} == {"1.png", "2.png"}
    assert all(ink(figure) > 100 for _, _, figure in figures)
    assert list(judged_by([]).figures(lambda numbers: {})) == []


def test_letters_that_no_font_has_are_squares():
    assert drawable("a\u017f\u00fc\u0308$ ") == "a\u017f\u00fc\u0308$ "
    assert drawable("\uf1cc-\U000e0041") == "\u25a1-\u25a1"
