"""Labelled images and volumes: from files and drawings to blocks with the class of every pixel."""

import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from pydantic import ValidationError

from lstm_zoo.contracts import FEATURES, PROBABILITIES, Classes, InputError, LabelMap, Spec, Tensor
from lstm_zoo.contracts.labels import VOID
from lstm_zoo.data.labels.blob_volumes import BlobVolumes
from lstm_zoo.data.labels.blocks import ImageBlocks, PictureAugment, VolumeBlocks
from lstm_zoo.data.labels.family import vary
from lstm_zoo.data.labels.segmentation_folder import SegmentationFolder
from lstm_zoo.data.labels.stanford_background import StanfordBackground
from lstm_zoo.data.labels.texture_mosaic import TextureMosaic
from lstm_zoo.data.labels.textures import Textures
from lstm_zoo.data.labels.volume_folder import VolumeFolder

CLASSES = "sky\ntree\nroad\nvoid\n"
SIZE = (24, 40)
FLIPS = PictureAugment(flip=("x", "y"))


def labels_of(number, size=SIZE):
    """Return a label map as it is stored, with 3 for void."""
    y, x = np.indices(size)
    return ((y // 5 + x // 7 + number) % 4).astype(np.uint8)


def pixels_of(number, labels):
    """Return an image whose pixels tell their label, its number and where they stand."""
    y, x = np.indices(labels.shape)
    return np.stack([60 * labels + number, 5 * y, 4 * x], axis=-1).astype(np.uint8)


def labels_in(pixels):
    """Return the labels that pixels tell; nothing but void where they are padding."""
    labels = pixels[..., 0] // 60
    known = (labels < 3) & (pixels[..., 3] == 255) if pixels.shape[-1] == 4 else labels < 3
    return np.where(known, labels, VOID)


def write_pair(root, images, labels, number, size=SIZE):
    stored = labels_of(number, size)
    for folder, array in ((images, pixels_of(number, stored)), (labels, stored)):
        (root / folder).mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(root / folder / f"{number}.png")


def write_folder(root, sizes=(SIZE,)):
    """Write four images to train, three for validation and two for the test; their sizes take turns."""
    for number in range(9):
        split = "train" if number < 4 else "val" if number < 7 else "test"
        write_pair(root, split, f"{split}annot", number, sizes[number % len(sizes)])
    (root / "classes.txt").write_text(CLASSES)
    return root


@pytest.fixture(scope="module")
def equal(tmp_path_factory):
    """A folder of images of one size."""
    return write_folder(tmp_path_factory.mktemp("equal"))


@pytest.fixture(scope="module")
def unequal(tmp_path_factory):
    """A folder of images of two sizes, none of which is the larger one on both sides."""
    return write_folder(tmp_path_factory.mktemp("unequal"), [(24, 30), (15, 40)])


@pytest.fixture
def folder(data_dir):
    """Makes the config of a folder of images."""

    def config(root, size=None, augment=None, **options):
        image = ImageBlocks(size=size, augment=augment or PictureAugment())
        return SegmentationFolder(root=root, void="void", data_dir=data_dir, image=image, **options)

    return config


def spec_of(shape, names=("sky", "tree", "road"), masked=False):
    name = "image" if len(shape) == 3 else "volume"
    return Spec(inputs={name: Tensor(shape=shape, masked=masked)}, target=LabelMap(names=names))


def block_of(spec):
    """Return the shape of a block."""
    return spec.only_input[1].shape


def split_sizes(splits):
    return {split: splits.size(split) for split in ("train", "val", "test")}


def dealt(config):
    """Return the names of the images of each split."""
    return {split: [item.name for item in items] for split, items in config.items().items()}


def names_in(splits, split):
    return [judged.name for judged in splits.judged(split)]


def truths_in(splits, split):
    return [judged.truth for judged in splits.judged(split)]


def shown(dataset, batches):
    """Return pictures and labels of some batches of a stream."""
    return [(*inputs.values(), labels) for inputs, labels in dataset.take(batches).as_numpy_iterator()]


def rows(dataset):
    """Return all blocks of a stream and their labels."""
    pixels, labels = zip(*shown(dataset, -1), strict=True)
    return np.concatenate(pixels), np.concatenate(labels)


def in_stored_order(splits, seed, epoch, batch_size=3):
    """Return what a training epoch shows of each picture in stored order, by name."""
    batches = list(splits._media.in_stored_order(seed, epoch, batch_size).as_numpy_iterator())
    return {name: np.concatenate([shown[name] for _, shown in batches]) for name in ("image", "target")}


def as_answers(labels, num_classes=3):
    """Return what a network would answer that knows the labels, and says of void that it is a further class."""
    probabilities = np.eye(num_classes + 1, dtype=np.float32)[np.where(labels == VOID, num_classes, labels)]
    return {PROBABILITIES: probabilities, "labels": np.zeros(labels.shape, np.int32)}


def answered(outputs, num_classes=3):
    answers = outputs["labels"]
    assert answers.dtype == np.uint8
    np.testing.assert_array_equal(answers, outputs[PROBABILITIES].argmax(axis=-1))
    return np.where(answers == num_classes, VOID, answers)


def check_whole(splits, split, num_classes=3):
    """Check that the label maps of all blocks become those of the pictures again."""
    batches = (as_answers(labels, num_classes) for _, labels in splits.eval_stream(split, 3).as_numpy_iterator())
    targets = truths_in(splits, split)
    whole = list(splits.merged(split, batches))
    assert len(whole) == len(targets) == splits.size(split)
    for outputs, labels in zip(whole, targets, strict=True):
        np.testing.assert_array_equal(answered(outputs, num_classes), labels)


# A folder of images


def test_images_of_one_size_are_seen_whole(equal, folder):
    config = folder(equal)
    assert list(config.problems()) == [] and config.bad_files() == [] and not config.varies
    spec = spec_of((*SIZE, 3))
    assert config.expected_spec() == spec
    splits = config.load()
    assert splits.spec == spec and splits.bad_files == [] and split_sizes(splits) == {"train": 4, "val": 3, "test": 2}
    assert sorted(names_in(splits, "test")) == ["test/7.png", "test/8.png"]
    for split in ("train", "val", "test"):
        pixels, labels = rows(splits.eval_stream(split, 2))
        assert pixels.dtype == labels.dtype == np.uint8 and pixels.shape == (splits.size(split), *SIZE, 3)
        np.testing.assert_array_equal(labels, labels_in(pixels))
        assert [f"{split}/{number}.png" for number in pixels[..., 0].min(axis=(1, 2))] == names_in(splits, split)
        np.testing.assert_array_equal(truths_in(splits, split), labels)
        check_whole(splits, split)
    pictures = splits.pictures("val", [2, 0])
    assert set(pictures) == {2, 0}
    np.testing.assert_array_equal(pictures[2], rows(splits.eval_stream("val", 1))[0][2])


def test_what_a_split_holds_is_counted(equal, folder):
    splits = folder(equal).load()
    stored = np.stack([labels_of(number) for number in (7, 8)])
    counts = [int((stored == number).sum()) for number in range(4)]
    assert splits.counts("test") == dict(zip(("sky", "tree", "road", "void"), counts, strict=True))
    assert "void" not in BlobVolumes(num_train=1, num_val=1, num_test=1, shape=(4, 8, 8)).load().counts("test")


def test_images_of_different_sizes_are_padded_and_masked(unequal, folder):
    splits = folder(unequal).load()
    assert splits.spec.inputs["image"].masked and block_of(splits.spec) == (24, 40, 4)
    for pixels, labels in (rows(splits.eval_stream("train", 2)), in_stored_order(splits, seed=0, epoch=0).values()):
        np.testing.assert_array_equal(labels, labels_in(pixels))
        for image, name in zip(pixels, names_in(splits, "train"), strict=True):
            number = int(name[6])
            height, width = size = [(24, 30), (15, 40)][number % 2]
            assert (image[:height, :width, 3] == 255).all() and image[..., 3].sum() == 255 * height * width
            np.testing.assert_array_equal(image[:height, :width, :3], pixels_of(number, labels_of(number, size)))
            assert not image[image[..., 3] == 0].any()
    assert {labels.shape for labels in truths_in(splits, "train")} == {(24, 30), (15, 40)}
    assert splits.pictures("train", [0])[0].shape[-1] == 3
    check_whole(splits, "val")


@pytest.mark.parametrize("size", [(16, 16), (20, 56), (32, 64)])
def test_blocks_of_images_become_whole_again(equal, unequal, folder, size):
    for root in (equal, unequal):
        splits = folder(root, size).load()
        assert block_of(splits.spec)[:2] == size
        assert splits.spec.inputs["image"].masked == (root == unequal or size != (16, 16))
        check_whole(splits, "test")


def test_an_unmasked_network_sees_smaller_images_filled_up(equal, unequal, folder):
    spec = folder(equal).expected_spec()
    splits = folder(unequal).load(like=spec)
    assert splits.spec == spec
    pixels, labels = rows(splits.eval_stream("val", 3))
    for image, known, name in zip(pixels, labels, names_in(splits, "val"), strict=True):
        height, width = [(24, 30), (15, 40)][int(name[4]) % 2]
        np.testing.assert_array_equal(known[:height, :width], labels_in(image[:height, :width]))
        assert (known[height:] == VOID).all() and (known[:, width:] == VOID).all()
        np.testing.assert_array_equal(
            image, np.pad(image[:height, :width], [(0, 24 - height), (0, 40 - width), (0, 0)], "edge")
        )
    check_whole(splits, "val")


def test_batches_depend_on_seed_and_epoch_alone(equal, folder):
    config = folder(equal, (16, 16), FLIPS)
    assert config.varies
    whole = shown(config.load().train_stream(3, seed=1), 6)  # 3 + 1 pictures in each of 3 epochs
    assert [len(labels) for _, labels in whole] == [3, 1] * 3
    again = shown(config.load().train_stream(3, seed=1, first_epoch=1), 4)
    for one, other in zip(whole[2:], again, strict=True):
        for array, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(array, same)
    assert (whole[0][0] != whole[2][0]).any()
    (other,) = shown(config.load().train_stream(3, seed=2), 1)
    assert (other[0] != whole[0][0]).any()
    assert [len(labels) for _, labels in shown(config.load().train_stream(3, 1, drop_remainder=True), 2)] == [3, 3]


def test_views_of_an_epoch_are_those_of_its_batches(equal, folder, tmp_path):
    config = folder(equal, (16, 16), FLIPS).model_copy(update={"data_dir": tmp_path})
    pixels, labels = in_stored_order(
        config.load(), seed=1, epoch=1
    ).values()  # nothing has been read of the data before
    np.testing.assert_array_equal(
        pixels[..., 0].min(axis=(1, 2)) % 60, [int(name[6]) for name in names_in(config.load(), "train")]
    )
    ((batch, known),) = shown(config.load().train_stream(4, seed=1, first_epoch=1), 1)
    order = [list(pixels[..., 0].min(axis=(1, 2)) % 60).index(image[..., 0].min() % 60) for image in batch]
    np.testing.assert_array_equal(pixels[order], batch)
    np.testing.assert_array_equal(labels[order], known)


def sides_of(image):
    """Return height and width of what is no padding."""
    if image.shape[-1] == 3:
        return image.shape[:2]
    return int(image[:, 0, 3].sum()) // 255, int(image[0, :, 3].sum()) // 255


@pytest.mark.parametrize("name", ["equal", "unequal"])
def test_training_shows_random_blocks_mirrored_with_their_labels(request, folder, name):
    splits = folder(request.getfixturevalue(name), (16, 32), FLIPS).load()
    seen = set()
    for pixels, labels in shown(splits.train_stream(4, seed=0), 30):
        np.testing.assert_array_equal(labels, labels_in(pixels))
        for image in pixels:
            height, width = sides_of(image)
            inside = image[:height, :width].astype(int)
            top, left = inside[..., 1].min() // 5, inside[..., 2].min() // 4
            down, right = inside[0, 0, 1] < inside[-1, 0, 1], inside[0, 0, 2] < inside[0, -1, 2]
            number = int(inside[0, 0, 0] % 60)
            whole = pixels_of(number, labels_of(number, SIZE if name == "equal" else [(24, 30), (15, 40)][number % 2]))
            expected = whole[top : top + 16, left : left + 32][:: 1 if down else -1, :: 1 if right else -1]
            np.testing.assert_array_equal(inside[..., :3], expected)
            seen.add((int(top), int(left), bool(down), bool(right)))
    assert len(seen) > 40 and len({(down, right) for *_, down, right in seen}) == 4


def test_colours_vary_and_labels_do_not(equal, folder):
    augment = PictureAugment(brightness=0.3, contrast=0.3, saturation=0.5)
    splits = folder(equal, augment=augment).load()
    assert folder(equal, augment=augment).varies and splits.fingerprint != folder(equal).load().fingerprint
    plain, labels = rows(splits.eval_stream("train", 4))
    views = [tuple(in_stored_order(splits, seed=0, epoch=epoch).values()) for epoch in range(2)]
    for pixels, known in views:
        np.testing.assert_array_equal(known, labels)
        assert pixels.dtype == np.uint8 and (pixels != plain).mean() > 0.8
    assert (views[0][0] != views[1][0]).mean() > 0.5


def test_pictures_are_varied_within_the_limits_set():
    random = np.random.default_rng(0)
    picture, labels = np.full((4, 5, 3), 100, np.uint8), np.arange(20, dtype=np.uint8).reshape(4, 5)
    greys = [vary([picture, labels], PictureAugment(brightness=0.1), random)[0] for _ in range(50)]
    assert all(len(np.unique(grey)) == 1 for grey in greys)  # brightness alone
    assert 74 <= min(map(np.min, greys)) < 85 and 115 < max(map(np.max, greys)) <= 126
    volume = np.arange(24, dtype=np.uint8).reshape(2, 3, 4, 1)
    flipped = {vary([volume, volume[..., 0]], PictureAugment(flip=("z",)), random)[0].tobytes() for _ in range(20)}
    assert flipped == {volume.tobytes(), volume[::-1].tobytes()}
    both = vary([volume, volume[..., 0]], PictureAugment(flip=("z", "y", "x")), random)
    np.testing.assert_array_equal(both[0][..., 0], both[1])


def test_larger_images_are_scaled_down_with_their_labels(tmp_path, folder):
    for number in range(4):
        write_pair(tmp_path, "images", "labels", number, (30, 60))
        halves = np.repeat(np.uint8([[0, 1]]), [20, 40], axis=1).repeat(30, axis=0)
        Image.fromarray(pixels_of(0, halves)).save(tmp_path / "images" / f"{number}.png")
        Image.fromarray(halves).save(tmp_path / "labels" / f"{number}.png")
    (tmp_path / "classes.txt").write_text(CLASSES)
    config = folder(tmp_path, max_side=30)
    assert block_of(config.expected_spec()) == (15, 30, 3)
    splits = config.load()
    assert split_sizes(splits) == {"train": 2, "val": 1, "test": 1}
    for labels in truths_in(splits, "train"):
        np.testing.assert_array_equal(labels, np.repeat([[0, 1]], [10, 20], axis=1).repeat(15, axis=0))
    views = config.views(tmp_path / "images" / "0.png", splits.spec)
    assert len(views.inputs["image"]) == 1 and views.picture.shape == (15, 30, 3)
    np.testing.assert_array_equal(views.inputs["image"][0], splits.pictures("train", [0])[0])
    assert config.load().fingerprint != folder(tmp_path).load().fingerprint


def test_pictures_are_unpacked_once(equal, folder, tmp_path):
    config = folder(equal).model_copy(update={"data_dir": tmp_path})
    first = config.load()
    assert not list(tmp_path.rglob("unpacked-*"))
    (batch,) = shown(first.train_stream(4, seed=0), 1)
    files = sorted(tmp_path.rglob("unpacked-*"))
    assert [file.name for file in files] == ["unpacked-train.bin", "unpacked-train.json"]
    assert {file.parent for file in files} == {first.folder}
    states = [file.stat() for file in files]
    again = config.load()
    assert again.fingerprint == first.fingerprint
    np.testing.assert_array_equal(shown(again.train_stream(4, seed=0), 1)[0][1], batch[1])
    for file, state in zip(files, states, strict=True):
        assert (state.st_ino, state.st_mtime_ns) == (file.stat().st_ino, file.stat().st_mtime_ns)


def test_changed_files_are_prepared_again(tmp_path, folder):
    config = folder(write_folder(tmp_path))
    first = config.load().fingerprint
    write_pair(tmp_path, "test", "testannot", 7, (24, 38))
    second = config.load().fingerprint
    (tmp_path / "classes.txt").write_text("sky\ntree\nstreet\nvoid\n")
    assert len({first, second, config.load().fingerprint}) == 3


# Bad files and settings


def test_files_that_cannot_be_used_are_named_or_left_out(tmp_path, folder):
    root = write_folder(tmp_path)
    wrong = labels_of(1)
    wrong[2, 3] = 9
    Image.fromarray(wrong).save(root / "trainannot" / "1.png")
    Image.fromarray(labels_of(4, (24, 39))).save(root / "valannot" / "4.png")
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(root / "valannot" / "5.png")
    (root / "test" / "7.png").write_bytes(b"nothing")
    (root / "testannot" / "8.png").unlink()
    write_pair(root, "test", "testannot", 9)
    reasons = {
        ("train", "train/1.png"): "holds the label 9 at row 2, column 3",
        ("val", "val/4.png"): "is 40 x 24 pixels, its labels are 39 x 24",
        ("val", "val/5.png"): "holds colours (RGB), expected one number a pixel: its first is (0, 0, 0)",
        ("test", "test/7.png"): "is no image that can be read",
        ("test", "test/8.png"): "has no label file testannot/8.png",
    }
    config = folder(root)
    assert list(config.problems()) == []
    found = config.bad_files()
    assert {(file.split, file.name) for file in found} == set(reasons)
    assert all(reasons[file.split, file.name] in file.reason for file in found)
    with pytest.raises(InputError, match="5 pictures cannot be used") as caught:
        config.load()
    assert caught.value.key == "data.on_bad_file"
    assert all(f"{name} ({split}): " in caught.value.message for split, name in reasons)
    assert all(reason in caught.value.message for reason in reasons.values())
    splits = config.model_copy(update={"on_bad_file": "skip"}).load()
    assert split_sizes(splits) == {"train": 3, "val": 1, "test": 1} and sorted(splits.bad_files) == sorted(found)
    check_whole(splits, "test")


def test_the_command_names_bad_files(tmp_path):
    from typer.testing import CliRunner

    from lstm_zoo.cli import app

    root = write_folder(tmp_path)
    Image.fromarray(np.full(SIZE, 77, np.uint8)).save(root / "valannot" / "6.png")
    data = f"{{kind: segmentation_folder, root: {root}, void: void}}"
    command = ["data", "check", "--config", "smoke/window_dense.yaml", "--set", f"data={data}", "--json"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2, result.output
    ((split, name, reason),) = map(dict.values, json.loads(result.stdout)["bad_files"])
    assert (split, name) == ("val", "val/6.png")
    assert "holds the label 77 at row 0, column 0 (and 959 more pixels); the classes are 0 to 2, void 3" in reason


def test_problems_are_found_without_reading_images(equal, folder, tmp_path):
    def problem(config):
        (found,) = config.problems()
        return found

    missing = problem(folder(tmp_path / "none"))
    assert missing.key == "root" and "no folder" in missing.message
    root = write_folder(tmp_path / "mine")
    (root / "classes.txt").unlink()
    missing = problem(folder(root))
    assert missing.key == "classes" and "no file" in missing.message and "classes.txt" in missing.message
    (root / "classes.txt").write_text("sky\ntree\nroad\nviod\n")
    missing = problem(folder(root))
    assert missing.key == "void" and "names no class 'void' (did you mean 'viod'?)" in missing.message
    (root / "classes.txt").write_text("sky\nvoid\n")
    assert problem(folder(root)).key == "classes"
    (tmp_path / "empty").mkdir()
    missing = problem(folder(tmp_path / "empty", classes=equal / "classes.txt"))
    assert missing.key == "root" and "no folders of images and of labels side by side" in missing.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folders": {"trian": ("a", "b")}}, "unknown: trian"),
        (
            {"columns": {"picture": "a"}, "table": "t.csv"},
            "expected image, labels, split, group with the table's names for them; unknown: pict",
        ),
        ({"folders": {"train": ("a", "b")}, "table": "t.csv"}, "folders and table both decide about the splits"),
        ({"val_fraction": 0.5, "test_fraction": 0.5}, "leave nothing to train on"),
        ({"image": {"size": (4, 16)}}, "greater than or equal to 8"),
        ({"image": {"augment": {"flip": ["a"]}}}, "'z', 'y' or 'x'"),
        ({"image": {"augment": {"flip": ["x", "z"]}}}, "flip names z, but images have the axes y and x only"),
        ({"columns": {"image": "a"}}, "columns is about a table, but there is none"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValidationError, match=message):
        SegmentationFolder(root="x", **options)


def test_other_classes_than_those_of_a_run_are_an_error(equal, folder):
    spec = folder(equal).expected_spec()
    for names in (("sky", "road", "tree"), ("sky", "tree"), ("sky", "tree", "road", "car")):
        with pytest.raises(InputError, match="they have to be the same, in the same order") as caught:
            folder(equal).load(like=spec.model_copy(update={"target": LabelMap(names=names)}))
        assert caught.value.key == "data"


def test_blocks_of_another_size_than_a_run_s_are_an_error(equal, folder):
    spec = folder(equal).expected_spec()
    assert folder(equal, SIZE).load(like=spec).spec == spec
    with pytest.raises(InputError, match=r"blocks of \(16, 16\) are asked for, but the run's network sees \(24, 40\)"):
        folder(equal, (16, 16)).load(like=spec)


def test_a_finished_run_needs_no_training_images(tmp_path, folder):
    write_pair(tmp_path, "test", "testannot", 1)
    (tmp_path / "classes.txt").write_text(CLASSES)
    spec = spec_of((16, 16, 3))
    with pytest.raises(InputError, match=r"there are no training pictures; splits with pictures: test \(1\)"):
        folder(tmp_path).load()
    splits = folder(tmp_path).load(like=spec)
    assert split_sizes(splits) == {"train": 0, "val": 0, "test": 1} and truths_in(splits, "train") == []
    check_whole(splits, "test")
    with pytest.raises(InputError, match=r"there are no train examples; splits with examples: test \(1\)"):
        splits.train_stream(2, seed=0)


# Splits


def test_a_table_names_files_and_splits(equal, folder, tmp_path):
    table = tmp_path / "table.csv"
    lines = [
        f"train/{number}.png,trainannot/{number}.png,{split}" for number, split in enumerate(["train"] * 3 + ["test"])
    ]
    table.write_text("\n".join(["file,mask,part", *lines, "val/4.png,valannot/4.png,val"]))
    config = folder(equal, table=table, columns={"image": "file", "labels": "mask", "split": "part"})
    assert list(config.problems()) == []
    assert dealt(config) == {
        "train": [f"train/{number}.png" for number in range(3)],
        "test": ["train/3.png"],
        "val": ["val/4.png"],
    }
    splits = config.load()
    assert split_sizes(splits) == {"train": 3, "val": 1, "test": 1}
    check_whole(splits, "test")
    (found,) = config.model_copy(update={"columns": {"image": "fiel"}}).problems()
    assert found.key == "columns" and "no column 'fiel' for the image (did you mean 'file'?)" in found.message


def test_images_are_dealt_by_group(tmp_path, folder):
    for number in range(12):
        write_pair(tmp_path, "images", "labels", number)
    (tmp_path / "classes.txt").write_text(CLASSES)
    lines = [f"images/{number}.png,labels/{number}.png,day {number // 3}" for number in range(12)]
    (tmp_path / "table.csv").write_text("\n".join(["image,labels,group", *lines]))
    config = folder(tmp_path, table="table.csv", val_fraction=0.25, test_fraction=0.25)
    splits = dealt(config)
    assert {split: len(names) for split, names in splits.items()} == {"train": 6, "val": 3, "test": 3}
    days = {split: {int(name[7:-4]) // 3 for name in names} for split, names in splits.items()}
    assert sorted(day for of_split in days.values() for day in of_split) == [0, 1, 2, 3]
    assert dealt(config) == splits
    assert len({str(dealt(config.model_copy(update={"split_seed": seed}))) for seed in range(6)}) > 1
    alone = dealt(folder(tmp_path, val_fraction=0.25, test_fraction=0.25))
    assert {split: len(names) for split, names in alone.items()} == {"train": 6, "val": 3, "test": 3}
    torn = [f"{line},{split}" for line, split in zip(lines, ("train", "val"), strict=False)]
    (tmp_path / "table.csv").write_text("\n".join(["image,labels,group,split", *torn]))
    (found,) = config.problems()
    assert found.key == "table" and "group 'day 0' stands in both train (images/0.png) and val" in found.message


def test_folders_may_have_any_name(tmp_path, folder):
    for number in range(4):
        write_pair(tmp_path, "photos", "masks", number)
    write_pair(tmp_path, "more/photos", "more/masks", 4)
    (tmp_path / "names.txt").write_text(CLASSES)
    folders = {"train": ("photos", "masks"), "test": ("more/photos", "more/masks")}
    config = folder(tmp_path, folders=folders, classes="names.txt")
    assert list(config.problems()) == []
    assert {split: len(names) for split, names in dealt(config).items()} == {"train": 4, "test": 1}
    (found,) = folder(tmp_path, folders={"train": ("photos", "mask")}, classes="names.txt").problems()
    assert found.key == "folders" and "did you mean 'masks'" in found.message


# Files to predict


def test_a_file_of_any_size_is_read_in_blocks(equal, folder):
    config = folder(equal, (16, 24))
    spec = config.expected_spec()
    views = config.views(equal / "val" / "5.png", spec)
    assert len(views.inputs["image"]) > 4 and views.inputs["image"][1:3].shape == (2, *block_of(spec))
    np.testing.assert_array_equal(views.picture, pixels_of(5, labels_of(5)))
    merged = views.merge(as_answers(labels_in(block)) for block in views.inputs["image"])
    np.testing.assert_array_equal(answered(merged), labels_in(views.picture))
    assert config.files_below(equal / "val") == [equal / "val" / f"{number}.png" for number in (4, 5, 6)]


@pytest.mark.parametrize("masked", [False, True])
def test_a_file_smaller_than_a_block_is_filled_up(folder, equal, tmp_path, masked):
    spec = spec_of((16, 24, 3 + masked), masked=masked)
    image = pixels_of(0, labels_of(0, (5, 7)))
    Image.fromarray(image).save(tmp_path / "small.png")
    views = folder(equal).views(tmp_path / "small.png", spec)
    assert len(views.inputs["image"]) == 1 and views.picture.shape == (5, 7, 3)
    block = views.inputs["image"][0]
    assert block.shape == block_of(spec) and block.dtype == np.uint8
    np.testing.assert_array_equal(block[:5, :7, :3], image)
    if masked:
        np.testing.assert_array_equal(block[..., 3] == 255, np.pad(np.ones((5, 7), bool), [(0, 11), (0, 17)]))
        assert not block[block[..., 3] != 255].any()
    else:
        np.testing.assert_array_equal(block, np.pad(image, [(0, 11), (0, 17), (0, 0)], "edge"))
    outputs = as_answers(np.zeros((16, 24), np.uint8))
    assert views.merge(iter([outputs]))[PROBABILITIES].shape == (5, 7, 4)


def test_what_is_no_image_is_told(folder, equal, tmp_path):
    (tmp_path / "x.png").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"x\.png: is no image that can be read"):
        folder(equal).views(tmp_path / "x.png", folder(equal).expected_spec())


def decoder_of(config, spec):
    """Return what gives the only input from encoded files."""
    decode = tf.function(config.from_encoded(spec), input_signature=[tf.TensorSpec([None], tf.string)])
    return lambda encoded: decode(encoded)["image"]


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("masked", [False, True])
def test_encoded_files_become_the_same_inputs(folder, equal, tmp_path, mode, masked):
    config = folder(equal)
    spec = spec_of((24, 40, 3 + masked), masked=masked)
    files = []
    for number, size in enumerate([SIZE, (9, 31)]):
        files.append(tmp_path / f"{number}.png")
        Image.fromarray(pixels_of(number, labels_of(number, size))).convert(mode).save(files[-1])
    decode = decoder_of(config, spec)
    inputs = decode(tf.constant([file.read_bytes() for file in files]))
    assert inputs.shape == (2, *block_of(spec)) and inputs.dtype == tf.uint8
    for one, file in zip(inputs, files, strict=True):
        np.testing.assert_array_equal(one[None], config.views(file, spec).inputs["image"])
        np.testing.assert_array_equal(decode(tf.io.encode_png(one)[None])[0], one)  # an input as a picture
    Image.new("RGB", (41, 24)).save(tmp_path / "large.png")
    with pytest.raises(tf.errors.InvalidArgumentError, match="an image larger than"):
        decode(tf.constant([(tmp_path / "large.png").read_bytes()]))


def test_encoded_files_are_scaled_down_as_others(folder, equal, tmp_path):
    config = folder(equal, max_side=20)
    spec = spec_of((16, 24, 4), masked=True)
    decode = decoder_of(config, spec)
    for size in ((24, 40), (9, 11)):
        Image.fromarray(pixels_of(0, labels_of(0, size))).save(tmp_path / "x.png")
        inputs = decode(tf.constant([(tmp_path / "x.png").read_bytes()]))
        np.testing.assert_array_equal(inputs, config.views(tmp_path / "x.png", spec).inputs["image"])


# Stanford Background


def write_stanford(root, count=12):
    for folder in ("images", "labels"):
        (root / folder).mkdir(parents=True)
    for number in range(count):
        stored = (labels_of(number, (20, 30)).astype(int) + number) % 9 - 1  # -1: unknown
        Image.fromarray(pixels_of(number, labels_of(number, (20, 30)))).save(root / "images" / f"{number:07d}.jpg")
        text = "\n".join(" ".join(map(str, row)) for row in stored.tolist())
        (root / "labels" / f"{number:07d}.regions.txt").write_text(text + "\n")
        (root / "labels" / f"{number:07d}.surfaces.txt").write_text("0 1\n")
    return root


def test_stanford_background(tmp_path, data_dir):
    root = write_stanford(tmp_path / "iccv09Data")
    config = StanfordBackground(root=root, data_dir=data_dir)
    assert list(config.problems()) == [] and config.bad_files() == []
    tests = []
    for fold in range(5):
        splits = dealt(config.model_copy(update={"fold": fold}))
        assert sorted(name for names in splits.values() for name in names) == [f"images/{n:07d}.jpg" for n in range(12)]
        assert all(splits[split] for split in ("train", "val", "test"))
        tests += splits["test"]
    assert sorted(tests) == [f"images/{number:07d}.jpg" for number in range(12)]
    splits = config.load()
    assert block_of(splits.spec) == (20, 30, 3) and splits.spec.num_classes == 8
    for name, labels in zip(names_in(splits, "train"), truths_in(splits, "train"), strict=True):
        number = int(name[7:-4])
        expected = (labels_of(number, (20, 30)).astype(int) + number) % 9 - 1
        np.testing.assert_array_equal(labels, np.where(expected < 0, VOID, expected))
    check_whole(splits, "test", 8)


def test_stanford_background_says_where_it_comes_from(tmp_path):
    (found,) = StanfordBackground(root=tmp_path / "none").problems()
    assert found.key == "root" and "no folder" in found.message and "iccv09Data.tar.gz" in found.message
    with pytest.raises(ValidationError, match="less than 5"):
        StanfordBackground(root=tmp_path, fold=5)


# Volumes


def volume_of(number, shape):
    """Return a volume whose voxels tell their labels, in grey values beyond a byte's, and these labels."""
    labels = np.indices(shape).sum(axis=0) // 3 % 3
    return (1000 * labels + number).astype(np.int16), labels.astype(np.uint8)


def write_volumes(root, shapes, names=("train", "train", "val", "test")):
    (root / "classes.txt").write_text("fat\nbone\nair\n")
    for number, (split, shape) in enumerate(zip(names, shapes, strict=True)):
        (root / split).mkdir(exist_ok=True)
        image, labels = volume_of(number, shape)
        np.savez(root / split / f"{number}.npz", image=image, labels=labels)
    return root


@pytest.fixture
def volumes(data_dir):
    """Makes the config of a folder of volumes that hold their labels."""

    def config(root, **options):
        folders = {split: (split, split) for split in ("train", "val", "test")}
        return VolumeFolder(root=root, folders=folders, limits=(0, 2550), data_dir=data_dir, **options)

    return config


def test_volumes_are_padded_and_masked(tmp_path, volumes):
    root = write_volumes(tmp_path, [(4, 10, 12), (6, 8, 9), (7, 6, 20), (3, 3, 3)])
    config = volumes(root)
    assert list(config.problems()) == [] and config.bad_files() == []
    spec = spec_of((6, 10, 12, 2), ("fat", "bone", "air"), masked=True)
    assert config.expected_spec() == spec
    splits = config.load()
    assert splits.spec == spec and split_sizes(splits) == {"train": 2, "val": 1, "test": 1}
    for split in ("train", "val", "test"):
        check_whole(splits, split)
        pixels, labels = rows(splits.eval_stream(split, 2))
        inside = pixels[..., 1] == 255
        np.testing.assert_array_equal(labels[inside], (pixels[..., 0][inside].astype(int) + 50) // 100)
        assert (labels[~inside] == VOID).all() and not pixels[~inside].any()
    views = config.views(root / "val" / "2.npz", spec)
    assert len(views.inputs["volume"]) > 2 and views.picture.shape == (7, 6, 20, 1)
    assert config.from_encoded(spec) is None
    assert config.files_below(root / "train") == [root / "train" / f"{number}.npz" for number in (0, 1)]


def test_blocks_of_volumes_are_mirrored_with_their_labels(tmp_path, volumes):
    root = write_volumes(tmp_path, [(8, 10, 12), (8, 9, 9), (8, 8, 8), (8, 8, 8)])
    config = volumes(root, volume=VolumeBlocks(size=(4, 8, 8), augment=PictureAugment(flip=("z", "y", "x"))))
    splits = config.load()
    assert block_of(splits.spec) == (4, 8, 8, 1)
    seen = set()
    for pixels, labels in shown(splits.train_stream(2, seed=0), 12):
        np.testing.assert_array_equal(labels, (pixels[..., 0].astype(int) + 50) // 100)
        seen |= {labels[row].tobytes() for row in range(2)}
    assert len(seen) > 8
    check_whole(splits, "train")


def test_volumes_that_cannot_be_used_are_named(tmp_path, volumes):
    root = write_volumes(tmp_path, [(4, 8, 8)] * 4)
    image, labels = volume_of(1, (4, 8, 8))
    np.savez(root / "train" / "1.npz", image=image, labels=labels[:3])
    np.savez(root / "val" / "2.npz", image=image)
    np.savez(root / "test" / "3.npz", image=image, labels=labels + 1)
    found = {file.name: file.reason for file in volumes(root).bad_files()}
    assert set(found) == {"train/1.npz", "val/2.npz", "test/3.npz"}
    assert "is 8 x 8 x 4 voxels, its labels are 8 x 8 x 3" in found["train/1.npz"]
    assert "none called 'labels'" in found["val/2.npz"]
    assert "plane 0 holds the label 3 at row 0, column 6" in found["test/3.npz"]


def test_volumes_of_other_channels_are_told(tmp_path, volumes):
    root = write_volumes(tmp_path, [(4, 8, 8)] * 4)
    np.savez(tmp_path / "two.npz", image=np.zeros((4, 8, 8, 2), np.int16))
    with pytest.raises(InputError, match=r"has the shape \(4, 8, 8, 2\); expected 4 axes, 1 channels last"):
        volumes(root).views(tmp_path / "two.npz", volumes(root).expected_spec())
    for message, options in (("the lower first", {"limits": (5, 5)}), ("saturation is for colour images", None)):
        with pytest.raises(ValidationError, match=message):
            VolumeFolder(root=root, **options or {"volume": {"augment": {"saturation": 0.1}}})


def test_volumes_have_as_many_channels(tmp_path, volumes):
    root = write_volumes(tmp_path, [(4, 8, 8)] * 4)
    image, labels = volume_of(3, (4, 8, 8))
    np.savez(root / "test" / "3.npz", image=np.stack([image, image], axis=-1), labels=labels)
    with pytest.raises(InputError, match=r"test/3.npz \(test\) has 2 channels, expected 1 as the network sees"):
        volumes(root).load()


# Drawn pictures


def few(data_dir, **options):
    return {"num_train": 4, "num_val": 2, "num_test": 2, "data_dir": data_dir, **options}


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


def test_blob_volumes(data_dir):
    config = BlobVolumes(**few(data_dir, shape=(6, 12, 10), volume=VolumeBlocks(size=(6, 8, 8))))
    splits = config.load()
    assert block_of(splits.spec) == block_of(config.expected_spec()) == (6, 8, 8, 1)
    assert splits.spec.class_names == ("background", "shell", "core", "nodule")
    assert {labels.shape for labels in truths_in(splits, "train")} == {(6, 12, 10)}
    counts = splits.counts("train")
    assert sum(counts.values()) == 4 * 6 * 12 * 10 and min(counts.values()) > 0
    check_whole(splits, "test", 4)
    again = BlobVolumes(**few(data_dir, num_train=5, shape=(6, 12, 10))).load()  # the first four stay as they were
    same = dict(zip(names_in(again, "train"), truths_in(again, "train"), strict=True))
    for name, labels in zip(names_in(splits, "train"), truths_in(splits, "train"), strict=True):
        np.testing.assert_array_equal(same[name], labels)
    assert BlobVolumes(**few(data_dir, shape=(6, 12, 10), seed=1)).load().fingerprint != splits.fingerprint
