"""What `data check` tells of a data set, and its page."""

import io
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from labelled import spec_of, write_folder
from lstmzoo import lstmzoo
from PIL import Image

from lstm_zoo.contracts import (
    BadFile,
    Classes,
    Example,
    GoodFile,
    InputError,
    Neighbour,
    Spec,
    Survey,
    Tensor,
    Text,
    Words,
)
from lstm_zoo.contracts.labels import VOID
from lstm_zoo.reporting.data_check import check_facts
from lstm_zoo.reporting.data_page import write_data_page
from lstm_zoo.reporting.examples import drawn, legend
from lstm_zoo.tasks.figures.class_colours import laid_over, palette

CLIPS = Spec(inputs={"clip": Tensor(shape=(12, 20, 20, 3))}, target=Classes(names=("run", "jump<")))
CONFIG = SimpleNamespace(name="mine", data=SimpleNamespace(kind="videos", remarks=lambda: ["layout: folders"]))


def clip(split, name, content="", label="run", seconds=2.0):
    return GoodFile(split, name, content or name, {"seconds": seconds}, {label: 1})


def facts_of(*files, spec=CLIPS, **more):
    return check_facts(CONFIG, Survey(files, more.pop("bad_files", ()), spec=spec, **more))


def test_a_sound_data_set_loses_nothing():
    facts = facts_of(
        clip("train", "a"),
        clip("train", "b", label="jump<", seconds=4.0),
        clip("val", "c"),
        clip("val", "d", label="jump<"),
    )
    assert facts["lost"] == [] and facts["remarks"] == ["layout: folders"] and facts["near_training"] is None
    train = facts["splits"]["train"]
    assert train["files"] == 2 and train["classes"] == {"run": 1, "jump<": 1}
    assert train["measures"] == {"seconds": {"least": 2.0, "median": 3.0, "most": 4.0}}
    json.dumps(facts)


def test_the_same_content_in_two_splits_is_lost():
    facts = facts_of(
        clip("train", "a", "x"), clip("test", "b", "x"), clip("train", "c", "y"), clip("train", "d", "y", "jump<")
    )
    (lost,) = facts["lost"]
    assert "one content stands in more than one split" in lost and "a (train) = b (test)" in lost
    assert [group["across_splits"] for group in facts["duplicates"]] == [True, False]
    assert "one content stands more than once in a split: c (train) = d (train)" in facts["remarks"]
    assert any(
        "one content stands with different labels: c (train) = d (train)" in remark for remark in facts["remarks"]
    )


def test_lost_classes_and_bad_files_are_told():
    files = clip("train", "a"), clip("test", "b", label="jump<"), clip("test", "e")
    bad = [BadFile("train", "c", "is empty"), BadFile("val", "d", "is empty")]
    facts = facts_of(*files, bad_files=bad, problems=["data: no"])
    assert facts["lost"][:2] == ["data: no", "2 of the files cannot be used"]
    assert facts["lost"][2] == "train has no example of jump< (1 in test): these cannot be learned"
    assert facts["splits"]["val"] == {"files": 0, "bad_files": 1, "classes": {"run": 0, "jump<": 0}, "measures": {}}
    only_run = facts_of(clip("train", "a"), clip("val", "b"), bad_files=bad)
    assert only_run["lost"][1:] == ["no example of jump< is in any file that can be used"]
    assert only_run["remarks"] == ["layout: folders", "no example in any split: jump<"]


def test_a_split_that_is_all_void_is_lost():
    spec = spec_of((8, 8, 3))
    files = [
        GoodFile("train", "a", "a", {}, {"sky": 60, "tree": 3, "road": 1}),
        GoodFile("val", "b", "b", {}, {"void": 64}),
    ]
    (lost,) = facts_of(*files, spec=spec)["lost"]
    assert lost.startswith("data: no pixel of val has a class (64 void)")


def test_what_looks_like_training_is_told():
    near = [Neighbour("val", "b", "a", 0.4), Neighbour("val", "c", "a", 0.97)]
    facts = facts_of(clip("train", "a"), clip("val", "b"), clip("val", "c"), neighbours=near)
    assert [pair["name"] for pair in facts["near_training"]] == ["c", "b"] and not facts["lost"]
    assert any(
        "1 examples look nearly like one of training" in remark and "c (val) and a" in remark
        for remark in facts["remarks"]
    )


def pictures_in(example):
    return [np.asarray(Image.open(io.BytesIO(panel))) for panel in example.panels]


def test_examples_are_drawn_with_their_labels():
    frames = np.arange(12, dtype=np.uint8)[:, None, None, None] + np.zeros((20, 20, 3), np.uint8)
    shown = drawn(Example("train", "a", {"clip": frames}, np.array(1)), CLIPS)
    assert shown.labels == ["jump<"] and [panel[0, 0, 0] for panel in pictures_in(shown)] == [0, 2, 3, 5, 6, 8, 9, 11]

    labels = np.array([[0, 1], [2, VOID]], np.uint8).repeat(100, 0).repeat(100, 1)
    picture = np.full((200, 200, 4), 200, np.uint8)
    picture[:, 150:, 3] = 0  # padding
    masked = spec_of((200, 200, 4), masked=True)
    example = Example("val", "b", {"image": picture}, labels)
    plain, over = pictures_in(drawn(example, masked))
    assert (plain[0, 0] == 200).all() and (plain[0, 199] == 176).all()
    np.testing.assert_array_equal(over, laid_over(plain, palette(3)[labels]))
    assert (
        list(legend([example], masked)) == ["sky", "tree", "road", "void"]
        and legend([example], masked)["sky"] == "#4e79a7"
    )

    volume = np.arange(4, dtype=np.uint8)[:, None, None, None] + np.zeros((200, 200, 1), np.uint8)
    plain, _ = pictures_in(
        drawn(Example("val", "c", {"volume": volume}, np.stack([labels] * 4)), spec_of((4, 200, 200, 1)))
    )
    assert plain.shape == (200, 200, 3) and (plain == 2).all()

    words = Spec(
        inputs={"image": Tensor(shape=(8, 8, 3))},
        target=Words(vocabulary=("", "[UNK]", "[start]", "[end]", "a", "dog"), max_words=4),
    )
    told = drawn(
        Example("train", "d", {"image": frames[0]}, np.array([[4, 5, 3, 0], [1, 5, 4, 5], [0, 0, 0, 0]])), words
    )
    assert told.labels == ["a dog", "[UNK] dog a dog"]

    text = Spec(
        inputs={"line": Tensor(shape=(8, None, 1), measured_by="width"), "width": Tensor(shape=(), dtype="int32")},
        target=Text(alphabet=("a", "b"), pixels_per_step=4),
    )
    told = drawn(
        Example(
            "train", "e", {"line": np.zeros((8, 90, 1), np.uint8), "width": np.array(90)}, np.array([1, -2, 0, -1])
        ),
        text,
    )
    assert told.labels == ["b\ufffda"] and told.wide


def test_the_page_stands_alone(tmp_path):
    frames = np.zeros((12, 20, 20, 3), np.uint8)
    examples = [Example("train", "a", {"clip": frames}, np.array(1))]
    files = clip("train", "a", "x"), clip("val", "b", "x", seconds=3.0)
    survey = Survey(
        files,
        [BadFile("val", "c<d", "is empty")],
        spec=CLIPS,
        examples=examples,
        neighbours=[Neighbour("val", "b", "a", 1.0)],
    )
    write_data_page(tmp_path / "new" / "page.html", check_facts(CONFIG, survey), survey)
    page = (tmp_path / "new" / "page.html").read_text()
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert len(re.findall(r'<img alt="a" src="data:image/png;base64,(\w+)', page)) == 8
    for text in (
        "jump&lt;",
        "c&lt;d",
        "layout: folders",
        "a (train) = b (val)",
        "1 (100.0%)",
        "<td>3</td>",
        "1.000",
        "<rect",
    ):
        assert text in page, text
    with pytest.raises(InputError, match="cannot be written"):
        write_data_page(tmp_path / "new", check_facts(CONFIG, survey), survey)


def test_the_command_tells_and_ends_with_2_where_something_would_be_lost(tmp_path):
    root = write_folder(tmp_path / "data")
    command = [
        "data",
        "check",
        "--config",
        "smoke/window_dense.yaml",
        "--set",
        f"data={{kind: segmentation_folder, root: {root}, void: void}}",
    ]
    told = lstmzoo(*command, "--html", tmp_path / "page.html").stdout
    assert "nothing would be lost" in told and "remark: layout: train/ and trainannot/" in told and "road" in told
    assert len(re.findall("<figure", (tmp_path / "page.html").read_text())) == 9
    (root / "test" / "7.png").write_bytes((root / "train" / "0.png").read_bytes())
    (root / "val" / "4.png").write_bytes(b"no picture")
    facts = json.loads(lstmzoo(*command, "--json", status=2).stdout)
    assert [file["name"] for file in facts["bad_files"]] == ["val/4.png"] and len(facts["files"]) == len(
        facts["examples"]
    ) == 8
    assert [[file["name"] for file in group["files"]] for group in facts["duplicates"]] == [
        ["train/0.png", "test/7.png"]
    ]
    told = lstmzoo(*command, status=2).stdout
    assert "val: val/4.png: is no image" in told and "lost: 1 of the files cannot be used" in told
