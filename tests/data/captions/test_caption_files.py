"""Images with captions that lie in files: Flickr8k, and a folder of one's own."""

import re

import pytest
from captioned import WORDS, captions_of, sentences, settings, split_sizes, write_table
from conftest import write_image
from pydantic import ValidationError

from lstm_zoo.contracts import InputError
from lstm_zoo.contracts.words import SPECIAL
from lstm_zoo.data.captions.captioned_folder import CaptionedFolder
from lstm_zoo.data.captions.captioned_images import CaptionConfig
from lstm_zoo.data.captions.flickr8k import Flickr8k
from lstm_zoo.data.pipeline.family import Item

# Flickr8k


def write_flickr(root, images="Images", texts=".", end="\n"):
    for number in range(12):
        write_image(root / images / f"{number}_ab.jpg", number)
    lines = [f"{n}_ab.jpg#{turn}\t{text}" for n in range(12) for turn, text in enumerate(sentences(n, 5))]
    (root / texts).mkdir(exist_ok=True)
    (root / texts / "Flickr8k.token.txt").write_bytes(end.join([*lines, ""]).encode())
    for name, numbers in (("train", range(8)), ("dev", (8, 9)), ("test", (10, 11))):
        text = end.join([*(f"{number}_ab.jpg" for number in numbers), ""])
        (root / texts / f"Flickr_8k.{name}Images.txt").write_bytes(text.encode())
    return root


def write_flickr_table(root, name="captions.txt"):
    for number in range(12):
        write_image(root / "Images" / f"{number}_ab.jpg", number)
    rows = [f'{n}_ab.jpg,"{text}"' for turn in range(5) for n in range(12) for text in [sentences(n, 5)[turn]]]
    (root / name).write_text("\n".join(["image,caption", *rows]))
    return root


@pytest.mark.parametrize(
    ("images", "texts", "end"), [("Images", ".", "\n"), ("Flicker8k_Dataset", "Flickr8k_text", "\r\n")]
)
def test_flickr8k_in_its_makers_layout(tmp_path, data_dir, images, texts, end):
    root = write_flickr(tmp_path / "flickr", images, texts, end)
    config = Flickr8k(root=root, **settings(data_dir))
    assert list(config.problems()) == [] and config.bad_files() == []
    splits = config.load()
    assert split_sizes(splits) == {"train": 8, "val": 2, "test": 2}
    for split, numbers in (("train", range(8)), ("val", (8, 9)), ("test", (10, 11))):
        assert captions_of(splits, split) == {f"{number}_ab.jpg": list(sentences(number, 5)) for number in numbers}
    assert splits.counts("val") == {
        "captions": 10,
        "captions cut": 0,
        "words": 70,
        "unknown words": 10,
    }  # eight, nine: not in train
    assert splits.counts("none") == dict.fromkeys(splits.counts("val"), 0)
    (root / texts / "Flickr_8k.devImages.txt").unlink()
    assert split_sizes(config.load()) == {"train": 8, "val": 0, "test": 2}


def test_flickr8k_in_one_table(tmp_path, data_dir):
    root = write_flickr_table(tmp_path)
    config = Flickr8k(root=root, **settings(data_dir, val_fraction=0.25, test_fraction=0.25))
    assert list(config.problems()) == []
    items = config.items()
    assert {split: len(found) for split, found in items.items()} == {"train": 6, "val": 3, "test": 3}
    assert {item.name: item.target for found in items.values() for item in found} == {
        f"{number}_ab.jpg": sentences(number, 5) for number in range(12)
    }
    assert config.items() == items != config.model_copy(update={"split_seed": 1}).items()
    write_image(root / "Images" / "stray.jpg")
    (bad,) = config.bad_files()
    assert bad == ("train", "stray.jpg", "has no caption")
    (root / "Flickr_8k.testImages.txt").write_text("3_ab.jpg\n4_ab.jpg\n")  # the makers' lists go before shares
    assert config.items() == {"test": [Item(f"{n}_ab.jpg", sentences(n, 5)) for n in (3, 4)]}


def test_flickr8k_says_what_is_missing(tmp_path, data_dir):
    def message(root):
        (problem,) = Flickr8k(root=root, **settings(data_dir)).problems()
        assert problem.key == "root"
        return problem.message

    missing = message(tmp_path / "none")
    assert "no folder" in missing and "cannot be downloaded from its makers any more" in missing
    assert "Flickr8k.token.txt" in missing and "captions.txt with the header image,caption" in missing
    assert "has no folder of images; expected root/Images/" in message(tmp_path)
    (tmp_path / "Images").mkdir()
    assert "has no captions; expected root/Images/" in message(tmp_path)
    root = write_flickr(tmp_path)
    token = root / "Flickr8k.token.txt"
    token.write_text(token.read_text() + "no tab here\n")
    assert re.search(r"Flickr8k.token.txt:61: expected name.jpg#0<TAB>caption, got 'no tab here'", message(root))
    for file in root.glob("Flickr_8k.*"):
        file.unlink()
    token.write_text("0_ab.jpg#0\tA dog .\n")
    assert "has none of the lists Flickr_8k.trainImages.txt" in message(root)
    (root / "Flickr_8k.trainImages.txt").write_text("0_ab.jpg\n1_ab.jpg\nnone.jpg\n")
    bad = Flickr8k(root=root, **settings(data_dir)).bad_files()
    assert bad == [("train", "1_ab.jpg", "has no caption"), ("train", "none.jpg", "has no caption")]
    (root / "Flickr_8k.trainImages.txt").write_text("0_ab.jpg\n0_ab.jpg\n")
    assert "0_ab.jpg stands twice in train; once is right" in message(root)
    (root / "Flickr_8k.trainImages.txt").write_text("1_ab.jpg\n")
    assert "no image has a caption" in message(root)


# A folder of one's own


@pytest.fixture
def own_images(tmp_path):
    for number in range(12):
        write_image(tmp_path / "own" / f"set{number % 2}" / f"{number}.png", number)
    return tmp_path / "own"


def test_columns_and_splits_of_a_table(own_images, data_dir, monkeypatch):
    names = [f"set{number % 2}/{number}.png" for number in range(12)]
    parts = ["train"] * 8 + ["VAL"] * 2 + ["test"] * 2
    rows = [f'x{n},"{sentences(n)[turn]}",{parts[n]}, {names[n]}' for turn in (0, 1) for n in range(12)]
    write_table(own_images, rows, "source,text,part,file ")
    columns = {"image": "file", "caption": "text", "split": "part", "group": "source"}
    config = CaptionedFolder(root=own_images, columns=columns, **settings(data_dir))
    assert list(config.problems()) == [] and config.bad_files() == []
    expected = {"train": range(8), "val": (8, 9), "test": (10, 11)}
    for split, numbers in expected.items():
        assert sorted(config.items()[split]) == sorted(Item(names[n], sentences(n), f"x{n}") for n in numbers)
    splits = config.load()
    assert split_sizes(splits) == {"train": 8, "val": 2, "test": 2}
    assert captions_of(splits, "val") == {names[number]: list(sentences(number)) for number in (8, 9)}
    (own_images / "captions.csv").rename(own_images.parent / "elsewhere.csv")
    monkeypatch.chdir(own_images.parent)
    moved = CaptionedFolder(root="own", table="elsewhere.csv", columns=columns, **settings(data_dir))
    assert moved.items() == config.model_copy(update={"table": own_images.parent / "elsewhere.csv"}).items()
    (problem,) = config.problems()
    assert problem.key == "table" and "holds no captions: neither captions.csv" in problem.message


def test_whole_groups_are_dealt_where_no_column_decides(own_images, data_dir):
    rows = [f"set{n % 2}/{n}.png,A picture of {WORDS[n]},g{n // 3}" for n in range(12)]
    write_table(own_images, [*rows, "set0/0.png,Once more,"], "image,caption,group")  # the group is said once
    config = CaptionedFolder(root=own_images, **settings(data_dir, val_fraction=0.25, test_fraction=0.25))
    items = config.items()
    assert {split: len(found) for split, found in items.items()} == {"train": 6, "val": 3, "test": 3}
    for found in items.values():
        assert {item.group for item in found}.isdisjoint(
            item.group for other in items.values() for item in other if other is not found
        )
    (first,) = (item for found in items.values() for item in found if item.name == "set0/0.png")
    assert first == Item("set0/0.png", ("A picture of zero", "Once more"), "g0")
    with pytest.raises(ValidationError, match="leave nothing to train on"):
        CaptionedFolder(root=own_images, val_fraction=0.5, test_fraction=0.5)
    with pytest.raises(ValidationError, match="unknown: path"):
        CaptionedFolder(root=own_images, columns={"path": "file"})


def test_captions_may_hold_anything_that_a_table_can(own_images, data_dir):
    rows = [
        'set0/0.png,"One, two\n  three ""quoted"""',
        f"{own_images}/set0/0.png,Ein Hund und groß\u2028er",
        "",
        " , ",
    ]
    write_table(own_images, [*rows, "set0\\2.png,Windows"])
    items = CaptionedFolder(root=own_images, val_fraction=0, test_fraction=0, **settings(data_dir)).items()["train"]
    captions = {item.name: item.target for item in items if item.target}
    assert captions == {
        "set0/0.png": ('One, two three "quoted"', "Ein Hund und groß er"),
        "set0/2.png": ("Windows",),
    }


@pytest.mark.parametrize(
    ("header", "rows", "columns", "key", "expected"),
    [
        ("image,caption", ["a.png,A", " ,B"], {}, "table", r"captions.csv:3: the column for the image is empty"),
        ("image,caption", [], {}, "table", r"captions.csv holds no captions"),
        ("image,caption,split", ["a.png,A,trian"], {}, "table", r"csv:2: split 'trian' \(did you mean 'train'\?"),
        ("image,caption,split", ["a.png,A,"], {}, "table", r"csv:2: split ''; expected train, val or test"),
        ("image,captoin", ["a.png,A"], {}, "table", r"csv:1: no column 'caption' for the caption \(.*'captoin'\?\)"),
        (
            "file,caption",
            ["a.png,A"],
            {"image": "fil"},
            "columns",
            r"no column 'fil' for the image \(.*'file'\?\); its",
        ),
        (
            "image,caption",
            ["a.png,A"],
            {"split": "part"},
            "columns",
            r"no column 'part' for the split; its columns: im",
        ),
        ("image,caption,caption", ["a.png,A,B"], {}, "table", r"2 columns 'caption'; expected one$"),
        ("image,caption", ["a.png,A", "a.png,one, two"], {}, "table", r"csv:3: 3 fields below 2 columns; a field wi"),
        ("image,caption", ['a.png,"A', "b.png,B"], {}, "table", r"csv:3: unexpected end of data; a quote within"),
        (
            "image,caption,group",
            ["a.png,A,x", "a.png,B,y"],
            {},
            "table",
            r"csv:3: a.png is of group 'y' here, .*'x' in",
        ),
        ("image,caption,split", ["a.png,A,train", "a.png,B,val"], {}, "root", r"a.png stands in both train and val"),
        (
            "image,caption,split,group",
            ["a.png,A,train,x", "b.png,B,test,x"],
            {},
            "root",
            r"group 'x' stands in both train .a.png. and test .b.png.",
        ),
    ],
)
def test_mistakes_of_a_table_are_named(tmp_path, header, rows, columns, key, expected):
    write_table(tmp_path, rows, header)
    config = CaptionedFolder(root=tmp_path, columns=columns)
    (problem,) = config.problems()
    assert problem.key == key and re.search(expected, problem.message)
    with pytest.raises(InputError, match=expected):
        config.load()


def test_bad_files_are_named_and_stop_or_are_counted(own_images, data_dir):
    whole = write_image(own_images / "torn.jpg", 3, size=(60, 60)).read_bytes()
    (own_images / "torn.jpg").write_bytes(whole[: len(whole) * 2 // 3])
    (own_images / "text.jpg").write_text("no image at all")
    (own_images / "empty.png").touch()
    write_image(own_images / "mute.png")
    write_image(own_images / "stray.webp")
    (own_images / "notes.txt").write_text("not an image")
    good = [f"set{n % 2}/{n}.png,A picture of {WORDS[n]},{'train' if n < 8 else 'test'}" for n in range(12)]
    bad = ["torn.jpg,A,train", "text.jpg,A,train", "empty.png,A,test", "none.jpg,A,test"]
    write_table(own_images, [*good, *bad, "mute.png,...,test", "mute.png,,test"], "image,caption,split")
    reasons = {
        ("train", "torn.jpg"): "truncated",
        ("train", "text.jpg"): "is no image that can be read",
        ("test", "empty.png"): "the file is empty (0 bytes)",
        ("test", "none.jpg"): "no such file",
        ("test", "mute.png"): "none of its 2 captions has a word",
        ("train", "stray.webp"): "has no caption",
    }
    config = CaptionedFolder(root=own_images, **settings(data_dir))
    assert list(config.problems()) == []  # they are found when images are read
    found = config.bad_files()
    assert {(file.split, file.name) for file in found} == set(reasons)
    assert all(reasons[file.split, file.name] in file.reason for file in found)
    with pytest.raises(InputError) as caught:
        config.load()
    message = str(caught.value)
    assert "6 images cannot be used" in message and "--set data.on_bad_file=skip" in message
    assert all(f"{name} ({split}): " in message and reason in message for (split, name), reason in reasons.items())
    splits = config.model_copy(update={"on_bad_file": "skip"}).load()
    assert split_sizes(splits) == {"train": 8, "val": 0, "test": 4}
    assert sorted(splits.bad_files) == sorted(found)


def test_images_without_rows_never_make_a_split_of_their_own(own_images, data_dir):
    write_table(own_images, ["set0/0.png,Alone,test"], "image,caption,split")
    splits = CaptionedFolder(root=own_images, on_bad_file="skip", **settings(data_dir)).load()
    assert split_sizes(splits) == {"train": 0, "val": 0, "test": 1} and len(splits.bad_files) == 11
    with pytest.raises(InputError, match=r"there are no train examples; splits with examples: test \(1\)"):
        splits.train_stream(2, seed=0)


def test_changed_files_and_captions_are_prepared_again(own_images, data_dir):
    rows = [f"set{n % 2}/{n}.png,A picture of {WORDS[n]}" for n in range(12)]
    write_table(own_images, rows)
    config = CaptionedFolder(root=own_images, **settings(data_dir))
    first = config.load().fingerprint
    assert config.load().fingerprint == first
    write_image(own_images / "set0" / "0.png", 7)
    second = config.load().fingerprint
    write_table(own_images, [*rows, "set0/0.png,Another one"])
    assert len({first, second, config.load().fingerprint}) == 3


def test_the_vocabulary_is_that_of_the_training_captions(own_images, data_dir):
    rows = ["set0/0.png,A dog. A DOG!,train", "set0/2.png,the so-called cat,train", "set0/4.png,bird bird bird,val"]
    write_table(own_images, rows, "image,caption,split")
    config = CaptionedFolder(root=own_images, on_bad_file="skip", **settings(data_dir))
    assert config.expected_spec().target.vocabulary == (*SPECIAL, "a", "dog", "cat", "socalled", "the")
    often = config.model_copy(update={"captions": CaptionConfig(min_count=2, max_words=3)})
    splits = often.load()
    assert splits.spec == often.expected_spec() and splits.spec.target.vocabulary == (*SPECIAL, "a", "dog")
    assert all(type(word) is str for word in splits.spec.target.vocabulary)
    assert splits.counts("train") == {
        "captions": 2,
        "captions cut": 2,
        "words": 6,
        "unknown words": 3,
    }  # cut to three words each
