"""Labelled volumes, from files and drawn."""

import numpy as np
import pytest
from labelled import (
    block_of,
    check_whole,
    few,
    names_in,
    rows,
    shown,
    spec_of,
    split_sizes,
    touch,
    truths_in,
    write_series,
)
from pydantic import ValidationError

from lstm_zoo.contracts import PROBABILITIES, InputError
from lstm_zoo.contracts.labels import VOID
from lstm_zoo.data.labels.blob_volumes import BlobVolumes
from lstm_zoo.data.labels.blocks import PictureAugment, VolumeBlocks
from lstm_zoo.data.labels.volume_folder import VolumeFolder
from lstm_zoo.media.volume_files import open_volume


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
    blocks, *_ = rows(splits.eval_stream("test", 2))  # four of a volume
    np.testing.assert_array_equal(rows(splits.eval_stream("test", 2, batches=range(1, 3)))[0], blocks[2:6])
    again = BlobVolumes(**few(data_dir, num_train=5, shape=(6, 12, 10))).load()  # the first four stay as they were
    same = dict(zip(names_in(again, "train"), truths_in(again, "train"), strict=True))
    for name, labels in zip(names_in(splits, "train"), truths_in(splits, "train"), strict=True):
        np.testing.assert_array_equal(same[name], labels)
    assert BlobVolumes(**few(data_dir, shape=(6, 12, 10), seed=1)).load().fingerprint != splits.fingerprint


def write_channels(root, names, labels, cases=4):
    """Write cases of two files each, 1 and 2 times a ramp, and their labels."""
    for case in range(cases):
        image, regions = volume_of(0, (2, 8, 8))
        for factor, name in enumerate(names, 1):
            np_save(root / name.format(case), factor * image)
        np_save(root / labels.format(case), regions)
    (root / "classes.txt").write_text("fat\nbone\nair\n")
    return root


def np_save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array)


def test_channels_in_files_of_their_own_are_found_or_named(tmp_path, data_dir):
    numbered = write_channels(
        tmp_path / "nnunet", ["imagesTr/p{}_0000.npy", "imagesTr/p{}_0001.npy"], "labelsTr/p{}.npy"
    )
    cases = write_channels(tmp_path / "brats", ["c{0}/c{0}_t1.npy", "c{0}/c{0}_flair.npy"], "c{0}/c{0}_seg.npy")
    (tmp_path / "table.csv").write_text(
        "t1,flair,mask\n" + "".join(f"c{k}/c{k}_t1.npy,c{k}/c{k}_flair.npy,c{k}/c{k}_seg.npy\n" for k in range(4))
    )
    ends, columns = ("_t1", "_flair"), {"table": tmp_path / "table.csv", "columns": {"labels": "mask"}}
    for root, options in (
        (numbered, {}),
        (cases, {"channels": ends, "label_suffix": "_seg"}),
        (cases, {"channels": ("t1", "flair"), **columns}),
    ):
        config = VolumeFolder(root=root, limits=(0, 5100), data_dir=data_dir, **options)
        assert {split: len(found) for split, found in config.items().items()} == {"train": 2, "val": 1, "test": 1}
        assert not any("left out" in remark for remark in config.remarks())
        assert config.expected_spec() == spec_of((2, 8, 8, 2), ("fat", "bone", "air"))
        record = config.reader()(config.items()["train"][0])
        np.testing.assert_allclose(record["picture"][..., 1], 2 * record["picture"][..., 0].astype(int), atol=1)
        np.testing.assert_array_equal(record["labels"], volume_of(0, (2, 8, 8))[1])
        spec = config.expected_spec()
        found = config.files_below(root / ("imagesTr" if root == numbered else "c1"))
        cases_found = {config.first_file(path, spec) for path in found}
        assert len(cases_found) == (4 if root == numbered else 1)
        (first, *_) = sorted(cases_found)
        (block,) = config.views(first, spec).inputs["volume"]
        assert block.shape == (2, 8, 8, 2)
    with pytest.raises(InputError, match=r"set data.channels=\[_flair, _t1\] and data.label_suffix=_seg"):
        VolumeFolder(root=cases, data_dir=data_dir).items()
    alone = write_channels(tmp_path / "kits", ["c{0}/imaging.npy"], "c{0}/segmentation.npy")
    with pytest.raises(InputError, match=r"a folder a case; set data.image_suffix=imaging and .*=segmentation"):
        VolumeFolder(root=alone, data_dir=data_dir).items()
    assert VolumeFolder(root=alone, image_suffix="imaging", label_suffix="segmentation", data_dir=data_dir).items()
    (numbered / "imagesTr" / "p2_0001.npy").unlink()
    (bad,) = VolumeFolder(root=numbered, data_dir=data_dir).bad_files()
    assert bad.name == "imagesTr/p2_0000.npy" and bad.reason.startswith("lacks imagesTr/p2_0001.npy; expected one file")
    np_save(numbered / "imagesTr" / "p2_0001.npy", np.zeros((2, 8, 7)))
    (bad,) = VolumeFolder(root=numbered, limits=(0, 9), data_dir=data_dir).bad_files()
    assert bad.reason == "p2_0001.npy has (2, 8, 7) voxels (planes, height, width), p2_0000.npy (2, 8, 8)"
    with pytest.raises(ValidationError, match="two or more ends that differ"):
        VolumeFolder(root=cases, channels=("_t1",))


def test_labels_lie_where_their_scans_do(tmp_path, data_dir):
    nibabel = pytest.importorskip("nibabel")
    image, regions = volume_of(0, (4, 8, 8))
    mirrored, shifted = np.diag([-1.0, 1, 1, 1]), np.eye(4)
    mirrored[0, 3], shifted[0, 3] = 7, 0.5
    for folder, labels, affine in (("good", regions[..., ::-1], mirrored), ("far", regions, shifted)):
        for place, array, space in (("images", image, np.eye(4)), ("labels", labels, affine)):
            (tmp_path / folder / place).mkdir(parents=True)
            for case in range(3):
                file = tmp_path / folder / place / f"{case}.nii"
                nibabel.save(nibabel.Nifti1Image(array.transpose(2, 1, 0), space), file)
        (tmp_path / folder / "classes.txt").write_text("fat\nbone\nair\n")
    config = VolumeFolder(root=tmp_path / "good", limits=(0, 2550), data_dir=data_dir)
    np.testing.assert_array_equal(config.reader()(config.items()["train"][0])["labels"], regions)
    far = VolumeFolder(root=tmp_path / "far", data_dir=data_dir)
    assert {file.reason.split(",")[0][-44:] for file in far.bad_files()} == {
        f"its label file labels/{case}.nii lies in another space"[-44:] for case in range(3)
    }
    overlooked = VolumeFolder(root=tmp_path / "far", max_shift=None, data_dir=data_dir)
    np.testing.assert_array_equal(overlooked.reader()(config.items()["train"][0])["labels"], regions)


def test_folders_of_dicom_series_are_volumes(tmp_path, data_dir):
    itk = pytest.importorskip("SimpleITK")
    image, regions = volume_of(0, (4, 8, 8))
    for case in "abc":
        write_series(tmp_path / "images" / case, image, (1, 1, 3))
        labels = itk.GetImageFromArray(regions)
        labels.SetSpacing((1, 1, 3))
        (tmp_path / "labels").mkdir(exist_ok=True)
        itk.WriteImage(labels, str(tmp_path / "labels" / f"{case}.nrrd"))
    (tmp_path / "classes.txt").write_text("fat\nbone\nair\n")
    config = VolumeFolder(root=tmp_path, limits=(0, 2550), data_dir=data_dir, spacing=(1.5, 1, 1))
    assert config.bad_files() == [] and config.expected_spec() == spec_of((8, 8, 8, 1), ("fat", "bone", "air"))
    item = config.items()["train"][0]
    assert item.name.startswith("images/") and item.target.endswith(".nrrd")
    record = config.reader()(item)
    np.testing.assert_array_equal(record["labels"], np.repeat(regions[:, ::-1, ::-1], 2, axis=0))
    assert config.files_below(tmp_path / "images") == [tmp_path / "images" / case for case in "abc"]
    assert config.files_below(tmp_path / "images" / "b") == [tmp_path / "images" / "b"]
    views = config.views(tmp_path / "images" / "b", config.expected_spec())
    outputs = views.merge(iter([{PROBABILITIES: np.eye(3, dtype=np.float32)[record["labels"]]}]))
    ((name, content),) = views.own_files(outputs).items()
    assert name == "labels/b.nii.gz"
    (tmp_path / "b.nii.gz").write_bytes(content)
    np.testing.assert_array_equal(open_volume(tmp_path / "b.nii.gz", "labels")[0], regions)
    key = config.source_key(config.items())
    (tmp_path / "images" / "b" / "99.dcm").touch()
    assert config.source_key(config.items()) != key  # a plane that changes is noticed


def test_voxels_beside_their_header_are_looked_at_for_changes(tmp_path):
    touch(tmp_path, "images/a [1].mhd", "images/a [1].raw", "labels/a [1].nrrd")
    (tmp_path / "classes.txt").write_text("air\nbone\n")
    config = VolumeFolder(root=tmp_path, val_fraction=0, test_fraction=0)
    key = config.source_key(config.items())
    (tmp_path / "images" / "a [1].raw").write_bytes(b"other")
    assert config.source_key(config.items()) != key
