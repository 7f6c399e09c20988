import io
import json
import os
import re

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from conftest import picture, write_image
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from lstm_zoo.contracts import InputError, Spec
from lstm_zoo.data import Data, captioned_shapes, coco_captions, downloads, records
from lstm_zoo.data.captioned_folder import CaptionedFolder
from lstm_zoo.data.captioned_shapes import CaptionedShapes
from lstm_zoo.data.captions import CaptionConfig, ImageConfig, Photo, check_photos
from lstm_zoo.data.coco_captions import CocoCaptions
from lstm_zoo.data.flickr8k import Flickr8k
from lstm_zoo.data.photos import eval_photo
from lstm_zoo.data.shape_captions import COLOURS, SHAPES, Thing, from_json, is_right, judge, peak_of, relation, to_json
from lstm_zoo.data.vocabulary import build_vocabulary, number_words
from lstm_zoo.words import END, PADDING, SPECIAL, UNKNOWN, words_of

SIDE = 16
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")


def sentences(number, count=2):
    return tuple(f"Picture {WORDS[number]}, seen for the {WORDS[turn]} time ." for turn in range(count))


def settings(data_dir, **options):
    image = ImageConfig(size=SIDE, augment=options.pop("augment", {}))
    captions = CaptionConfig(max_words=8, min_count=1, per_image=options.pop("per_image", 3))
    return {"data_dir": data_dir, "image": image, "captions": captions, **options}


def split_sizes(splits):
    return {split: splits.size(split) for split in ("train", "val", "test")}


def shown(dataset, batches):
    """Return some batches of a training stream as (pixels, captions)."""
    found = []
    for (pixels, captions), targets in dataset.take(batches).as_numpy_iterator():
        np.testing.assert_array_equal(captions, targets)
        found.append((pixels.copy(), captions.copy()))
    return found


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
    config = TypeAdapter(Data).validate_python({"kind": "flickr8k", "root": root, **settings(data_dir)})
    assert list(config.problems()) == [] and config.bad_files() == []
    splits = config.load()
    assert split_sizes(splits) == {"train": 8, "val": 2, "test": 2}
    for split, numbers in (("train", range(8)), ("val", (8, 9)), ("test", (10, 11))):
        captions = dict(zip(splits.names(split), splits.targets(split), strict=True))
        assert captions == {f"{number}_ab.jpg": list(sentences(number, 5)) for number in numbers}
    assert splits.counts("val") == {
        "captions": 10,
        "captions cut": 0,
        "words": 70,
        "unknown words": 10,
    }  # eight, nine: not in train
    (root / texts / "Flickr_8k.devImages.txt").unlink()
    assert split_sizes(config.load()) == {"train": 8, "val": 0, "test": 2}


def test_flickr8k_in_one_table(tmp_path, data_dir):
    root = write_flickr_table(tmp_path)
    config = Flickr8k(root=root, **settings(data_dir, val_fraction=0.25, test_fraction=0.25))
    assert list(config.problems()) == []
    photos = config.photos()
    assert {split: len(found) for split, found in photos.items()} == {"train": 6, "val": 3, "test": 3}
    assert {photo.name: photo.captions for found in photos.values() for photo in found} == {
        f"{number}_ab.jpg": sentences(number, 5) for number in range(12)
    }
    assert config.photos() == photos != config.model_copy(update={"split_seed": 1}).photos()
    write_image(root / "Images" / "stray.jpg")
    (bad,) = config.bad_files()
    assert bad == ("train", "stray.jpg", "has no caption")
    (root / "Flickr_8k.testImages.txt").write_text("3_ab.jpg\n4_ab.jpg\n")  # the makers' lists go before shares
    assert config.photos() == {"test": [Photo(f"{n}_ab.jpg", sentences(n, 5)) for n in (3, 4)]}


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


# A folder of one's own


def write_table(root, rows, header="image,caption"):
    root.mkdir(parents=True, exist_ok=True)
    (root / "captions.csv").write_text("\n".join([header, *rows]), encoding="utf-8-sig")
    return root


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
        assert sorted(config.photos()[split]) == sorted(Photo(names[n], sentences(n), f"x{n}") for n in numbers)
    splits = config.load()
    assert split_sizes(splits) == {"train": 8, "val": 2, "test": 2}
    assert dict(zip(splits.names("val"), splits.targets("val"), strict=True)) == {
        names[number]: list(sentences(number)) for number in (8, 9)
    }
    (own_images / "captions.csv").rename(own_images.parent / "elsewhere.csv")
    monkeypatch.chdir(own_images.parent)
    moved = CaptionedFolder(root="own", table="elsewhere.csv", columns=columns, **settings(data_dir))
    assert moved.photos() == config.model_copy(update={"table": own_images.parent / "elsewhere.csv"}).photos()
    (problem,) = config.problems()
    assert problem.key == "table" and "no file captions.csv, neither from the working directory" in problem.message


def test_whole_groups_are_dealt_where_no_column_decides(own_images, data_dir):
    rows = [f"set{n % 2}/{n}.png,A picture of {WORDS[n]},g{n // 3}" for n in range(12)]
    write_table(own_images, [*rows, "set0/0.png,Once more,"], "image,caption,group")  # the group is said once
    config = CaptionedFolder(root=own_images, **settings(data_dir, val_fraction=0.25, test_fraction=0.25))
    photos = config.photos()
    assert {split: len(found) for split, found in photos.items()} == {"train": 6, "val": 3, "test": 3}
    for found in photos.values():
        assert {photo.group for photo in found}.isdisjoint(
            photo.group for other in photos.values() for photo in other if other is not found
        )
    (first,) = (photo for found in photos.values() for photo in found if photo.name == "set0/0.png")
    assert first == ("set0/0.png", ("A picture of zero", "Once more"), "g0", "")
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
    photos = CaptionedFolder(root=own_images, val_fraction=0, test_fraction=0, **settings(data_dir)).photos()["train"]
    captions = {photo.name: photo.captions for photo in photos if photo.captions}
    assert captions == {
        "set0/0.png": ('One, two three "quoted"', "Ein Hund und groß er"),
        "set0/2.png": ("Windows",),
    }


@pytest.mark.parametrize(
    ("header", "rows", "columns", "key", "expected"),
    [
        ("image,caption", ["a.png,A", " ,B"], {}, "table", r"captions.csv:3: the image is empty"),
        ("image,caption", [], {}, "table", r"captions.csv holds no captions"),
        ("image,caption,split", ["a.png,A,training"], {}, "table", r"csv:2: split 'training' \(did you mean 'train'\?"),
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
            r"group 'x' stands in both train and test",
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
    write_table(own_images, [*good, *bad, "mute.png,One,test", "mute.png, .,test"], "image,caption,split")
    reasons = {
        ("train", "torn.jpg"): "truncated",
        ("train", "text.jpg"): "is no image that can be read",
        ("test", "empty.png"): "the file is empty (0 bytes)",
        ("test", "none.jpg"): "no such file",
        ("test", "mute.png"): "its caption 2 of 2 has no words",
        ("train", "stray.webp"): "has no caption",
    }
    config = CaptionedFolder(root=own_images, **settings(data_dir))
    assert list(config.problems()) == []  # they are found when images are read
    found = config.bad_files()
    assert {(file.split, file.name) for file in found} == set(reasons)
    assert all(reasons[file.split, file.name] in file.reason for file in found)
    with pytest.raises(InputError) as caught:
        config.load()
    message = caught.value.message
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


@pytest.mark.parametrize(
    ("photos", "expected"),
    [
        ({"train": [Photo("a", ("A",))], "val": [Photo("a", ("B",))]}, "a stands in both train and val; scores would"),
        (
            {"train": [Photo("a", ("A",), "x")], "test": [Photo("b", ("B",), "x")]},
            "group 'x' stands in both train and test",
        ),
        ({"train": [Photo("a", ("A",)), Photo("a", ("A",))]}, "a stands twice in train; once is right"),
        ({"train": [Photo("a", ())], "val": []}, "no image has a caption"),
    ],
)
def test_images_in_two_places_are_refused(photos, expected):
    with pytest.raises(InputError, match=expected):
        check_photos(photos)
    check_photos({"train": [Photo("a", ("A",), "x"), Photo("b", (), "x")], "val": [Photo("x", ("A",))]})


# COCO


def write_coco(root, year=2014):
    (root / "annotations").mkdir(parents=True)
    for split, numbers in (("train", range(6)), ("val", range(6, 12))):
        folder = f"{split}{year}"
        content = {
            "images": [{"id": 100 + n, "file_name": f"{n:012d}.jpg", "height": 28} for n in numbers],
            "annotations": [
                {"image_id": 100 + n, "id": 10 * n + turn, "caption": f" {text}\n"}
                for turn in (0, 1)
                for n in reversed(numbers)
                for text in [sentences(n)[turn]]
            ],
        }
        (root / "annotations" / f"captions_{folder}.json").write_text(json.dumps(content))
        for number in numbers:
            write_image(root / folder / f"{number:012d}.jpg", number)
    return root


def write_karpathy(root):
    parts = ["train"] * 6 + ["restval"] * 2 + ["val"] * 2 + ["test"] * 2
    images = [
        {
            "filepath": "train2014" if number < 6 else "val2014",
            "filename": f"{number:012d}.jpg",
            "split": part,
            "sentences": [{"raw": text, "tokens": text.split()} for text in sentences(number)],
            "cocoid": 100 + number,
        }
        for number, part in enumerate(parts)
    ]
    (root / "dataset_coco.json").write_text(json.dumps({"images": images, "dataset": "coco"}))


@pytest.mark.parametrize("year", [2014, 2017])
def test_coco_by_its_own_files(tmp_path, data_dir, year):
    config = CocoCaptions(root=write_coco(tmp_path, year), year=year, **settings(data_dir))
    assert list(config.problems()) == [] and config.bad_files() == []
    splits = config.load()
    assert split_sizes(splits) == {"train": 6, "val": 3, "test": 3}
    assert all(name.startswith(f"train{year}/") for name in splits.names("train"))
    assert sorted(splits.names("val") + splits.names("test")) == [f"val{year}/{n:012d}.jpg" for n in range(6, 12)]
    for split in ("train", "val", "test"):
        for name, captions in zip(splits.names(split), splits.targets(split), strict=True):
            assert captions == list(sentences(int(name[-6:-4])))
    dealt = [{photo.name for photo in config.model_copy(update={"split_seed": n}).photos()["val"]} for n in range(3)]
    assert dealt[0] == set(splits.names("val")) and len(set(map(frozenset, dealt))) > 1


def test_coco_by_karpathys_file(tmp_path, data_dir):
    root = write_coco(tmp_path)
    write_karpathy(root)
    config = CocoCaptions(root=root, karpathy="dataset_coco.json", **settings(data_dir))
    assert list(config.problems()) == []
    splits = config.load()
    assert split_sizes(splits) == {"train": 8, "val": 2, "test": 2}  # restval counts as train
    assert sorted(splits.names("val")) == ["val2014/000000000008.jpg", "val2014/000000000009.jpg"]
    assert sorted(splits.targets("test")) == sorted(list(sentences(number)) for number in (10, 11))
    assert {"six", "seven"} <= set(splits.spec.vocabulary) and "eight" not in splits.spec.vocabulary


def test_big_files_are_parsed_once(tmp_path, data_dir, monkeypatch):
    root = write_coco(tmp_path)
    write_karpathy(root)
    parsed, loads = [], json.loads
    monkeypatch.setattr(coco_captions.json, "loads", lambda text: parsed.append(len(text)) or loads(text))
    for options, files in (({}, 2), ({"karpathy": "dataset_coco.json"}, 1)):
        config = CocoCaptions(root=root, **settings(data_dir, **options))
        parsed.clear()
        for _ in range(3):
            config.expected_spec()
        assert len(parsed) == files
    os.utime(root / "dataset_coco.json", (1, 1))  # another state of the file
    config.expected_spec()
    assert len(parsed) == 2


def test_mistakes_of_a_copy_of_coco_are_named(tmp_path, data_dir):
    def message(**options):
        (problem,) = CocoCaptions(**{"root": tmp_path, **options}).problems()
        return f"{problem.key}: {problem.message}"

    file = write_coco(tmp_path) / "annotations" / "captions_train2014.json"
    assert re.search(
        r"^root: .*has neither captions_train2017.json nor captions_val2017.json; it holds captions_train2014.json",
        message(year=2017),
    )
    assert message(karpathy="splits.json").startswith("karpathy: no file splits.json, neither")
    assert message(root=None, karpathy="splits.json").startswith("karpathy: is for a local copy")
    assert message(root=None, year=2017).startswith("year: TFDS has captions of 2014, not of 2017")
    (tmp_path / "splits.json").write_text(json.dumps({"images": [{"filepath": "a", "filename": "b", "sentences": []}]}))
    assert re.search(
        r'splits.json: expected .*"filepath".*restval.*; KeyError: .split', message(karpathy="splits.json")
    )
    (tmp_path / "train2014").rename(tmp_path / "train")
    assert "has no folder train2014; expected it beside annotations/" in message()
    content = json.loads(file.read_text())
    content["annotations"][0]["image_id"] = 7
    file.write_text(json.dumps(content))
    assert "captions_train2014.json has captions of image 7, which is not among its images" in message()
    file.write_text('{"images": [],\n')
    assert re.search(r"captions_train2014.json:2: is no JSON \(.*\); expected", message())


class FakeCoco(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """A few pictures with the features and splits of TFDS's own `coco_captions`."""

    name = "fake_coco"
    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        found = {
            "image": tfds.features.Image(encoding_format="jpeg"),
            "image/filename": tfds.features.Text(),
            "image/id": np.int64,
            "captions": tfds.features.Sequence({"text": np.str_, "id": np.int64}),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(found))

    def _split_generators(self, dl_manager):
        parts = {"train": range(5), "restval": range(5, 8), "val": (8, 9), "test": (10, 11)}
        return {split: self._generate_examples(numbers) for split, numbers in parts.items()}

    def _generate_examples(self, numbers):
        for number in numbers:
            buffer = io.BytesIO()
            picture(number).save(buffer, "JPEG")
            captions = [{"text": text, "id": turn} for turn, text in enumerate(sentences(number))]
            yield (
                number,
                {
                    "image": io.BytesIO(buffer.getvalue()),
                    "image/filename": f"{number}.jpg",
                    "image/id": number,
                    "captions": captions,
                },
            )


def test_coco_as_tfds_has_it(tmp_path, data_dir, monkeypatch):
    monkeypatch.setattr(downloads, "tfds_builder", lambda name, data_dir: FakeCoco(data_dir=data_dir))
    config = CocoCaptions(**settings(tmp_path))
    assert list(config.problems()) == []
    with pytest.raises(InputError, match="not made of files of yours"):
        config.bad_files()
    with pytest.raises(InputError, match="run `lstmzoo data prepare` with this recipe first"):
        config.expected_spec()
    splits = config.load()
    spec = config.expected_spec()
    assert split_sizes(splits) == {"train": 8, "val": 2, "test": 2} and splits.spec == spec
    assert {"four", "seven"} <= set(spec.vocabulary) and "eight" not in spec.vocabulary
    for split in ("train", "val", "test"):
        for name, captions in zip(splits.names(split), splits.targets(split), strict=True):
            assert captions == list(sentences(int(name.removesuffix(".jpg"))))
    (first, *_) = splits.eval_stream("train", 8).as_numpy_iterator()
    for name, pixels in zip(splits.names("train"), first[0][0], strict=True):
        file = write_image(tmp_path / name, int(name.removesuffix(".jpg")))
        np.testing.assert_array_equal(pixels, config.read(file, spec).inputs[0])
    assert len(np.concatenate([captions for _, captions in shown(splits.train_stream(3, seed=0), 3)])) == 8
    like = Spec(input_shape=(9, 9, 3), vocabulary=(*SPECIAL, "picture"), max_words=5)
    known = config.load(like)
    assert known.spec.vocabulary == like.vocabulary and known.spec.input_shape == (SIDE, SIDE, 3)


def test_coco_that_cannot_be_downloaded_says_what_to_do(tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("connection refused")

    monkeypatch.setattr(tfds.download.DownloadManager, "download_and_extract", fail)
    config = CocoCaptions(data_dir=tmp_path)
    with pytest.raises(InputError, match=r"connection refused.*copy it to .*, or set data.root to a copy") as caught:
        config.load()
    assert caught.value.key == "data.root" and "ffmpeg" not in caught.value.message


def test_a_sum_of_splits_has_a_size(tmp_path):
    builder = FakeCoco(data_dir=tmp_path)
    builder.download_and_prepare()
    sizes = {split: records.stored_bytes(builder, split) for split in ("train", "restval", "train+restval")}
    assert sizes["train+restval"] == sizes["train"] + sizes["restval"] and min(sizes.values()) > 1000


# Streams


@pytest.fixture(scope="module")
def varied_root(tmp_path_factory):
    """Images of which one has seven captions, one has one, and all others have two; eight are to train on."""
    root = tmp_path_factory.mktemp("varied")
    counts = {0: 7, 1: 1}
    rows = [
        f'{n}.png,"{text}",{"train" if n < 8 else "val"}' for n in range(12) for text in sentences(n, counts.get(n, 2))
    ]
    for number in range(12):
        write_image(root / f"{number}.png", number)
    return write_table(root, rows, "image,caption,split")


@pytest.fixture
def varied(varied_root, data_dir):
    return lambda **options: CaptionedFolder(root=varied_root, **settings(data_dir, **options))


def test_evaluation_sees_the_files_as_they_are(varied, varied_root, tmp_path):
    config = varied()
    splits = config.load()
    for split in ("train", "val"):
        pixels = np.concatenate([inputs[0] for inputs, _ in splits.eval_stream(split, 5).as_numpy_iterator()])
        assert pixels.shape == (splits.size(split), SIDE, SIDE, 3) and pixels.dtype == np.uint8
        for name, image in zip(splits.names(split), pixels, strict=True):
            file = varied_root / name
            np.testing.assert_array_equal(image, eval_photo(file.read_bytes(), SIDE).numpy())
            np.testing.assert_array_equal(image, config.read(file, splits.spec).inputs[0])
            encoded = tf.constant([file.read_bytes()])
            np.testing.assert_array_equal(image, config.from_encoded(splits.spec)(encoded)[0])
    views = config.read(varied_root / "0.png", splits.spec)
    assert len(views.windows) == 0 and len(views.times) == 0
    assert len(config.files_below(varied_root)) == 12
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(InputError, match=r"text.jpg: is no image that can be read"):
        config.read(tmp_path / "text.jpg", splits.spec)


@pytest.mark.parametrize(
    "options", [{"size": (150, 60)}, {"exif": 6}, {"mode": "CMYK"}], ids=["large", "turned", "printed"]
)
def test_a_file_is_read_as_it_is_stored(tmp_path, data_dir, options):
    exif = Image.Exif()
    exif[0x0112] = options.get("exif", 1)
    for number in range(2):
        one = picture(number, options.get("size", (36, 28))).convert(options.get("mode", "RGB"))
        one.save(tmp_path / f"{number}.jpg", exif=exif)
    write_table(tmp_path, ["0.jpg,A,train", "1.jpg,B,val"], "image,caption,split")
    config = CaptionedFolder(root=tmp_path, **settings(data_dir))
    splits = config.load()
    for split, name in (("train", "0.jpg"), ("val", "1.jpg")):
        (((pixels, _), _),) = splits.eval_stream(split, 2).as_numpy_iterator()
        np.testing.assert_array_equal(pixels[0], config.read(tmp_path / name, splits.spec).inputs[0])


def test_captions_are_numbered_as_the_vocabulary_says(varied):
    splits = varied().load()
    vocabulary = splits.spec.vocabulary
    assert vocabulary[: len(SPECIAL)] == SPECIAL and splits.spec.max_words == 8
    for split in ("train", "val"):
        rows = np.concatenate([captions for _, captions in splits.eval_stream(split, 5).as_numpy_iterator()])
        assert rows.shape == (splits.size(split), 3, 8) and rows.dtype == np.int32
        for texts, numbers in zip(splits.targets(split), rows, strict=True):
            for text, row in zip(texts[:3], numbers, strict=False):
                words = text.lower().replace(",", "").replace(" .", "").split()
                expected = [vocabulary.index(word) if word in vocabulary else UNKNOWN for word in words]
                assert row.tolist() == [*expected, END, *[PADDING] * (7 - len(words))]
                assert words_of(row, vocabulary) == [w if w in vocabulary else "[UNK]" for w in words]
            assert (numbers[len(texts) :] == PADDING).all()
        if split == "val":
            assert (rows == UNKNOWN).any()  # the pictures' own numbers


def test_training_depends_on_seed_and_epoch_alone(varied):
    config = varied(augment={"flip": True})
    splits = config.load()
    assert splits.augmented and not varied().load().augmented
    stream = shown(splits.train_stream(3, seed=1), 6)
    assert [len(pixels) for pixels, _ in stream] == [3, 3, 2, 3, 3, 2]
    orders = []
    for epoch in (0, 1):
        pixels = np.concatenate([pixels for pixels, _ in stream[3 * epoch : 3 * epoch + 3]])
        captions = np.concatenate([captions for _, captions in stream[3 * epoch : 3 * epoch + 3]])
        order = [number_of(image) for image in pixels]
        assert sorted(order) == list(range(8))
        orders.append(order)
        stored = [int(name[:-4]) for name in splits.names("train")]
        rows = np.array([stored.index(number) for number in order])
        np.testing.assert_array_equal(captions, splits.supervision("train", epoch, rows)[1])
    assert orders[0] != orders[1]
    tf.random.set_seed(99)  # no hidden global generator
    for one, again in zip(stream[3:], shown(config.load().train_stream(3, seed=1, first_epoch=1), 3), strict=True):
        np.testing.assert_array_equal(one[0], again[0])
        np.testing.assert_array_equal(one[1], again[1])
    other = shown(splits.train_stream(8, seed=2), 1)[0][0]
    assert [number_of(image) for image in other] != orders[0]
    full = shown(splits.train_stream(3, seed=1, drop_remainder=True), 4)
    assert [len(pixels) for pixels, _ in full] == [3] * 4


def number_of(image):
    """Return which picture it is, from its blue."""
    return round(np.median(image[..., 2]) / 20)


def test_views_of_an_epoch_are_what_its_stream_shows(varied):
    splits = varied(augment={"flip": True}).load()
    views = shown(splits.train_views(5, seed=3, epoch=1), 9)
    stream = shown(splits.train_stream(8, seed=3, first_epoch=1), 1)
    sides = [
        sorted(
            (image.tobytes(), rows.tobytes())
            for images, captions in found
            for image, rows in zip(images, captions, strict=True)
        )
        for found in (views, stream)
    ]
    assert sides[0] == sides[1]
    names = [number_of(image) for images, _ in views for image in images]
    assert names == [int(name[:-4]) for name in splits.names("train")]


def test_many_captions_take_turns_and_few_are_padded(varied):
    splits = varied().load()
    many, one = splits.names("train").index("0.png"), splits.names("train").index("1.png")
    every = number_words(sentences(0, 7), splits.spec.vocabulary, 8)
    for epoch, turns in enumerate([(0, 1, 2), (3, 4, 5), (6, 0, 1), (2, 3, 4)]):
        (further,), targets = splits.supervision("train", epoch)
        np.testing.assert_array_equal(further, targets)
        np.testing.assert_array_equal(targets[many], every[list(turns)])
        assert (targets[one][0] != PADDING).any() and (targets[one][1:] == PADDING).all()


@pytest.mark.parametrize("augment", [{"flip": True}, {}], ids=["flipped", "plain"])
def test_pixels_are_the_same_whether_kept_decoded_or_not(varied, monkeypatch, augment):
    kept = varied(augment=augment).load()
    assert kept._fits("train")
    stream = shown(kept.train_stream(3, seed=1), 6)
    monkeypatch.setattr("lstm_zoo.data.caption_reading.DECODED_BYTES", 0)
    read = varied(augment=augment).load()
    assert not read._fits("train")
    for one, other in zip(stream, shown(read.train_stream(3, seed=1), 6), strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
    (((pixels, _), _),) = read.eval_stream("val", 4).as_numpy_iterator()
    np.testing.assert_array_equal(pixels, next(kept.eval_stream("val", 4).as_numpy_iterator())[0][0])


def test_crops_show_parts_that_vary(varied):
    splits = varied(augment={"crop_scale": (0.3, 0.6)}).load()
    views = [shown(splits.train_views(8, seed=0, epoch=epoch), 1)[0][0] for epoch in (0, 0, 1)]
    np.testing.assert_array_equal(views[0], views[1])
    assert views[0].shape == (8, SIDE, SIDE, 3) and not np.array_equal(views[0], views[2])


# Words


def test_the_vocabulary_is_that_of_the_training_captions(own_images, data_dir):
    rows = ["set0/0.png,A dog. A DOG!,train", "set0/2.png,the so-called cat,train", "set0/4.png,bird bird bird,val"]
    write_table(own_images, rows, "image,caption,split")
    config = CaptionedFolder(root=own_images, on_bad_file="skip", **settings(data_dir))
    assert config.expected_spec().vocabulary == (*SPECIAL, "a", "dog", "cat", "socalled", "the")
    often = config.model_copy(update={"captions": CaptionConfig(min_count=2, max_words=3)})
    splits = often.load()
    assert splits.spec == often.expected_spec() and splits.spec.vocabulary == (*SPECIAL, "a", "dog")
    assert all(type(word) is str for word in splits.spec.vocabulary)
    assert splits.counts("train") == {
        "captions": 2,
        "captions cut": 2,
        "words": 6,
        "unknown words": 3,
    }  # cut to three words each


def test_a_finished_run_keeps_its_vocabulary(varied):
    like = Spec(input_shape=(99, 99, 3), vocabulary=(*SPECIAL, "time", "picture"), max_words=5)
    splits = varied().load(like)
    assert splits.spec == like.model_copy(update={"input_shape": (SIDE, SIDE, 3)})
    rows = splits.supervision("train")[1]
    assert rows.shape == (8, 3, 5)
    assert rows[0, 0].tolist() == [5, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]  # cut, so there is no end
    assert splits.fingerprint != varied().load().fingerprint


def test_captions_become_numbers_and_words_again():
    captions = ["A man's dog, running.", "a dog", "", "[start] dog [end]"]
    vocabulary = build_vocabulary(captions, min_count=2)
    assert vocabulary == (*SPECIAL, "dog", "a")
    np.testing.assert_array_equal(
        number_words(captions, vocabulary, 4), [[5, 1, 4, 1], [5, 4, END, 0], [END, 0, 0, 0], [1, 4, 1, END]]
    )
    assert words_of([5, 4, END, 0], vocabulary) == ["a", "dog"]
    assert build_vocabulary([], 1) == build_vocabulary(["", " . "], 1) == SPECIAL


# Captioned shapes


@pytest.fixture(scope="module")
def shapes(data_dir):
    options = settings(data_dir, num_train=60, num_val=4, num_test=4, num_captions=5)
    return CaptionedShapes(**options)


def test_captioned_shapes_write_right_captions(shapes):
    photos = [photo for found in shapes.photos().values() for photo in found]
    assert len({photo.name for photo in photos}) == 68 and {len(photo.captions) for photo in photos} == {5}
    sizes = set()
    for photo in photos:
        things = from_json(photo.scene)
        assert to_json(things) == photo.scene
        sizes.add(len(things))
        for caption in photo.captions:
            assert is_right(caption, things)
            for wrong in spoiled(caption, things):
                assert not is_right(wrong, things), wrong
    assert sizes == {2, 3}


def spoiled(caption, things):
    """Yield captions that are wrong in one respect."""
    words = caption.split()
    others = {**following(COLOURS), **following(SHAPES), "small": "large", "large": "small"}
    others |= {"above": "below", "over": "under", "below": "above", "under": "over", "left": "right", "right": "left"}
    for place, word in enumerate(words):
        if word in others:
            yield " ".join([*words[:place], others[word], *words[place + 1 :]])
    head, *rest = caption.split(" and ")
    if rest:
        yield head  # the third thing is missing
        yield f"{head} and {rest[0]} and {rest[0]}"
        clause = re.search(r"(above|over|below|under|(to the )?(left|right) of) .*", head)
        yield f"{head} and {clause[0]}"  # the second thing is named twice
    else:
        clause = re.search(r"(above|over|below|under|(to the )?(left|right) of) .*", head)
        yield f"{head} and {clause[0]}"
        yield head[: clause.start()].strip()
    yield caption + " ."
    yield ""


def following(names):
    names = list(names)
    return dict(zip(names, names[1:] + names[:1], strict=True))


def test_captioned_shapes_are_made_by_their_seed(shapes, monkeypatch):
    photos = shapes.photos()
    captioned_shapes._written.cache_clear()
    assert shapes.photos() == photos
    other = shapes.model_copy(update={"seed": 1})
    assert {p.scene for p in other.photos()["train"]}.isdisjoint(p.scene for p in photos["train"])
    assert {p.scene for p in photos["val"]}.isdisjoint(p.scene for p in photos["train"])
    fewer = shapes.model_copy(update={"num_train": 5, "num_captions": 2})
    assert [p.scene for p in fewer.photos()["train"]] == [p.scene for p in photos["train"][:5]]
    first = photos["train"][0]
    assert shapes.read_photo(first) == shapes.read_photo(first) != other.read_photo(first)


def test_captioned_shapes_draw_what_they_say(shapes):
    splits = shapes.load()
    assert split_sizes(splits) == {"train": 60, "val": 4, "test": 4} and splits.spec == shapes.expected_spec()
    photos = {photo.name: photo for photo in shapes.photos()["test"]}
    for name, captions in zip(splits.names("test"), splits.targets("test"), strict=True):
        assert tuple(captions) == photos[name].captions
        drawn = np.asarray(Image.open(io.BytesIO(shapes.read_photo(photos[name])))).astype(int)
        for thing in from_json(photos[name].scene):
            column, row = (int(share * 64) for share in thing.centre)
            assert np.abs(drawn[row, column] - COLOURS[thing.colour]).max() < 60
    with pytest.raises(InputError, match="not made of files of yours"):
        shapes.bad_files()
    rows = splits.supervision("test")[1][:, 0]
    assert splits.judge("test", {"words": rows})["right"] < 1  # cut to eight words
    long = shapes.model_copy(update={"captions": CaptionConfig(max_words=30, min_count=1, per_image=1)}).load()
    assert long.judge("test", {"words": long.supervision("test")[1][:, 0]}) == {"right": 1.0}


def thing(left, top, side=0.2, size="small", colour="red", shape="circle"):
    return Thing(size, colour, shape, (left, top, left + side, top + side))


def test_relations_need_one_axis_that_is_clearly_longer():
    middle = thing(0.4, 0.4)
    assert relation(thing(0.1, 0.45), middle) == "left" and relation(middle, thing(0.1, 0.45)) == "right"
    assert relation(thing(0.35, 0.0), middle) == "above" and relation(middle, thing(0.35, 0.0)) == "below"
    assert relation(thing(0.7, 0.7), middle) is None and relation(thing(0.7, 0.65), middle) is None
    assert relation(thing(0.7, 0.6), middle) == "right"  # 0.3 by 0.2


def test_the_peak_of_attention_is_a_place_in_the_picture():
    weights = np.zeros(9)
    weights[5] = 0.7
    assert peak_of(weights) == pytest.approx((5 / 6, 1 / 2))  # second row, third column
    assert peak_of(np.array([0.1, 0.2, 0.6, 0.1])) == (0.25, 0.75)


def test_captions_and_attention_are_judged():
    things = [thing(0.05, 0.1), thing(0.6, 0.15, side=0.33, size="large", colour="blue", shape="square")]
    scenes = [to_json(things)] * 3
    captions = [
        "a small red circle is left of a large blue square".split(),
        "a small red circle is right of a large blue square".split(),
        "a small green circle is left of a".split(),
    ]
    assert judge(scenes, captions, None) == {"right": pytest.approx(1 / 3)}
    attention = np.zeros((3, 12, 4))
    attention[:, :, 0] = 0.4  # above on the left: the circle
    attention[0, 10, 1] = 0.9  # above on the right: the square, at its own word
    found = judge(scenes, captions, attention)
    # Named are circle, square; circle, square (looked for at the circle); a green circle that is not there.
    assert found == {"right": pytest.approx(1 / 3), "looks_right": pytest.approx(3 / 5)}
    assert judge(scenes[:1], [["dog"]], attention[:1]) == {"right": 0.0, "looks_right": 0.0}
