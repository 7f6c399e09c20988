"""Tables of captions as they come: several captions in a cell, JSON in several forms, text files beside the images."""

import json

import pytest
from captioned import WORDS, write_table
from conftest import write_image

from lstm_zoo.contracts import InputError
from lstm_zoo.data.captions.captioned_folder import CaptionedFolder
from lstm_zoo.data.captions.cells import Cells, list_in
from lstm_zoo.data.captions.cleaning import cleaned
from lstm_zoo.data.captions.flickr8k import Flickr8k
from lstm_zoo.data.pipeline.family import Item

PAIR = ['A dog, a "cat".', "It's one"]


def captions_of(config):
    return {item.name: item.target for items in config.items().values() for item in items}


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (json.dumps(PAIR), PAIR),
        (str(PAIR), PAIR),
        (str(tuple(PAIR)), PAIR),
        (f" [{PAIR[0]!r}\n {PAIR[1]!r}] ", PAIR),  # as NumPy writes them
        ("['One']", ["One"]),
        ('["One", null]', ["One", None]),
        ("['One', 7]", ["One", 7]),
        ("A [red] dog", None),
        ("[a dog]", None),
        ("(a dog)", None),
        ("[1, 2]", None),
        ("[]", []),
        ("['One', open('x')]", None),
        ("[\u201cOne\u201d, \u201cTwo\u201d]", None),
        ("", None),
    ],
)
def test_lists_in_cells_are_known_by_themselves(cell, found):
    assert list_in(cell) == found


def test_separators_are_a_setting_and_remarked_where_there_is_none():
    def read(separator, *found):
        cells = Cells(separator)
        return [list(cells.captions(cell)) for cell in found], cells.remarks()

    assert read("|", "One | Two|", "Three") == ([["One ", " Two"], ["Three"]], [])
    assert read("\n", "One\r\nTwo")[0] == [["One", "Two"]]
    assert read("|", '["a|b", "c"]')[0] == [["a|b", "c"]]
    assert read(";", "One") == ([["One"]], ["no cell with captions holds data.caption_separator"])
    captions, (told,) = read(None, "One|Two", "A dog; a cat", "Three")
    assert captions == [["One|Two"], ["A dog; a cat"], ["Three"]]
    assert told.startswith("1 of 3 cells with captions hold '|'") and 'data.caption_separator="|"' in told
    assert "2 of 2 cells with captions hold ';'" in read(None, "One; Two", "A; B")[1][0]
    assert 'data.caption_separator="\\n"' in read(None, "One\nTwo")[1][0]
    assert 'data.caption_separator="##"' in read(None, "One##Two")[1][0]
    assert "1 of 1 cells with captions look like lists" in read(None, "[\u201cOne\u201d]")[1][0]


def test_cells_of_a_table_are_taken_apart(tmp_path):
    rows = ["a.png,\"['One', 'It''s two']\"", 'b.png,"[""Three"", null]"', "c.png,Four|Five"]
    write_table(tmp_path, rows, "filename,text")  # names that are known without the setting
    config = CaptionedFolder(root=tmp_path, val_fraction=0, test_fraction=0, caption_separator="|")
    first, second, third = config.items()["train"]
    assert first.target == ("One", "It's two") and third.target == ("Four", "Five")
    assert second.notes == f"{tmp_path}/captions.csv:3: its caption is null; expected text"
    assert "2 of 3 cells with captions hold lists and were taken apart" in config.remarks()
    assert CaptionedFolder(root=tmp_path, caption_separator="\\n").caption_separator == "\n"
    with pytest.raises(ValueError, match="in quotes"):
        CaptionedFolder(root=tmp_path, caption_separator="")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.jsonl", '{"file_name": "0.png", "text": "One"}\n\n{"file_name": "1.png", "text": ["Two", "Three"]}'),
        ("metadata.csv", 'file_name,text\n0.png,One\n1.png,"[""Two"", ""Three""]"'),
        (
            "captions.json",
            '\ufeff[{"image": "0.png", "caption": "One"}, {"image": "1.png", "caption": ["Two", "Three"]}]',
        ),
        ("captions.json", '{"0.png": "One", "1.png": ["Two", "Three"]}'),
        (
            "captions.json",
            '{"images": [{"id": 7, "file_name": "0.png"}, {"id": "8", "file_name": "1.png"}], "annotations": '
            '[{"image_id": 8, "caption": "Two"}, {"image_id": 7, "caption": "One"}, '
            '{"image_id": 8, "caption": "Three"}]}',
        ),
    ],
)
def test_tables_in_other_forms(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    config = CaptionedFolder(root=tmp_path, val_fraction=0, test_fraction=0)
    assert captions_of(config) == {"0.png": ("One",), "1.png": ("Two", "Three")}
    assert config.remarks()[0] == f"captions are those of {name}"


def test_the_hubs_tables_in_folders_of_splits(tmp_path):
    for folder, number in (("train", 0), ("validation", 1), ("test", 2)):
        write_image(tmp_path / folder / f"{number}.png", number)
        line = {"file_name": f"{number}.png", "text": f"A {WORDS[number]}"}
        (tmp_path / folder / "metadata.jsonl").write_text(json.dumps(line))
    items = CaptionedFolder(root=tmp_path).items()
    assert {split: [item.name for item in found] for split, found in items.items()} == {
        "train": ["train/0.png"],
        "val": ["validation/1.png"],
        "test": ["test/2.png"],
    }


def test_text_files_beside_the_images(tmp_path):
    for number in range(3):
        write_image(tmp_path / "all" / f"{number}.v1.PNG", number)
    (tmp_path / "all" / "0.v1.txt").write_text("A dog\n\n  Two \tdogs\r\n", encoding="utf-8-sig")
    (tmp_path / "all" / "1.v1.txt").write_text("")
    (tmp_path / "readme.txt").write_text("About these")
    config = CaptionedFolder(root=tmp_path, val_fraction=0, test_fraction=0)
    assert captions_of(config) == {"all/0.v1.PNG": ("A dog", "Two dogs"), "all/1.v1.PNG": (), "all/2.v1.PNG": ()}
    assert config.remarks() == [
        "captions are the lines of the .txt files beside the images",
        "1 .txt files without an image were left out (readme.txt)",
    ]
    assert [file.reason for file in config.bad_files()] == ["has no caption"] * 2
    (tmp_path / "metadata.csv").write_text("image,caption\n")
    (tmp_path / "metadata.jsonl").write_text("")
    with pytest.raises(InputError, match=r"there are .*metadata.csv and .*metadata.jsonl; name the one"):
        config.items()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"file_name": "a.png", "text": "A"}\n{"file_name', r"metadata.jsonl:2: is no JSON .*; expected an object"),
        ('["a.png", "A"]', r"metadata.jsonl:1: expected an object with an image and its caption, got \['a.png', 'A'\]"),
        (
            '{"file_name": "a.png", "captoin": "A"}',
            r"metadata.jsonl:1: no 'caption' for the caption; it has file_name, ",
        ),
        ('{"file_name": null, "text": "A"}', r"metadata.jsonl:1: its 'file_name' is None; expected the path"),
        (
            '{"file_name": "a.png", "text": "A", "split": "held"}',
            r"metadata.jsonl:1: split 'held'.*; expected train, val",
        ),
    ],
)
def test_mistakes_in_json_are_named(tmp_path, text, message):
    (tmp_path / "metadata.jsonl").write_text(text)
    with pytest.raises(InputError, match=message):
        CaptionedFolder(root=tmp_path).items()


def test_karpathys_files_of_flickr(tmp_path):
    splits = ["train"] * 3 + ["val", "test"]
    images = [
        {"filename": f"{n}.jpg", "imgid": n, "split": split, "sentences": [{"raw": f"A {WORDS[n]} ."}, {"raw": "Two"}]}
        for n, split in enumerate(splits)
    ]
    (tmp_path / "Images").mkdir()
    (tmp_path / "dataset_flickr8k.json").write_text(json.dumps({"images": images}))
    (tmp_path / "captions.txt").write_text("image,caption\n0.jpg,Other")
    config = Flickr8k(root=tmp_path)
    assert {split: [item.name for item in items] for split, items in config.items().items()} == {
        "train": ["0.jpg", "1.jpg", "2.jpg"],
        "val": ["3.jpg"],
        "test": ["4.jpg"],
    }
    assert config.items()["val"][0].target == ("A three .", "Two")
    assert config.remarks() == ["splits and captions are those of dataset_flickr8k.json"]


def test_marks_and_empty_captions_are_left_out_and_told():
    captions = {
        "a": ("startseq a dog endseq", "<start>A cat.<end>", "<s> One </s> <pad>", "[CLS] two [SEP]", "three"),
        "b": ("...", "<|startoftext|>one<|endoftext|>"),
        "c": ("", "\U0001f436"),
        "d": ("<start> <end>",),
        "e": ("Start of the end", "a <b> dog", "the startseq of it"),
    }
    splits, remarks = cleaned({"train": [Item(name, texts) for name, texts in captions.items()]})
    kept = {item.name: item.target for item in splits["train"]}
    assert kept == {
        "a": ("a dog", "A cat.", "One", "two", "three"),
        "b": ("one",),
        "c": (),
        "d": (),
        "e": captions["e"],
    }
    assert [item.notes for item in splits["train"]] == [
        "",
        "",
        "none of its 2 captions has a word",
        "its caption has no word",
        "",
    ]
    assert remarks == [
        "marks at the ends of 6 captions were removed, as in 'startseq a dog endseq'",
        "4 captions without a word left out, of b, c, d",
    ]


def test_writing_without_blanks_is_never_one_word_in_silence(tmp_path):
    def told(captions, **options):
        write_table(tmp_path, [f'{n}.png,"{text}"' for n, text in enumerate(captions)])
        return CaptionedFolder(root=tmp_path, val_fraction=0, test_fraction=0, captions=options).remarks()[1:]

    chinese = ["灰色背景上有一个红色的方块。", "一个红色圆盘在灰色的地面上"]
    with pytest.raises(InputError, match=r"data.captions.split: .*'灰色背景上有一个红色的方块' would be one word"):
        told(chinese)
    with pytest.raises(InputError, match=r"data.captions.max_words to 14"):
        told(chinese, max_words=10)
    assert told(chinese, split="characters") == []
    assert told(chinese, split="blanks")[0].startswith("2 of 2 captions hold writing that puts no blanks")
    assert told(["灰色 背景 上 有 一个 红色 的 方块"], split="blanks") == []
    (remark,) = told(["A man in front of 天安门 today", "A dog", "猫"])
    assert remark.startswith("1 of 3 captions hold") and "'天安门', which counts as one word" in remark
    with pytest.raises(InputError, match="'红方块' would be one word"):
        told(["红方块", "绿圆盘"])
    assert told(["A dog", "빨간 사각형", "красный круг"]) == []
    config = CaptionedFolder(root=tmp_path, captions={"split": "characters", "min_count": 1})
    spec = config.spec_with(chinese)
    assert spec.target.split == "characters" and "色" in spec.target.vocabulary
