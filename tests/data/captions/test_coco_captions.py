"""COCO, from a local copy and as TFDS has it."""

import io
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from captioned import captions_of, sentences, settings, shown, split_sizes
from conftest import picture, write_image

from lstm_zoo.contracts import InputError, Spec, Tensor, Words
from lstm_zoo.contracts.words import SPECIAL
from lstm_zoo.data.captions import coco_captions
from lstm_zoo.data.captions.coco_captions import CocoCaptions
from lstm_zoo.data.pipeline import downloads
from lstm_zoo.data.pipeline.stored import Stored


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
    found = {split: captions_of(splits, split) for split in ("train", "val", "test")}
    assert all(name.startswith(f"train{year}/") for name in found["train"])
    assert sorted([*found["val"], *found["test"]]) == [f"val{year}/{n:012d}.jpg" for n in range(6, 12)]
    for captions in found.values():
        assert captions == {name: list(sentences(int(name[-6:-4]))) for name in captions}
    dealt = [{item.name for item in config.model_copy(update={"split_seed": n}).items()["val"]} for n in range(3)]
    assert dealt[0] == set(found["val"]) and len(set(map(frozenset, dealt))) > 1


def test_coco_by_karpathys_file(tmp_path, data_dir):
    root = write_coco(tmp_path)
    write_karpathy(root)
    config = CocoCaptions(root=root, karpathy="dataset_coco.json", **settings(data_dir))
    assert list(config.problems()) == []
    splits = config.load()
    assert split_sizes(splits) == {"train": 8, "val": 2, "test": 2}  # restval counts as train
    assert sorted(captions_of(splits, "val")) == ["val2014/000000000008.jpg", "val2014/000000000009.jpg"]
    assert sorted(captions_of(splits, "test").values()) == sorted(list(sentences(number)) for number in (10, 11))
    words = splits.spec.target.vocabulary
    assert {"six", "seven"} <= set(words) and "eight" not in words


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
    assert re.search(
        r"^images: none of the images of .*captions_train2014.json lies in .*train2014 or .*; the first is 0+.jpg: "
        r"name the folder that it counts from, data.images=.train: FOLDER",
        message(),
    )
    (tmp_path / "train").rename(tmp_path / "train2014")
    content = json.loads(file.read_text())
    content["annotations"][0]["image_id"] = 7
    file.write_text(json.dumps(content))
    assert "captions_train2014.json has captions of image 7, which is not among its images" in message()
    file.write_text('{"images": [],\n')
    assert re.search(r"captions_train2014.json:2: is no JSON \(.*\); expected", message())


def renamed_coco(root):
    """Return the folder of a copy whose names are a tool's own: train.json and train/, photos in a folder for val."""
    write_coco(root)
    (root / "annotations" / "captions_train2014.json").rename(root / "annotations" / "train.json")
    (root / "train2014").rename(root / "train")
    val = root / "annotations" / "captions_val2014.json"
    content = json.loads(val.read_text())
    for image in content["images"]:
        image |= {"id": str(image["id"]), "file_name": f"val2014/{image['file_name']}"}
    val.write_text("\ufeff" + json.dumps(content), encoding="utf-8")
    return root


def test_annotations_of_other_names_are_named_by_settings(tmp_path):
    root = renamed_coco(tmp_path)
    (root / "annotations" / "captions_val2014.json").rename(root / "annotations" / "val.json")
    (problem,) = CocoCaptions(root=root).problems()
    own = "data.annotations={train: annotations/train.json, val: annotations/val.json}"
    assert own in problem.message and "data.kind=captioned_folder" in problem.message
    files = {"train": "annotations/train.json", "val": "annotations/val.json"}
    config = CocoCaptions(root=root, annotations=files, captions={"min_count": 1})
    names = {split: [item.name for item in items] for split, items in config.items().items()}
    assert names == {
        "train": [f"train/{n:012d}.jpg" for n in range(6)],  # called as the file is
        "val": [f"val2014/{n:012d}.jpg" for n in range(6, 12)],  # the names hold the folder; none are dealt to test
    }
    assert config.items()["val"][0].target == sentences(6)
    (root / "train").rename(root / "photos")
    moved = config.model_copy(update={"images": {"train": Path("photos")}})
    assert [item.name for item in moved.items()["train"]] == [f"photos/{n:012d}.jpg" for n in range(6)]
    for other in ({"root": None}, {"karpathy": "dataset_coco.json"}):
        (problem, *_) = CocoCaptions(**{"root": root, "annotations": files, **other}).problems()
        assert problem.key in ("annotations", "karpathy")


def test_captions_that_are_no_text_are_bad_files_by_their_annotation(tmp_path):
    file = write_coco(tmp_path) / "annotations" / "captions_train2014.json"
    content = json.loads(file.read_text())
    wrong = {0: None, 10: ["A dog", "A cat"], 20: 7}  # by the annotation's number
    for annotation in content["annotations"]:
        annotation["caption"] = wrong.get(annotation["id"], annotation["caption"])
        if annotation["id"] == 31:
            annotation["caption"] = " "
    file.write_text(json.dumps(content))
    config = CocoCaptions(root=tmp_path)
    assert list(config.problems()) == []
    place = "annotation {} of captions_train2014.json: its caption is {}; expected text"
    assert config.bad_files() == [
        ("train", "train2014/000000000000.jpg", place.format(0, "null")),
        ("train", "train2014/000000000001.jpg", place.format(10, "['A dog', 'A cat']")),
        ("train", "train2014/000000000002.jpg", place.format(20, "7")),
    ]
    assert config.items()["train"][3].target == sentences(3)[:1]  # an empty one costs itself
    assert config.remarks() == ["1 caption without a word left out, of train2014/000000000003.jpg"]
    content["annotations"] = [{"image_id": 100, "bbox": [1, 2, 3, 4]}]
    file.write_text(json.dumps(content))
    (problem,) = config.problems()
    assert "captions_train2014.json: none of its annotations has a caption; expected" in problem.message


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
    words = spec.target.vocabulary
    assert {"four", "seven"} <= set(words) and "eight" not in words
    for split in ("train", "val", "test"):
        for name, captions in captions_of(splits, split).items():
            assert captions == list(sentences(int(name.removesuffix(".jpg"))))
    ((images, _),) = shown(splits.eval_stream("train", 8))
    for name, pixels in zip(captions_of(splits, "train"), images, strict=True):
        file = write_image(tmp_path / name, int(name.removesuffix(".jpg")))
        np.testing.assert_array_equal(pixels, config.views(file, spec).inputs["image"][0])
    assert len(np.concatenate([captions for _, captions in shown(splits.train_stream(3, seed=0), 3)])) == 8
    target = Words(vocabulary=(*SPECIAL, "picture"), max_words=5)
    like = spec.model_copy(update={"target": target})
    assert config.load(like).spec == like
    with pytest.raises(InputError, match=r"gives images of \(16, 16, 3\), but the run was trained on \(9, 9, 3\)"):
        config.load(Spec(inputs={"image": Tensor(shape=(9, 9, 3))}, target=target))


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
    parts = {split: split for split in ("train", "restval", "train+restval")}
    stored = Stored(builder, {}, None, parts)
    sizes = {split: stored.num_bytes(split) for split in parts}
    assert sizes["train+restval"] == sizes["train"] + sizes["restval"] and min(sizes.values()) > 1000
