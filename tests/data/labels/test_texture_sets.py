"""Textures, drawn and of one's own, and mosaics of them."""

import numpy as np
import pytest
from labelled import FLIPS, block_of, check_whole, few, names_in, rows, shown, split_sizes, truths_in
from PIL import Image
from pydantic import ValidationError

from lstm_zoo.contracts import FEATURES, PROBABILITIES, Classes, InputError
from lstm_zoo.data.labels.blocks import ImageBlocks
from lstm_zoo.data.labels.texture_mosaic import TextureMosaic
from lstm_zoo.data.labels.textures import Textures


def test_mosaics_of_textures(data_dir):
    config = TextureMosaic(**few(data_dir, side=32, regions=(2, 3)))
    splits = config.load()
    assert block_of(splits.spec) == block_of(config.expected_spec()) == (32, 32, 3)
    assert splits.spec.num_classes == 8 and not splits.spec.inputs["image"].masked
    assert split_sizes(splits) == {"train": 4, "val": 2, "test": 2}
    assert sorted(names_in(splits, "val")) == ["val/00000", "val/00001"]
    maps = [labels for split in ("train", "val", "test") for labels in truths_in(splits, split)]
    assert {len(np.unique(labels)) for labels in maps} == {2, 3} and max(map(np.max, maps)) < 8
    pictures = [splits.pictures(split, [0])[0].tobytes() for split in ("train", "val", "test")]
    assert len(set(pictures)) == 3
    check_whole(splits, "test", 8)
    other = TextureMosaic(**few(data_dir, side=32, regions=(2, 3), seed=1)).load()
    assert other.fingerprint != splits.fingerprint
    assert (other.pictures("test", [0])[0] != splits.pictures("test", [0])[0]).any()
    with pytest.raises(InputError, match="is not made of files of yours"):
        config.bad_files()
    with pytest.raises(ValidationError, match=r"regions expects \[least, most\], got \[4, 3\]"):
        TextureMosaic(regions=(4, 3))


def test_textures_have_one_label_each(data_dir):
    config = Textures(**few(data_dir, num_train=12, side=24))
    splits = config.load()
    targets = truths_in(splits, "train")
    assert block_of(splits.spec) == (24, 24, 3) and isinstance(splits.spec.target, Classes)
    assert len(targets) == 12 and len(set(targets)) > 2
    known = {item.name: item.target for items in config.items().values() for item in items}
    assert [known[name] for name in names_in(splits, "train")] == [splits.spec.class_names[label] for label in targets]
    counts = splits.counts("train")
    assert list(counts) == list(splits.spec.class_names) and sum(counts.values()) == 12
    pixels, labels = rows(splits.eval_stream("train", 5))
    assert pixels.shape == (12, 24, 24, 3)
    np.testing.assert_array_equal(labels, targets)
    (batch,) = shown(splits.train_stream(5, seed=0), 1)
    assert batch[1].shape == (5,)


def test_outputs_of_the_blocks_of_a_texture_are_averaged(data_dir):
    config = Textures(**few(data_dir, side=24, image=ImageBlocks(size=(16, 16), augment=FLIPS)))
    splits = config.load()
    pixels, labels = rows(splits.eval_stream("test", 3))
    assert pixels.shape == (8, 16, 16, 3)
    np.testing.assert_array_equal(labels, np.repeat(truths_in(splits, "test"), 4))
    outputs = np.random.default_rng(0).random((8, 5)).astype(np.float32)
    batches = [{PROBABILITIES: outputs[:3]}, {PROBABILITIES: outputs[3:]}]
    merged = np.stack([one[PROBABILITIES] for one in splits.merged("test", batches)])
    np.testing.assert_allclose(merged, outputs.reshape(2, 4, 5).mean(axis=1), rtol=1e-6)
    (batch,) = shown(splits.train_stream(4, seed=0), 1)
    assert batch[0].shape == (4, 16, 16, 3) and sorted(batch[1]) == sorted(truths_in(splits, "train"))


def test_a_frozen_encoder_sees_textures_once(tmp_path):
    import keras

    image = keras.Input((16, 16, 3), name="image")
    encoder = keras.Model({"image": image}, {FEATURES: keras.ops.mean(keras.ops.cast(image, "float32"), (1, 2))})
    splits = Textures(**few(tmp_path, side=16, image=ImageBlocks(augment=FLIPS))).load()
    features = splits.on_features(encoder, {"kind": "mean"}, num_views=2)
    plain, known = rows(splits.eval_stream("val", 2))
    ((encoded, labels),) = shown(features.eval_stream("val", 2), -1)
    np.testing.assert_allclose(encoded, plain.mean(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_array_equal(labels, known)
    for (encoded, labels), (pixels, same) in zip(
        shown(features.train_stream(4, seed=0), 2), shown(splits.train_stream(4, seed=0), 2), strict=True
    ):
        np.testing.assert_allclose(encoded, pixels.mean(axis=(1, 2)), rtol=1e-5)
        np.testing.assert_array_equal(labels, same)


@pytest.fixture(scope="module")
def own_textures(tmp_path_factory):
    """Three images each of two classes, one of two, and a folder without any; each image has a grey of its own."""
    root = tmp_path_factory.mktemp("textures")
    for label, count in (("class 2", 3), ("class 10", 3), ("class 1", 2), ("notes", 0)):
        (root / label).mkdir()
        for number in range(count):
            grey = 40 * len(label) + 10 * int(label[-1:]) * count + number if count else 0
            Image.new("L", (40, 20), grey % 256).save(root / label / f"{number}.png")
    (root / "notes" / "notes.txt").write_text("nothing")
    return root


def grey_of(root, label, number):
    return int(np.asarray(Image.open(root / label / f"{number}.png"))[0, 0])


@pytest.mark.parametrize("kind", [TextureMosaic, Textures])
def test_textures_of_ones_own(own_textures, data_dir, kind):
    regions = {"regions": (2, 3)} if kind is TextureMosaic else {}
    config = kind(**few(data_dir, num_train=12, num_val=6, num_test=6, side=24, textures=own_textures, **regions))
    assert list(config.problems()) == [] and config.bad_files() == []
    splits = config.load()
    assert splits.spec.class_names == ("class 1", "class 2", "class 10")
    greys = {
        grey_of(own_textures, name, number): (name, number)
        for name, count in (("class 1", 2), ("class 2", 3), ("class 10", 3))
        for number in range(count)
    }
    assert len(greys) == 8
    for split, numbers in (("train", {0}), ("val", {1}), ("test", {2})):
        targets = truths_in(splits, split)
        pictures = splits.pictures(split, range(splits.size(split)))
        for picture, labels in zip(pictures.values(), targets, strict=True):
            labels = np.broadcast_to(labels, picture.shape[:2])
            for grey in np.unique(picture):
                name, number = greys[int(grey)]
                assert {splits.spec.class_names[label] for label in np.unique(labels[picture[..., 0] == grey])} == {
                    name
                }
                assert number in ({0, 1} if name == "class 1" else numbers)  # too few images for three splits


def test_a_folder_of_textures_needs_two_classes(own_textures, tmp_path):
    (found,) = Textures(textures=own_textures / "class 2").problems()
    assert found.key == "textures" and "has images in 0 folders (none); expected a folder of images" in found.message
    assert not list(TextureMosaic(textures=own_textures).problems())  # the default takes as many as there are
    (found,) = TextureMosaic(textures=own_textures, regions=(3, 5)).problems()
    assert found.key == "regions" and "asks for up to 5 textures a mosaic; there are 3" in found.message
    (found,) = Textures(textures=tmp_path / "none").problems()
    assert found.key == "textures" and "no folder" in found.message


def test_textures_of_ones_own_that_cannot_be_read_are_named(tmp_path, data_dir):
    for label in "ab":
        (tmp_path / label).mkdir()
        Image.new("L", (20, 20)).save(tmp_path / label / "1.png")
    (tmp_path / "b" / "1.png").write_bytes(b"nothing")
    config = Textures(**few(data_dir, side=16, textures=tmp_path))
    assert config.bad_files() == [("textures", "b/1.png", "is no image that can be read")]
    with pytest.raises(InputError, match=r"b/1\.png: is no image that can be read") as caught:
        config.load()
    assert caught.value.key == "data.textures"


def test_few_images_of_a_texture_are_shared_by_the_splits(tmp_path, data_dir):
    for label in "ab":
        (tmp_path / label).mkdir()
        rows = np.arange(100, dtype=np.uint8)[:, None].repeat(30, axis=1)  # each row of pixels has a grey of its own
        Image.fromarray(rows + 100 * (label == "b")).save(tmp_path / label / "1.png")
    splits = Textures(**few(data_dir, num_train=8, num_val=8, num_test=8, side=16, textures=tmp_path)).load()
    seen = {}
    for split in ("train", "val", "test"):
        pictures = splits.pictures(split, range(8)).values()
        seen[split] = {int(grey) % 100 for picture in pictures for grey in np.unique(picture)}
    assert max(seen["train"]) < 60 <= min(seen["val"]) <= max(seen["val"]) < 80 <= min(seen["test"])
