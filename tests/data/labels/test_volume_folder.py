"""Labelled volumes, from files and drawn."""

import numpy as np
import pytest
from labelled import block_of, check_whole, few, names_in, rows, shown, spec_of, split_sizes, truths_in
from pydantic import ValidationError

from lstm_zoo.contracts import InputError
from lstm_zoo.contracts.labels import VOID
from lstm_zoo.data.labels.blob_volumes import BlobVolumes
from lstm_zoo.data.labels.blocks import PictureAugment, VolumeBlocks
from lstm_zoo.data.labels.volume_folder import VolumeFolder


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
