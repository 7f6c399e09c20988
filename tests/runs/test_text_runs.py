"""Whole runs on lines of text: scores, floors, prediction, decoding, exports, and a start from another run."""

import csv
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from conftest import running_eagerly
from lstmzoo import lstmzoo
from PIL import Image

from lstm_zoo.config.recipe import load
from lstm_zoo.contracts import LOG_PROBABILITIES, InputError
from lstm_zoo.data.lines.line_drawing import draw_line
from lstm_zoo.exporting.export import export
from lstm_zoo.runs.directory import Run
from lstm_zoo.runs.evaluation import evaluate
from lstm_zoo.runs.network import RunNetwork
from lstm_zoo.runs.prediction import predict
from lstm_zoo.runs.weights import keep_weights
from lstm_zoo.tasks.ctc.reading import greedy
from lstm_zoo.training.fit import train

pytestmark = [pytest.mark.xdist_group("text"), pytest.mark.usefixtures("warm")]
PAGE = Path(__file__).parents[2] / "lstm_zoo" / "exporting" / "README.md"
RATES = {"cer", "wer", "exact_lines", "median_line_cer", "letter_accuracy"}


@pytest.fixture(scope="module")
def text_run(tmp_path_factory, data_dir):
    """The network of a run of the smoke recipe of crnn, whose weights are made to answer with letters."""
    config = load("smoke/crnn.yaml", [f"data.data_dir={data_dir}", "train.epochs=1"])
    with running_eagerly():
        run = train(config, tmp_path_factory.mktemp("runs") / "text")
    network = RunNetwork(run)
    kernel = network.model.get_layer("logits").kernel
    kernel.assign(np.random.default_rng(0).normal(0, 8, kernel.shape))
    keep_weights(network.model, run.path / "best.weights.h5")
    return RunNetwork(Run.open(run.path))


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    file = tmp_path_factory.mktemp("lines") / "line.png"
    Image.fromarray(draw_line("some words", np.random.default_rng(0), 40)).save(file)
    return file


@pytest.fixture(scope="module")
def exported(text_run, tmp_path_factory):
    """Export the run in a format, each once."""
    return cache(lambda format: export(text_run, format, tmp_path_factory.mktemp("exports") / format))


@pytest.fixture(scope="module")
def rates(text_run):
    """What the run gets on its test split."""
    scores = evaluate(text_run, "test")
    return {name: scores[name] for name in RATES}


def test_a_run_is_judged_beside_its_floors(text_run):
    scores = evaluate(text_run, "test")
    assert set(scores) >= RATES and set(scores["floors"]) == {"empty answer", "best constant line"}
    assert scores["floors"]["empty answer"]["cer"] == 1 and 0 < scores["floors"]["best constant line"]["cer"] < 2
    with (text_run.folder / "predictions-test.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    edits, letters = sum(int(row["edits"]) for row in rows), sum(len(row["truth"]) for row in rows)
    assert len(rows) == 8 and scores["letters"] == letters and scores["cer"] == pytest.approx(edits / letters)
    page = (text_run.folder / "report.html").read_text(encoding="utf-8")
    assert "Worst 2: test/" in page and "most frequent errors" in page


def test_predict_tells_text_places_and_confidence(text_run, line, tmp_path):
    output = lstmzoo("predict", line, "--run", text_run.folder, "--save-to", tmp_path).output
    (told,) = json.loads(lstmzoo("predict", line, "--run", text_run.folder, "--json").stdout)["predictions"]
    assert told["text"] and told["text"] in output and told["text"] == "".join(one["letter"] for one in told["letters"])
    assert all(0 <= one["left"] < one["right"] <= 1 and 0 < one["confidence"] <= 1 for one in told["letters"])
    assert (tmp_path / "001-line-figure.png").read_bytes().startswith(b"\x89PNG")


def test_lines_are_read_alike_alone_and_together(text_run):
    splits = text_run.config.data.load(like=text_run.spec)
    together = list(text_run.answers(splits, "test"))
    inputs, _ = next(splits.eval_stream("test", 8).as_numpy_iterator())
    assert len(set(inputs["width"])) > 1
    for row, (width, outputs) in enumerate(zip(inputs["width"], together, strict=True)):
        alone = text_run.answer(
            {"line": inputs["line"][row : row + 1, :, :width], "width": np.array([width], np.int32)}
        )
        np.testing.assert_allclose(alone[LOG_PROBABILITIES][0], outputs[LOG_PROBABILITIES], atol=1e-5)


def test_other_decoding_needs_no_other_run(text_run):
    beam = RunNetwork(Run.open(text_run.folder, ["task.decoding={kind: beam, width: 3}"]))
    assert evaluate(beam, "test", name="beam")["cer"] <= evaluate(text_run, "test")["cer"] + 0.2
    assert "ngrams" in beam.memory


@pytest.mark.parametrize("format", ["keras", "tf_saved_model", "onnx", "litert"])
def test_files_read_the_same_texts(text_run, exported, rates, format, line):
    file = exported(format)
    assert file.about["max_difference"] <= 1e-4 and file.spec.target.alphabet == text_run.spec.target.alphabet
    assert evaluate(file, "test").items() >= rates.items()
    (told,), (expected,) = (list(predict(network, [line])) for network in (file, text_run))
    if format == "litert":
        assert "pixels wide once it is scaled; this file takes" in told.facts["error"]
    else:
        assert told.facts["text"] == expected.facts["text"]
    file.runner.close()


def test_the_page_s_lines_read_an_exported_file(text_run, exported, monkeypatch, capsys):
    code = next(
        code for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if "InferenceSession" in code
    )
    splits = text_run.config.data.load(like=text_run.spec)
    inputs = {name: one[:1] for name, one in next(splits.eval_stream("test", 8).as_numpy_iterator())[0].items()}
    monkeypatch.chdir(exported("onnx").folder)
    exec(code, dict(inputs))
    outputs = text_run.answer(inputs)[LOG_PROBABILITIES][0]
    assert capsys.readouterr().out.rstrip("\n") == greedy(outputs, text_run.spec.target.alphabet).text


def test_a_saved_model_reads_files_and_spells_the_text(text_run, exported, line, tmp_path):
    (expected,) = predict(text_run, [line])
    path, signatures = exported("tf_saved_model").path, exported("tf_saved_model").about["signatures"]
    with_text, without = (
        {one["name"] for one in signatures[name]["outputs"]} for name in ("serving_default", "numbers")
    )
    assert with_text - without == {"text"} and LOG_PROBABILITIES in without
    code = (
        "import sys, tensorflow as tf\n"
        "sys.modules['lstm_zoo'] = None\n"
        f"served = tf.saved_model.load({str(path)!r}).signatures['from_encoded']\n"
        f"print(served(encoded=tf.constant([open({str(line)!r}, 'rb').read()]))['text'][0].numpy().decode())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.rstrip("\n") == expected.facts["text"]


@pytest.mark.usefixtures("eager")
def test_a_run_starts_from_another_whose_alphabet_grows(text_run, tmp_path, capsys):
    folder = tmp_path / "lines"
    for split, texts in {"train": ("qx\u017f", "\u017f\u017f", "Q8"), "test": ("x\u017f",)}.items():
        for number, text in enumerate(texts):
            (folder / split).mkdir(parents=True, exist_ok=True)
            Image.fromarray(draw_line("abc", np.random.default_rng(number), 32)).save(folder / split / f"{number}.png")
            (folder / split / f"{number}.gt.txt").write_text(text, encoding="utf-8")
    data = f"data={{kind: text_lines, root: {folder}, line: {{height: 16, pixels_per_step: 2}}, data_dir: {tmp_path}}}"
    settings = [data, "train.frozen=[cnn_*, '*lstm*']", "train.epochs=1", "train.optimizer.learning_rate=1e-30"]
    config = load("smoke/crnn.yaml", settings)
    capsys.readouterr()
    run = train(config, tmp_path / "grown", init=text_run.folder, evaluate=False)
    told = f"starts from {text_run.folder}: all {len(text_run.model.weights)} weights fit; new answers: "
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("starts from"))
    assert line.startswith(told) and "\u017f" in line
    old, new = text_run.spec.target.alphabet, run.spec.target.alphabet
    assert set(new) == {*old, *"qx\u017fQ8"} and "\u017f" not in old
    weights = {weight.path: np.array(weight) for weight in RunNetwork(run).model.weights}
    for weight in text_run.model.weights:
        expected = np.array(weight)
        if weight.path.startswith("logits/"):
            places = [*(new.index(letter) for letter in old), len(new)]
            np.testing.assert_allclose(weights[weight.path][..., places], expected, atol=1e-6)
        elif not weight.path.endswith(("moving_mean", "moving_variance")):
            np.testing.assert_array_equal(weights[weight.path], expected)
    longer = load("smoke/crnn.yaml", [*settings, "train.epochs=2"])  # it knows where it started, and which letters
    assert train(longer, tmp_path / "grown", resume=True, evaluate=False).spec == run.spec
    with pytest.raises(InputError, match=r"no layer 'cn_1'.*layers with weights: cnn_1_conv"):
        train(load("smoke/crnn.yaml", [*settings, "train.frozen=[cn_1]"]), tmp_path / "x", init=text_run.folder)
    unlike = (
        r"layers of other sizes \(\d+ of \d+ weights do not fit; the first: \S+ \(.*\) there, \S+ \(.*\) here\); give"
    )
    with pytest.raises(InputError, match=unlike):
        other = load("smoke/conv_lines.yaml", [data])
        train(other, tmp_path / "x", init=text_run.folder)
    with pytest.raises(InputError, match="--resume and --init"):
        train(config, tmp_path / "x", init=text_run.folder, resume=True)
