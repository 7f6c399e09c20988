"""Folders of lines: which there are, what each says, and which cannot be used."""

import csv
import json

import numpy as np
import pytest
from lined import line_of, write_line
from lstmzoo import lstmzoo
from PIL import Image

from lstm_zoo.contracts import InputError
from lstm_zoo.data.lines.text_lines import TextLinesFolder
from lstm_zoo.data.pipeline.family import Item

LINE = {"height": 16, "pixels_per_step": 2}
ODD = ["007", "NA", "null", "1e5", 'say "yes", no', "a;b", " x\u2028y "]


def folder(root, **options):
    return TextLinesFolder(root=root, **{"line": LINE, **options})


def texts_of(config):
    return {item.name: item.target for items in config.items().values() for item in items}


def mistake(config) -> str:
    with pytest.raises(InputError) as caught:
        config.items()
    return str(caught.value)


@pytest.fixture
def root(tmp_path):
    """Ten lines, `a0b` to `a9b`."""
    for number in range(10):
        write_line(tmp_path, f"page/{number}", f"a{number}b")
    return tmp_path


@pytest.fixture
def with_odd_texts(tmp_path):
    for number, text in enumerate(ODD):
        write_line(tmp_path, f"pictures/{number}", text)
    return tmp_path


def write_table(file, rows, encoding="utf-8", **options):
    with file.open("w", encoding=encoding, newline="") as target:
        csv.writer(target, **options).writerows(rows)
    return file.name


# Files and names


def test_texts_lie_beside_pictures(tmp_path):
    write_line(tmp_path, "book/plain", "one")
    for end in (".nrm", ".bin", ".dew"):
        write_line(tmp_path, f"x{end}", "never read")
        (tmp_path / f"x{end}.gt.txt").rename(tmp_path / f"x{end}.txt")
    (tmp_path / "x.gt.txt").write_bytes("\ufefftw\u006f\u0308\r\n".encode())
    write_line(tmp_path, "y.nrm", "its own")
    (tmp_path / "y.gt.txt").write_text("that of others")
    write_line(tmp_path, ".hidden", "no")
    config = folder(tmp_path)
    assert texts_of(config) == {
        "book/plain.png": "one",
        **{f"x{end}.png": "tw\u00f6" for end in (".bin", ".dew", ".nrm")},
        "y.nrm.png": "its own",
        "y.gt.txt": None,
    }
    (bad,) = config.bad_files()
    assert bad[1:] == ("y.gt.txt", "has no picture beside it")
    (tmp_path / "y.gt.txt").unlink()
    (tmp_path / "book/plain.gt.txt").unlink()
    (bad,) = config.bad_files()
    assert bad[1:] == ("book/plain.png", "has no transcription (gt.txt) beside it")


def test_names_of_pictures_are_texts(tmp_path):
    for text in ("AB12", "7QZ9", "AAB2"):
        write_line(tmp_path, text, text)
    assert texts_of(folder(tmp_path, transcriptions="names")) == {
        f"{text}.png": text for text in ("7QZ9", "AAB2", "AB12")
    }


def test_folders_may_be_splits(tmp_path):
    for name in ("train/1/a", "train/2/a", "val/a", "test/a"):
        write_line(tmp_path, name, "ab")
    items = folder(tmp_path).items()
    assert {split: [item.name for item in found] for split, found in items.items()} == {
        "train": ["train/1/a.png", "train/2/a.png"],
        "val": ["val/a.png"],
        "test": ["test/a.png"],
    }
    write_line(tmp_path, "other/a", "ab")
    assert "other/a.png stands beside the folders test, train, val, which are splits" in mistake(folder(tmp_path))


def test_pictures_of_one_line_never_stand_in_two_splits(tmp_path):
    for number in range(12):
        write_line(tmp_path, f"{number}.nrm", "never read")
        (tmp_path / f"{number}.bin.png").write_bytes((tmp_path / f"{number}.nrm.png").read_bytes())
        (tmp_path / f"{number}.nrm.gt.txt").rename(tmp_path / f"{number}.gt.txt")
    splits = folder(tmp_path, val_fraction=0.3, test_fraction=0.3).items()
    homes = {}
    for split, items in splits.items():
        for item in items:
            assert homes.setdefault(item.name.split(".")[0], split) == split
    assert len(homes) == 12 and sum(map(len, splits.values())) == 24


def test_lines_are_dealt_by_share_and_seed(root):
    config = folder(root, val_fraction=0.2, test_fraction=0.3)
    assert {split: len(items) for split, items in config.items().items()} == {"train": 5, "val": 2, "test": 3}
    assert config.items() == config.model_copy().items() != config.model_copy(update={"split_seed": 1}).items()


def test_scripts_that_run_from_right_to_left_are_refused(tmp_path):
    write_line(tmp_path, "0", "a\u05d0")
    with pytest.raises(InputError, match=r"from right to left \(\u05d0 U\+05D0 HEBREW LETTER ALEF\)"):
        folder(tmp_path, val_fraction=0, test_fraction=0).expected_spec()


def test_an_empty_or_missing_folder_is_told(tmp_path):
    assert "no pictures of lines below" in mistake(folder(tmp_path))
    assert "no folder" in mistake(folder(tmp_path / "none"))


# Tables and lists


def test_all_tables_give_the_same_texts(with_odd_texts):
    root = with_odd_texts
    kept = {"text": {"white_space": "kept"}, "val_fraction": 0.2, "test_fraction": 0.2}
    rows = [(f"pictures/{number}.png", text) for number, text in enumerate(ODD)]
    expected = dict(rows)
    plain = write_table(root / "lines.csv", [("image", "text"), *rows])
    excel = write_table(root / "excel.csv", [("path", "text"), *rows], "utf-8-sig", delimiter=";")
    words = write_table(root / "words.csv", [("filename", "words"), *((root / name, text) for name, text in rows)])
    (root / "list.txt").write_text("".join(f"{name}\t{text}\r\n" for name, text in rows), encoding="utf-8-sig")
    assert texts_of(folder(root, table=plain, **kept)) == expected
    assert texts_of(folder(root, table=excel, columns={"image": "path"}, **kept)) == expected
    columns = {"image": "filename", "text": "words"}
    assert texts_of(folder(root, table=words, columns=columns, **kept)) == expected
    assert texts_of(folder(root, table="list.txt", **kept)) == expected
    assert texts_of(folder(root, **kept)) == expected
    single = texts_of(folder(root, table=plain))
    assert single == {**expected, "pictures/6.png": "x y"}


def test_groups_and_splits_come_from_tables(root):
    rows = [(f"page/{number}.png", f"a{number}b", f"hand {number // 5}") for number in range(10)]
    table = write_table(root / "t.csv", [("image", "text", "group"), *rows])
    items = folder(root, table=table, val_fraction=0, test_fraction=0.5).items()
    assert [{item.group for item in found} for found in items.values()] in (
        [{"hand 0"}, {"hand 1"}],
        [{"hand 1"}, {"hand 0"}],
    )
    assert {item.notes for found in items.values() for item in found} == {"hand 0", "hand 1"}  # scores are by group
    rows = [(*row[:2], "Test" if number > 6 else "train") for number, row in enumerate(rows)]
    items = folder(root, table=write_table(root / "t.csv", [("image", "text", "split"), *rows])).items()
    assert {split: len(found) for split, found in items.items()} == {"train": 7, "test": 3}
    assert items["test"][0] == Item("page/7.png", "a7b")


def test_all_wrong_rows_of_a_table_are_told_at_once(root):
    rows = [("image", "text"), ("page/0.png", "a"), ("page/1.png", "b"), ("page/0.png", "c"), ("page/x.png", "d")]
    table = write_table(root / "t.csv", [*rows, ("page/1.png", "b")])
    message = mistake(folder(root, table=table))
    file = root / table
    assert message.splitlines() == [
        f"data.table: {file}:4: page/0.png stands in {file}:2 already ('a' there, 'c' here); keep one",
        f"  {file}:5: no picture page/x.png below {root}",
        f"  {file}:6: page/1.png stands in {file}:3 already (the same text); keep one",
    ]
    many = write_table(root / "t.csv", [*rows[:2], *((f"{number}.png", "x") for number in range(30))])
    lines = mistake(folder(root, table=many)).splitlines()
    assert len(lines) == 11 and lines[-1] == "  ... and 20 more"


def test_wrong_lists_are_told(root):
    (root / "l.txt").write_text("page/0.png\ta\n\npage/1.png b\n")
    assert f"{root / 'l.txt'}:3: no tab; expected the path of a picture, a tab, and its text" in mistake(
        folder(root, table="l.txt")
    )
    (root / "l.txt").write_text("\n")
    assert "names no line; expected one row a line" in mistake(folder(root, table="l.txt"))
    assert "no file none.csv" in mistake(folder(root, table="none.csv"))
    table = write_table(root / "t.csv", [("image", "words"), ("page/0.png", "a")])
    assert "no column 'text' for the text" in mistake(folder(root, table=table))


# What cannot be used


def write_picture(root, name, height, width, text="a"):
    Image.fromarray(np.resize(line_of("ab"), (height, width))).save(root / f"{name}.png")
    (root / f"{name}.gt.txt").write_text(text)


def test_what_is_no_line_is_told_by_name(root):
    for name, height, width, text in (
        ("speck", 2, 2, "a"),
        ("upright", 60, 20, "a"),
        ("page", 600, 500, "a"),
        ("zeros", 16, 20, "0000"),  # 10 steps, of which it needs 7
        ("ruler", 16, 20, "-" * 6),
        ("fits", 16, 20, "aabbcc7"),  # 7 letters, 3 between equal ones
        ("empty", 16, 20, " \n"),
        ("letter", 40, 20, "a"),
    ):
        write_picture(root, name, height, width, text)
    (root / "torn.png").write_bytes((root / "page/0.png").read_bytes()[:60])
    (root / "torn.gt.txt").write_text("a")
    bad = {file.name: file.reason for file in folder(root).bad_files()}
    assert sorted(bad) == ["empty.png", "page.png", "ruler.png", "speck.png", "torn.png", "upright.png"]
    assert bad["speck.png"] == "is a speck of 2 x 2 pixels, no line"
    assert "stands upright (20 x 60 pixels)" in bad["upright.png"]
    assert "is 500 x 600 pixels, which looks like a page; cut it into lines first" in bad["page.png"]
    assert bad["empty.png"] == "its transcription is empty; write what it says, or leave the line out"
    assert bad["ruler.png"] == (
        "its text needs 11 steps (6 letters, 5 between equal ones), but its 20 pixels make 10; raise "
        "data.line.height, or lower data.line.pixels_per_step"
    )
    wider = folder(root, line={"height": 18, "pixels_per_step": 2})  # as the message says
    assert "ruler.png" not in {file.name for file in wider.bad_files()}


def test_bad_lines_stop_or_are_left_out_and_counted(root, data_dir, capsys):
    write_picture(root, "empty", 16, 20, "")
    write_picture(root, "ruler", 16, 20, "-" * 6)
    config = folder(root, data_dir=data_dir)
    with pytest.raises(InputError) as caught:
        config.load()
    assert "2 lines cannot be used:" in str(caught.value) and "data.on_bad_file=skip" in str(caught.value)
    splits = folder(root, data_dir=data_dir, on_bad_file="skip").load()
    assert sum(splits.size(split) for split in ("train", "val", "test")) == 10
    assert sorted(file.name for file in splits.bad_files) == ["empty.png", "ruler.png"]
    assert "are none of the training texts'" in capsys.readouterr().err


# The alphabet


def test_the_alphabet_is_that_of_the_training_texts(tmp_path, data_dir, capsys):
    for number, text in enumerate(("abc", "a\u017fb", "gru\u0308n")):
        write_line(tmp_path, f"train/{number}", text)
    write_line(tmp_path, "val/0", "abc")
    write_line(tmp_path, "test/0", "a1,1")
    config = folder(tmp_path, data_dir=data_dir)
    target = config.expected_spec().target
    assert target.alphabet == tuple("abcgnr\u00fc\u017f")
    assert target.single_spaces and target.composed and target.pixels_per_step == 2
    splits = config.load()
    assert splits.spec.target == target
    assert capsys.readouterr().err.splitlines()[-1] == (
        "test: 3 of its letters are none of the training texts', each an error: "
        "1 U+0031 DIGIT ONE (2); , U+002C COMMA (1)"
    )
    assert splits.counts("test")["letters unknown"] == 3 and splits.counts("test")["letters"] == 4
    assert splits.counts("train")["\u00fc U+00FC LATIN SMALL LETTER U WITH DIAERESIS"] == 1
    config.load(splits.spec, splits=("test",))  # of a finished run: its evaluation tells
    assert "none of the training" not in capsys.readouterr().err
    decomposed = folder(tmp_path, text={"unicode": "NFD", "white_space": "kept"}).expected_spec().target
    assert "\u0308" in decomposed.alphabet and not decomposed.composed and not decomposed.single_spaces


def test_texts_without_a_letter_are_refused(tmp_path):
    write_line(tmp_path, "train/0", "")
    write_line(tmp_path, "val/0", "a")
    with pytest.raises(InputError, match="the training texts hold no letter"):
        folder(tmp_path).expected_spec()


def test_a_run_s_height_and_steps_stay(root):
    spec = folder(root).expected_spec()
    folder(root).check_like(spec)
    for key, value in (("height", 24), ("pixels_per_step", 4)):
        with pytest.raises(InputError, match=f"data.line.{key}: is {value}, but the run was trained with {LINE[key]}"):
            folder(root, line={**LINE, key: value}).check_like(spec)


def test_prepared_lines_are_those_of_the_files_and_the_height(root):
    config = folder(root)
    key = config.source_key(config.items())
    varied = folder(root, line={**LINE, "augment": {"slant": 0.1}})
    assert varied.source_key(varied.items()) == key and varied.varies and not config.varies
    assert folder(root, line={**LINE, "height": 20}).source_key(config.items()) != key
    write_line(root, "page/3", "a3b", shown="longer")
    assert config.source_key(config.items()) != key


def test_the_command_line_names_lines_and_letters(root, data_dir):
    write_picture(root, "ruler", 16, 20, "-" * 6)
    recipe = ["--config", "smoke/crnn.yaml", "--set", f"data={{kind: text_lines, root: '{root}', line: {LINE}}}"]
    found = json.loads(lstmzoo("data", "check", *recipe, "--json", status=2).stdout)
    assert [file["name"] for file in found["bad_files"]] == ["ruler.png"]
    skipping = [*recipe, "--set", "data.on_bad_file=skip", "--set", f"data.data_dir={data_dir}"]
    told = lstmzoo("data", "info", *skipping).stdout
    assert "a U+0061 LATIN SMALL LETTER A" in told and "1 files left out: ruler.png" in told


def test_a_text_that_cannot_be_read_is_its_line_s_failure(tmp_path):
    for name, content in {"a": b"whole", "b": b"\xff\xfenot \xe9", "c": "zero µm".encode()}.items():
        Image.new("L", (200, 48)).save(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.gt.txt").write_bytes(content.replace(b"zero", b"\0 ro") if name == "c" else content)
    config = TextLinesFolder(root=tmp_path, val_fraction=0, test_fraction=0)
    texts = {item.name: item.target for item in config.items()["train"]}
    assert texts == {"a.png": "whole", "b.png": None, "c.png": "\0 ro µm"}  # one zero makes no UTF-16
    (bad,) = config.bad_files()
    assert bad.name == "b.png" and "b.gt.txt:1: is not UTF-8 text" in bad.reason
