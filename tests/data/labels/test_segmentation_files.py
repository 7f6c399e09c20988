"""Files of labelled images: bad ones and wrong settings, splits, and files to predict."""

import json

import numpy as np
import pytest
import tensorflow as tf
from labelled import (
    CLASSES,
    SIZE,
    answered,
    as_answers,
    block_of,
    check_whole,
    dealt,
    labels_in,
    labels_of,
    pixels_of,
    spec_of,
    split_sizes,
    truths_in,
    write_folder,
    write_pair,
)
from PIL import Image
from pydantic import ValidationError

from lstm_zoo.contracts import PROBABILITIES, InputError, Judged, LabelMap
from lstm_zoo.contracts.labels import VOID
from lstm_zoo.data.labels.segmentation_folder import SegmentationFolder

# Bad files and settings


def test_files_that_cannot_be_used_are_named_or_left_out(tmp_path, folder):
    root = write_folder(tmp_path)
    wrong = labels_of(1)
    wrong[2, 3] = 9
    Image.fromarray(wrong).save(root / "trainannot" / "1.png")
    Image.fromarray(labels_of(4, (24, 39))).save(root / "valannot" / "4.png")
    Image.fromarray(np.full((*SIZE, 3), (9, 0, 0), np.uint8)).save(root / "valannot" / "5.png")
    (root / "test" / "7.png").write_bytes(b"nothing")
    (root / "testannot" / "8.png").unlink()
    write_pair(root, "test", "testannot", 9)
    reasons = {
        ("train", "train/1.png"): "holds the label 9 at row 2, column 3",
        ("val", "val/4.png"): "is 40 x 24 pixels, its labels are 39 x 24",
        ("val", "val/5.png"): "holds colours, expected one number a pixel: its first is (9, 0, 0)",
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
    assert all(f"{name} ({split}): " in str(caught.value) for split, name in reasons)
    assert all(reason in str(caught.value) for reason in reasons.values())
    splits = config.model_copy(update={"on_bad_file": "skip"}).load()
    assert split_sizes(splits) == {"train": 3, "val": 1, "test": 1} and sorted(splits.bad_files) == sorted(found)
    check_whole(splits, "test")


def masks(root, *more):
    """Write four masks of 0 and 255 to train, the first of them empty, and further ones."""
    for number, labels in enumerate([[[0, 0]], *([[[0, 255]]] * 3), *more]):
        for folder, array in (("train", pixels_of(number, np.zeros((1, 2), int))), ("trainannot", np.uint8(labels))):
            (root / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(root / folder / f"{number}.png")
    (root / "classes.txt").write_text("ground\nhouse\n")
    return SegmentationFolder(root=root)


def test_masks_of_0_and_255_are_two_classes(tmp_path):
    config = masks(tmp_path)
    assert config.class_list().numbers == {0: 0, 255: 1} and config.bad_files() == []
    assert config.expected_spec().target == LabelMap(names=("ground", "house"), numbers=(0, 255))
    assert config.remarks()[1:] == ["label maps hold 0 and 255 alone: 255 stands for 'house'"]
    read = config.reader()
    np.testing.assert_array_equal(read(config.items()["train"][3])["labels"], [[0, 1]])


def test_what_is_more_than_a_mask_of_two_classes_is_refused(tmp_path):
    config = masks(tmp_path, [[1, 255]], [[1, 0]])
    assert [file.name for file in config.bad_files()] == ["train/4.png", "train/5.png"]
    void = config.model_copy(update={"void": 255})
    assert void.class_list().numbers == {0: 0, 1: 1, 255: VOID} and void.bad_files() == []


def test_palettes_in_other_orders_are_bad_files(tmp_path):
    config = masks(tmp_path)
    for number, colours in enumerate(([0] * 3 + [9] * 3, [9] * 3 + [0] * 3)):
        image = Image.fromarray(np.uint8([[0, 1]]))
        image.putpalette(colours)
        image.save(tmp_path / "trainannot" / f"{2 + number}.png")
    (tmp_path / "classes.txt").write_text("ground: 0\nhouse: 1\nother: 255\n")
    (bad,) = config.bad_files()
    assert "its palette gives the number 0 the colour" in bad.reason and "(0, 0, 0)" in bad.reason


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


def test_answers_have_the_size_of_the_file_upright(equal, folder, tmp_path):
    config = folder(equal, max_side=20)
    image = Image.fromarray(pixels_of(0, labels_of(0, (30, 50))))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.rotate(90, expand=True).save(tmp_path / "turned.png", exif=exif)
    views = config.views(tmp_path / "turned.png", spec_of((12, 20, 3)))
    assert views.picture.shape == (12, 20, 3)
    probabilities = np.zeros((12, 20, 3), np.float32)
    probabilities[:, :10, 1] = 1  # and of the other half, three classes are as probable
    outputs = views.merge(iter([{PROBABILITIES: probabilities, "labels": probabilities.argmax(-1)}]))
    assert outputs[PROBABILITIES].shape == (12, 20, 3) and outputs["labels"].dtype == np.uint8
    np.testing.assert_array_equal(outputs["labels"], np.repeat([[1, 0]], [26, 24], axis=1).repeat(30, axis=0))


def test_the_size_in_which_label_maps_are_compared_is_told(equal, folder):
    (judge,) = folder(equal, max_side=20).judges(spec_of((12, 20, 3)))
    for size in ((12, 20), (20, 12), (10, 20)):
        judge.add({}, Judged("", np.zeros(size)))
    (told,) = judge.scores()["remarks"]
    assert told == "compared in the size that data.max_side=20 leaves: 12 x 20 to 20 x 12 pixels"
    assert folder(equal).judges(spec_of((12, 20, 3))) == ()


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
    files, sizes = [], [SIZE, (9, 31)]
    for number, size in enumerate(sizes):
        files.append(tmp_path / f"{number}.png")
        Image.fromarray(pixels_of(number, labels_of(number, size))).convert(mode).save(files[-1])
    decode = decoder_of(config, spec)
    inputs = decode(tf.constant([file.read_bytes() for file in files]))
    assert inputs.shape == (2, *block_of(spec)) and inputs.dtype == tf.uint8
    for one, file, (height, width) in zip(inputs, files, sizes, strict=True):
        np.testing.assert_array_equal(one[None], config.views(file, spec).inputs["image"])
        again = tf.io.encode_png(one[:height, :width, :3])  # an input as a picture
        np.testing.assert_array_equal(decode(again[None])[0], one)
    Image.new("RGB", (41, 24)).save(tmp_path / "large.png")
    with pytest.raises(tf.errors.InvalidArgumentError, match="an image larger than"):
        decode(tf.constant([(tmp_path / "large.png").read_bytes()]))


def deep(root):
    """Write pairs whose pictures hold values of 12 bits, the first one dark; return a sixteenth of them."""
    greys = []
    for number in range(3):
        labels = labels_of(number)
        greys.append(labels.astype(int) * 80 // (1 if number else 8))
        for folder, array in (("train", np.uint16(16 * greys[-1])), ("trainannot", labels)):
            (root / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(root / folder / f"{number}.png")
    (root / "classes.txt").write_text(CLASSES)
    return greys


def test_pictures_of_12_bits_have_the_limits_of_the_training_pictures(tmp_path, folder):
    greys = deep(tmp_path)
    config = folder(tmp_path)
    spec = config.expected_spec()
    assert spec.only_input[1].limits == (0, 4095)
    read = config.reader()
    for item, grey in zip(config.items()["train"], greys, strict=True):
        expected = np.rint(grey * 16 / 4095 * 255)[..., None].repeat(3, -1)
        np.testing.assert_array_equal(read(item)["picture"], expected)
        views = config.views(tmp_path / item.name, spec)
        np.testing.assert_array_equal(views.picture, expected)
        encoded = tf.constant([(tmp_path / item.name).read_bytes()])
        np.testing.assert_array_equal(decoder_of(config, spec)(encoded), views.inputs["image"])


def test_limits_of_a_run_or_of_the_settings_come_first(tmp_path, folder):
    deep(tmp_path)
    config = folder(tmp_path)
    set_by_user = config.model_copy(update={"limits": (0, 2560)})
    assert set_by_user.expected_spec().only_input[1].limits == (0, 2560)
    assert set_by_user.source_key({}) != config.source_key({})
    dark, run = tmp_path / "train" / "0.png", set_by_user.expected_spec()
    expected = 240 // 8 * 16 / 2560 * 255
    for by in (config.views(dark, run), set_by_user.views(dark, config.expected_spec())):
        assert abs(by.picture.max() - expected) <= 1
    with pytest.raises(ValidationError, match="the lower first"):
        folder(tmp_path, limits=(5, 5))


@pytest.mark.parametrize("masked", [False, True])
def test_what_is_transparent_in_a_photograph_is_ground_for_all(tmp_path, folder, equal, masked):
    config = folder(equal, ground=(0, 9, 200))
    spec = spec_of((24, 40, 3 + masked), masked=masked)
    pixels = np.dstack([pixels_of(0, labels_of(0)), np.uint8(255 * (labels_of(0) > 1))])
    Image.fromarray(pixels).save(tmp_path / "a.png")
    views = config.views(tmp_path / "a.png", spec)
    assert (views.picture[labels_of(0) < 2] == (0, 9, 200)).all()
    inputs = decoder_of(config, spec)(tf.constant([(tmp_path / "a.png").read_bytes()]))
    np.testing.assert_array_equal(inputs, views.inputs["image"])


def test_encoded_files_are_scaled_down_as_others(folder, equal, tmp_path):
    config = folder(equal, max_side=20)
    spec = spec_of((16, 24, 4), masked=True)
    decode = decoder_of(config, spec)
    for size in ((24, 40), (9, 11)):
        Image.fromarray(pixels_of(0, labels_of(0, size))).save(tmp_path / "x.png")
        inputs = decode(tf.constant([(tmp_path / "x.png").read_bytes()]))
        np.testing.assert_array_equal(inputs, config.views(tmp_path / "x.png", spec).inputs["image"])
