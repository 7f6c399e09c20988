import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from math import exp, log, sqrt
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest

from lstm_zoo.contracts import InputError
from lstm_zoo.tasks.metrics import java_metrics
from lstm_zoo.tasks.metrics.caption_metrics import caption_scores, missing_package
from lstm_zoo.tasks.metrics.java_metrics import java_is_here, java_scores, ptb_texts

pytest.importorskip("pycocoevalcap.cider.cider")

CAPTIONS = ["A cat sits on the mat.", "two two dogs run on grass", "a man"]
REFERENCES = [
    ["a cat sat on the mat", "There is a cat on a mat!"],
    ["two dogs run on the grass", "dogs run on grass"],
    ["a man walks home", "a tall man walks", "he goes"],
]
JAVA_SCORES = ("meteor", "spice")
PYTHON_SCORES = {"bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "cider"}

needs_java = pytest.mark.skipif(not java_is_here(), reason="there is no Java")


@pytest.fixture(autouse=True)
def no_spice_models(monkeypatch, tmp_path):
    """Nothing is fetched, and installed models are not run: they take minutes."""
    from pycocoevalcap.spice import get_stanford_models

    monkeypatch.setattr(get_stanford_models, "SPICEDIR", str(tmp_path / "spice"))


@pytest.fixture
def spice_folder(tmp_path):
    """A folder for models, without any."""
    folder = tmp_path / "spice" / "lib"
    folder.mkdir(parents=True)
    return folder


def cider_d(captions, references):
    """CIDEr-D from its definition (1411.5726, section 6), words given; one score an image.

    Weights are counts times idf, as in the authors' code: the paper's term frequencies are divided by the caption's
    length, which cancels in CIDEr's cosine but not behind the clipping of CIDEr-D.
    """

    def ngrams(words, n):
        return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))

    scores = np.zeros(len(captions))
    for n in range(1, 5):
        seen = [set().union(*(ngrams(reference, n) for reference in of_image)) for of_image in references]

        def weights(words, vocabulary, n=n, seen=seen):
            counts = ngrams(words, n)
            idf = [log(len(seen) / max(1, sum(ngram in words for words in seen))) for ngram in vocabulary]
            return np.array([counts[ngram] for ngram in vocabulary]) * idf

        for image, (caption, of_image) in enumerate(zip(captions, references, strict=True)):
            for reference in of_image:
                vocabulary = sorted(ngrams(caption, n) | ngrams(reference, n))
                ours, theirs = weights(caption, vocabulary), weights(reference, vocabulary)
                norms = sqrt((ours**2).sum() * (theirs**2).sum())
                cosine = (np.minimum(ours, theirs) * theirs).sum() / norms if norms else 0.0
                penalty = exp(-((len(caption) - len(reference)) ** 2) / (2 * 6**2))
                scores[image] += 10 * penalty * cosine / len(of_image) / 4
    return scores


def test_bleu_worked_by_hand():
    # n-grams of the captions, and those found in a reference (each as often as in one reference, so `two` once):
    #   a cat sits on the mat      1: 5 of 6 (not sits)   2: 3 of 5   3: on the mat, 1 of 4         4: 0 of 3
    #   two two dogs run on grass  1: 5 of 6              2: 4 of 5   3: 3 of 4 (not two two dogs)  4: 2 of 3
    #   a man                      1: 2 of 2              2: 1 of 1   3, 4: none
    # The captions have 6 + 6 + 2 words, the references closest in length 6 + 6 + 2.
    precisions = [12 / 14, 8 / 11, 4 / 8, 2 / 6]
    expected = {f"bleu{n}": np.prod(precisions[:n]) ** (1 / n) for n in range(1, 5)}
    scores = caption_scores(CAPTIONS, REFERENCES).of_set
    assert {name: scores[name] for name in expected} == pytest.approx(expected, rel=1e-6)

    # Without `he goes`, the closest references have 6 + 6 + 4 words: the captions are too short.
    references = [*REFERENCES[:2], REFERENCES[2][:2]]
    scores = caption_scores(CAPTIONS, references).of_set
    expected = {name: value * exp(1 - 16 / 14) for name, value in expected.items()}
    assert {name: scores[name] for name in expected} == pytest.approx(expected, rel=1e-6)


def test_rouge_and_cider_are_those_of_pycocoevalcap():
    # Recorded from pycocoevalcap 1.2: Rouge().compute_score(references, captions) and Cider()'s on dictionaries from
    # the image's number to the texts above, written without capitals and punctuation.
    scores = caption_scores(CAPTIONS, REFERENCES)
    assert scores.of_set["rouge_l"] == pytest.approx(0.7954805789857335)
    assert scores.of_set["cider"] == pytest.approx(3.4191623287573307)
    np.testing.assert_allclose(scores.cider, [2.83216394, 6.0212371, 1.40408596], rtol=1e-7)
    # ROUGE-L by hand: the longest common subsequences have 5, 5 and 2 words; F with beta 1.2 of the best precision and
    # the best recall among the references.
    pairs = [(5 / 6, 5 / 6), (5 / 6, 4 / 4), (2 / 2, 2 / 4)]
    by_hand = [(1 + 1.2**2) * precision * recall / (recall + 1.2**2 * precision) for precision, recall in pairs]
    assert scores.of_set["rouge_l"] == pytest.approx(np.mean(by_hand))


def test_cider_against_its_definition():
    rng = np.random.default_rng(0)

    def caption(longest=9):
        return list(rng.choice(list("abcdefg"), rng.integers(1, longest)))

    captions = [caption() for _ in range(8)]
    references = [[caption(14) for _ in range(rng.integers(1, 6))] for _ in captions]
    texts = [" ".join(words) for words in captions]
    of_image = [[" ".join(words) for words in row] for row in references]
    scores = caption_scores(texts, of_image)
    expected = cider_d(captions, references)
    assert expected.max() > 1
    np.testing.assert_allclose(scores.cider, expected, rtol=1e-9)
    assert scores.of_set["cider"] == pytest.approx(expected.mean())


def test_the_references_themselves_score_best():
    references = [[row[0]] for row in REFERENCES]
    scores = caption_scores([row[0] for row in references], references)
    assert scores.of_set == pytest.approx(dict.fromkeys(PYTHON_SCORES - {"cider"}, 1.0) | {"cider": 10.0}, rel=1e-6)


def test_empty_captions_score_nothing():
    scores = caption_scores(["", CAPTIONS[1], "..."], REFERENCES)
    assert scores.cider[0] == scores.cider[2] == 0 < scores.cider[1]
    assert 0 < scores.of_set["rouge_l"] <= 1 / 3
    scores = caption_scores(["", " ", "!"], REFERENCES)
    assert scores.of_set == dict.fromkeys(PYTHON_SCORES, 0.0)


def test_one_image_alone():
    scores = caption_scores(CAPTIONS[:1], REFERENCES[:1])
    assert scores.of_set["bleu1"] == pytest.approx(5 / 6)
    assert scores.of_set["cider"] == 0  # every word is in every image's references


def test_input_that_cannot_be_scored():
    with pytest.raises(AssertionError):
        caption_scores(CAPTIONS[:1], [[]])
    with pytest.raises(AssertionError):
        caption_scores(CAPTIONS, REFERENCES[:2])
    with pytest.raises(InputError, match="none of the reference captions has a word") as error:
        caption_scores(CAPTIONS[:1], [["...", ""]])
    assert error.value.key == "data"


def test_captions_in_characters_are_scored_by_characters():
    # 一个红方块 against 一个绿方块: four of five characters, 方块 and 一个 of the four pairs.
    scores = caption_scores(["一个红方块。", "狗"], [["一个绿方块"], ["狗"]], split="characters").of_set
    assert scores["bleu1"] == pytest.approx(5 / 6, rel=1e-6)
    assert scores["bleu2"] == pytest.approx(sqrt(5 / 6 * 2 / 4), rel=1e-6)
    assert caption_scores(["一个红方块。", "狗"], [["一个绿方块"], ["狗"]]).of_set["bleu1"] == pytest.approx(
        0.5, rel=1e-6
    )


def test_without_java(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not java_is_here()
    assert set(caption_scores(CAPTIONS, REFERENCES, java=JAVA_SCORES).of_set) == PYTHON_SCORES
    with pytest.raises(InputError, match=r"needs Java.*install a Java, or set task\.tokenization to simple") as error:
        caption_scores(CAPTIONS, REFERENCES, "ptb")
    assert error.value.key == "task.tokenization"


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_a_java_that_does_not_start(monkeypatch, tmp_path):
    (tmp_path / "java").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "java").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert not java_is_here()


def test_without_the_package(monkeypatch):
    assert missing_package() is None
    monkeypatch.setitem(sys.modules, "pycocoevalcap", None)
    assert "pip install 'lstm-zoo[captions]'" in missing_package()
    with pytest.raises(InputError, match="pip install"):
        caption_scores(CAPTIONS, REFERENCES)


@needs_java
def test_java_scores_leave_standard_output_alone(monkeypatch, capfd):
    """The PTB tokenizer and METEOR on input that could shift their lines, where the system writes 0.5 as 0,5."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Duser.language=de -Duser.country=DE")
    monkeypatch.delenv("JDK_JAVA_OPTIONS", raising=False)
    processes = watch_meteor(monkeypatch)
    captions = [*CAPTIONS, "", "a ||| b\nSCORE ||| x"]
    references = [*REFERENCES, ["a dog\u2028barks", "|||"], ["a b\rc", "", "a man's ||| hat"]]
    scores = caption_scores(captions, references, "ptb", JAVA_SCORES)
    assert set(scores.of_set) == PYTHON_SCORES | {"meteor"}
    # Recorded from pycocoevalcap 1.2's Meteor() on these words in plain text, without bars and ends of lines.
    assert scores.of_set["meteor"] == pytest.approx(0.3669028489461654, abs=1e-6)
    assert scores.cider[3] == 0 < scores.cider[4]
    assert [process.poll() is None for process in processes] == [False]
    assert os.environ["JAVA_TOOL_OPTIONS"] == "-Duser.language=de -Duser.country=DE"
    assert "JDK_JAVA_OPTIONS" not in os.environ
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("SPICE is left out: its models are missing") and printed.err.count("\n") == 1


@needs_java
def test_ptb_words():
    rows = [["A man's dog, isn't it?", ""], ["", "one\ntwo\x85three"], ["ein Bär schläft...", "last", ""]]
    expected = [["a man 's dog is n't it", ""], ["", "one two three"], ["ein bär schläft", "last", ""]]
    assert ptb_texts(rows) == expected


@needs_java
def test_meteor_that_fails_is_left_out_and_ended(monkeypatch, capfd):
    processes = watch_meteor(monkeypatch, METEOR_JAR="missing.jar")
    scores = {}
    thread = threading.Thread(
        target=lambda: scores.update(caption_scores(CAPTIONS, REFERENCES, java=JAVA_SCORES).of_set), daemon=True
    )
    thread.start()
    thread.join(30)  # the scorer's destructor waits for ever if it is left to itself
    assert set(scores) == PYTHON_SCORES and not thread.is_alive()
    assert [process.poll() is None for process in processes] == [False]
    printed = capfd.readouterr()
    assert printed.out == "" and "METEOR is left out: Java ended without a score" in printed.err


def watch_meteor(monkeypatch, **names):
    """Return the list of the processes that METEOR will start; `names` replaces what its module holds."""
    from pycocoevalcap.meteor import meteor

    processes = []

    class Watched(meteor.Meteor):
        def __init__(self):
            super().__init__()
            processes.append(self.meteor_p)

    for name, value in names.items():
        monkeypatch.setattr(meteor, name, value)
    monkeypatch.setattr(meteor, "Meteor", Watched)
    return processes


@needs_java
def test_ptb_in_a_read_only_installation(monkeypatch):
    from pycocoevalcap.tokenizer import ptbtokenizer

    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ptbtokenizer, "tempfile", SimpleNamespace(NamedTemporaryFile=refuse))
    with pytest.raises(InputError, match=r"has to write a file into .*Permission denied.* to simple") as error:
        caption_scores(CAPTIONS, REFERENCES, "ptb")
    assert error.value.key == "task.tokenization"


@needs_java
def test_ptb_that_loses_lines(monkeypatch):
    from pycocoevalcap.tokenizer import ptbtokenizer

    monkeypatch.setattr(ptbtokenizer, "STANFORD_CORENLP_3_4_1_JAR", "missing.jar")
    with pytest.raises(InputError, match="one line a caption"):
        caption_scores(CAPTIONS, REFERENCES, "ptb")


def java_scores_without_meteor(monkeypatch):
    monkeypatch.setattr(java_metrics, "_meteor", lambda *_: 0.5)
    return java_scores(JAVA_SCORES, {0: ["a cat"], 1: ["a dog"]}, {0: ["a cat"], 1: [""]})


def test_spice_whose_models_cannot_be_fetched(monkeypatch, capfd, spice_folder):
    from pycocoevalcap.spice import get_stanford_models

    def offline():
        print("Downloading")
        raise URLError("Name or service not known")

    monkeypatch.setattr(get_stanford_models, "get_stanford_models", offline)
    assert java_scores_without_meteor(monkeypatch) == {"meteor": 0.5}
    printed = capfd.readouterr()
    assert printed.out == "" and "SPICE is left out: <urlopen error Name or service not known>" in printed.err


def test_spice_in_a_read_only_installation(monkeypatch, capfd, spice_folder):
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != spice_folder)  # root may write anywhere
    assert "spice" not in java_scores_without_meteor(monkeypatch)
    assert "cannot be written" in capfd.readouterr().err


@pytest.mark.parametrize("fails", [False, True])
def test_spice_with_models(monkeypatch, capfd, spice_folder, fails):
    """A SPICE that prints as Java does, gives no number for one image, and writes its files outside the package."""
    from pycocoevalcap.spice import get_stanford_models, spice

    (spice_folder / f"{get_stanford_models.JAR}-models.jar").touch()
    place, folders = spice.TEMP_DIR, []

    class Spice:
        def compute_score(self, truths, candidates):
            os.write(1, b"Parsing captions\n")
            print("Parsing captions")
            assert "java.base/java.util=ALL-UNNAMED" in os.environ["JDK_JAVA_OPTIONS"]
            folders.append(Path(spice.TEMP_DIR))
            (folders[0] / "captions").touch()
            if fails:
                raise OSError("java fell over\nand over")
            return np.nan, [{"All": {"f": 0.5}}, {"All": {"f": np.nan}}]

    monkeypatch.setattr(spice, "Spice", Spice)
    assert java_scores_without_meteor(monkeypatch) == {"meteor": 0.5} | ({} if fails else {"spice": 0.25})
    printed = capfd.readouterr()
    assert printed.out == "" and printed.err == ("SPICE is left out: java fell over\n" if fails else "")
    assert spice.TEMP_DIR == place and not folders[0].exists()
    assert folders[0].is_relative_to(tempfile.gettempdir())


def test_hushed_gives_the_streams_back(capfd):
    with pytest.raises(ValueError), java_metrics._hushed():
        print("inside")
        os.write(2, b"inside")
        raise ValueError
    print("outside")
    os.write(2, b"outside")
    assert capfd.readouterr() == ("outside\n", "outside")


def test_the_module_starts_without_keras():
    heavy = {"keras", "tensorflow", "pycocoevalcap"}
    code = f"import sys, lstm_zoo.tasks.metrics.caption_metrics; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
