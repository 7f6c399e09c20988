import gzip
import sys

import numpy as np
import pytest
from conftest import reason

from lstm_zoo.contracts.labels import VOID
from lstm_zoo.media.volumes import read_volume, read_volume_labels, to_bytes

VOLUME = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5) - 20
REGIONS = (np.arange(60).reshape(3, 4, 5) % 3).astype(np.uint8)
TWO = {0: 0, 1: 1, 2: VOID}


def test_volumes_from_numpy(tmp_path):
    np.savez_compressed(tmp_path / "both.npz", image=VOLUME, labels=REGIONS)
    np.save(tmp_path / "image.npy", np.stack([VOLUME, -VOLUME], -1))
    np.save(tmp_path / "labels.npy", REGIONS[..., None].astype(np.float32))
    volume = read_volume(tmp_path / "both.npz")
    assert volume.dtype == np.int16
    np.testing.assert_array_equal(volume, VOLUME[..., None])
    np.testing.assert_array_equal(read_volume(tmp_path / "image.npy"), np.stack([VOLUME, -VOLUME], -1))
    for name in ("both.npz", "labels.npy"):
        labels = read_volume_labels(tmp_path / name, TWO)
        assert labels.dtype == np.uint8
        np.testing.assert_array_equal(labels, np.where(REGIONS == 2, VOID, REGIONS))


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_volumes_from_nifti_are_turned(tmp_path, ending):
    nibabel = pytest.importorskip("nibabel")
    image, labels = tmp_path / f"image{ending}", tmp_path / f"labels{ending}"
    for channels in ([VOLUME], [VOLUME, -VOLUME]):
        stored = np.stack(channels, -1)
        laid = stored.transpose(2, 1, 0, 3)  # x, y, z, channel
        nibabel.save(nibabel.Nifti1Image(laid if len(channels) > 1 else laid[..., 0], np.eye(4)), image)
        volume = read_volume(image)
        assert volume.dtype == np.int16
        np.testing.assert_array_equal(volume, stored)
    nibabel.save(nibabel.Nifti1Image(REGIONS.transpose(2, 1, 0), np.eye(4)), labels)
    np.testing.assert_array_equal(read_volume_labels(labels, {0: 0, 1: 1, 2: 2}), REGIONS)
    whole = image.read_bytes()
    image.write_bytes(whole[: len(whole) // 2])
    assert "is no NIfTI file that nibabel can read" in reason(read_volume, image)
    image.write_bytes(gzip.compress(b"text" * 99) if ending == ".nii.gz" else b"text" * 99)
    assert "is no NIfTI file that nibabel can read" in reason(read_volume, image)
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 2, 1, 3), np.uint8), np.eye(4)), image)
    assert "holds an array of the shape (2, 2, 2, 1, 3), expected the axes x, y, z" in reason(read_volume, image)


def test_nifti_needs_nibabel(tmp_path, monkeypatch, read_here):
    monkeypatch.setitem(sys.modules, "nibabel", None)
    (tmp_path / "a.nii.gz").write_bytes(b"anything")
    assert 'needs nibabel: pip install "lstm-zoo[volumes]"' in reason(read_volume, tmp_path / "a.nii.gz")


def test_what_is_no_volume_gives_its_reason(tmp_path):
    np.savez(tmp_path / "names.npz", imag=VOLUME, mask=REGIONS)
    np.savez(tmp_path / "empty.npz")
    (tmp_path / "text.npz").write_text("text")
    whole = (tmp_path / "names.npz").read_bytes()
    (tmp_path / "torn.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "blank.npz").touch()
    np.save(tmp_path / "flat.npy", VOLUME[0])
    np.save(tmp_path / "complex.npy", VOLUME.astype(complex))
    reasons = {
        "names.npz": "holds the arrays imag, mask, but none called 'image' (did you mean 'imag'?); store it under that",
        "empty.npz": "holds no arrays, but none called 'image'",
        "text.npz": "is no archive that NumPy can read: File is not a zip file",
        "torn.npz": "is no archive that NumPy can read",
        "blank.npz": "the file is empty (0 bytes)",
        "missing.npz": "no such file",
        "flat.npy": "holds an array of the shape (4, 5), expected three axes (planes, height, width) or four",
        "complex.npy": "holds values of the type complex128, expected real numbers",
    }
    for name, expected in reasons.items():
        assert expected in reason(read_volume, tmp_path / name), name
    (tmp_path / "a.mat").write_text("text")
    assert "expected a file that ends in .npz, .npy, .nii, .nii.gz" in reason(read_volume, tmp_path / "a.mat")
    assert "none called 'labels'" in reason(read_volume_labels, tmp_path / "names.npz", TWO)
    assert "labels of the shape (4, 5), expected three axes" in reason(read_volume_labels, tmp_path / "flat.npy", TWO)
    np.save(tmp_path / "labels.npy", np.where(np.arange(60).reshape(3, 4, 5) == 47, 9, REGIONS))
    found = reason(read_volume_labels, tmp_path / "labels.npy", TWO)
    assert found.startswith("plane 2 holds the label 9 at row 1, column 2; the classes are 0 to 1, void 2")


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.float32, np.float64, np.uint64])
def test_grey_values_are_mapped_between_limits(dtype):
    values = np.array([0, 10, 12, 20, 30, 250]).astype(dtype).reshape(1, 2, 3, 1)
    grey = to_bytes(values, (10, 30))
    assert grey.dtype == np.uint8 and grey.ravel().tolist() == [0, 0, 26, 128, 255, 255]
    assert not to_bytes(np.full((1, 2, 2, 1), 5, dtype), (5, 6)).any()  # fixed limits serve constant volumes too


def test_grey_values_are_mapped_between_percentiles_of_each_channel():
    values = np.random.default_rng(0).normal(size=(4, 20, 20, 1))
    values[0, 0, 0] = 1e6  # one outlier
    grey = to_bytes(np.concatenate([values, 1000 - 3 * values], -1), None).astype(int)
    assert grey[..., 0].min() == 0 and grey[..., 0].max() == 255 and 100 < grey[..., 0].mean() < 155
    assert np.abs(grey[..., 0] + grey[..., 1] - 255).max() <= 1
    low, high = np.percentile(values, (0.5, 99.5))
    np.testing.assert_array_equal(grey[..., :1], to_bytes(values, (low, high)))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.where(VOLUME == 27, np.nan, VOLUME), "holds nan in plane 2 at row 1, column 2; expected numbers"),
        (np.where(VOLUME > 36, np.inf, VOLUME), "holds inf in plane 2 at row 3, column 2 (and 2 more)"),
        (np.full((2, 3, 4), 7, np.int16), "all voxels are 7 in channel 0, so that no contrast is left"),
        (np.arange(1000).reshape(10, 10, 10) // 998, "nearly all voxels are 0 (0 to 1) in channel 0"),
    ],
)
def test_volumes_without_grey_values_are_refused(values, expected):
    assert expected in reason(to_bytes, values[..., None], None)
