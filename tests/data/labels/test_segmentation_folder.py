"""Labelled images of a folder as networks see them: blocks with the class of every pixel."""

import numpy as np
import pytest
from labelled import (
    CLASSES,
    FLIPS,
    SIZE,
    block_of,
    check_whole,
    in_stored_order,
    labels_in,
    labels_of,
    names_in,
    pixels_of,
    rows,
    shown,
    spec_of,
    split_sizes,
    truths_in,
    write_folder,
    write_pair,
)
from PIL import Image

from lstm_zoo.contracts.labels import VOID
from lstm_zoo.data.labels.blob_volumes import BlobVolumes
from lstm_zoo.data.labels.blocks import PictureAugment
from lstm_zoo.data.labels.varying import vary


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
