"""A network that reads lines on whole pages: their texts, lines that cannot be read, and the files that are written."""

import csv
import json

import pytest
from conftest import running_eagerly
from lstmzoo import lstmzoo
from PIL import Image
from written_pages import page_xml, write_page, write_picture, written

from lstm_zoo.config.recipe import load
from lstm_zoo.media.pages import read_page
from lstm_zoo.runs.evaluation import evaluate
from lstm_zoo.runs.network import RunNetwork
from lstm_zoo.runs.prediction import predict
from lstm_zoo.runs.weights import keep_weights
from lstm_zoo.training.fit import train

pytestmark = pytest.mark.xdist_group("page_run")

TEXTS = ("ab ba", "bb", "a", "abab")


@pytest.fixture(scope="module")
def page_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("pages")
    for split in ("train", "val", "test"):
        write_page(root / split / f"{split}.xml", TEXTS)
    return root


@pytest.fixture(scope="module")
def page_run(page_root, tmp_path_factory, data_dir):
    """The network of a run of one step."""
    line = "line: {height: 16, pixels_per_step: 2}"
    data = f"data={{kind: text_pages, root: {page_root}, data_dir: {data_dir}, {line}}}"
    config = load("smoke/crnn.yaml", [data, "train.epochs=1", "train.batch_size=3"])
    with running_eagerly():
        network = RunNetwork(train(config, tmp_path_factory.mktemp("runs") / "pages"))
    dense = network.model.get_layer("logits")
    kernel, bias = dense.get_weights()
    dense.set_weights([100 * kernel, 0 * bias])
    (inputs, _), *_ = config.data.load().eval_stream("val", 4).as_numpy_iterator()
    logits = network.model.predict_on_batch(inputs)[0]  # of a line, (S, K + 1)
    dense.set_weights([100 * kernel, -logits.mean(axis=0)])  # so that all letters are answered, not one alone
    keep_weights(network.model, network.run.weights_file)
    return network


def test_a_page_is_read_as_its_lines_are(page_run, page_root):
    evaluate(page_run, "test")
    with (page_run.folder / "predictions-test.csv").open(encoding="utf-8") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    (told,) = predict(page_run, [page_root / "test"])  # the page stands for its picture
    lines = told.facts["lines"]
    assert [line["name"] for line in lines] == ["l0", "l1", "l2", "l3"] and not told.failed
    for line in lines:
        row = rows[f"test/test.xml#{line['name']}"]
        assert line["text"] == row["text"]
        assert line["confidence"] == pytest.approx(float(row["confidence"]), abs=1e-3)
    assert len({line["text"] for line in lines}) > 2
    assert told.text.splitlines() == [f"{line['name']}: {line['text']}" for line in lines]


def test_pages_without_texts_get_theirs(page_run, tmp_path):
    write_picture(tmp_path / "page.png", TEXTS)
    xml = page_xml("page.png", (None,) * 4).replace("8,66 124,66 124,86 8,86", "")  # a line without an outline
    page = written(tmp_path / "page.xml", xml)
    printed = lstmzoo("predict", page, "--run", page_run.folder, "--save-to", tmp_path / "out").output
    told = json.loads((tmp_path / "out" / "001-page.json").read_text(encoding="utf-8"))
    assert told["lines"][2] == {
        "name": "l2",
        "error": "has a line with an outline of 0 points; expected three or more: mark it anew",
    }
    texts = [line.get("text", "") for line in told["lines"]]
    assert len({texts[0], texts[1], texts[3]}) == 3
    assert told["text_file"] == str(tmp_path / "out" / "001-page-text.txt")
    with open(told["text_file"], encoding="utf-8") as file:
        assert file.read() == "".join(f"{text}\n" for text in texts)
    assert told["page_file"] == str(tmp_path / "out" / "001-page-page.xml")
    again = read_page(tmp_path / "out" / "001-page-page.xml")
    assert [line.text or "" for line in again.lines] == texts and again.picture == "page.png"
    assert f"  l0: {texts[0]}\n" in printed and f"  l3: {texts[3]}\n" in printed
    assert "  l2: cannot be read: has a line with an outline of 0 points" in printed
    assert f"  text_file: {told['text_file']}" in printed


def test_pages_that_cannot_be_read_are_told(page_run, page_root, tmp_path):
    alone = written(tmp_path / "page.xml", page_xml("page.png", TEXTS))
    write_page(tmp_path / "large.xml", TEXTS)
    with Image.open(tmp_path / "large.png") as picture:
        picture.resize((800, 1000)).save(tmp_path / "large.png")
    errors = [one.facts["error"] for one in predict(page_run, [alone, tmp_path / "large.xml", tmp_path / "large.png"])]
    assert errors[0].startswith(f"its picture page.png is neither in {tmp_path} nor in {tmp_path.parent}; expected it")
    assert errors[1].startswith("was transcribed on a picture of 160 x 150 pixels (width x height), but ")
    assert errors[2].startswith("is 800 x 1000 pixels, which looks like a page; cut it into lines first, or give its")
