"""Formats of volumes that tell where their voxels lie: NIfTI, NRRD, MetaImage, DICOM."""

import locale

import numpy as np
import pytest
from conftest import reason
from labelled import write_series

from lstm_zoo.media.dicom_series import is_series
from lstm_zoo.media.volume_files import labels_like, open_volume, space_of
from lstm_zoo.media.volume_grid import Grid
from lstm_zoo.media.volumes import read_volume, read_volume_labels

nibabel = pytest.importorskip("nibabel")
itk = pytest.importorskip("SimpleITK")

GREY = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
LABELS = (GREY % 3).astype(np.uint8)
NUMBERS = {0: 0, 1: 1, 2: 2}
LPS = np.array([[-2.0, 0, 0, 40], [0, -3, 0, 12], [0, 0, 4, 7], [0, 0, 0, 1]])  # as most scanners store it


def write_nifti(path, array, affine=LPS, slope=None):
    image = nibabel.Nifti1Image(array.transpose(2, 1, 0), affine)
    if slope is not None:
        image.header.set_slope_inter(slope, 0)
    nibabel.save(image, path)
    return path


def itk_image(array):
    """Return the image that `write_nifti` writes."""
    image = itk.GetImageFromArray(array)
    image.SetSpacing((2, 3, 4))
    image.SetOrigin((-40, -12, 7))
    return image


@pytest.mark.parametrize("ending", [".nii", ".NII.GZ", ".nrrd", ".nhdr", ".mha", ".mhd", ".dcm"])
def test_every_format_tells_the_same_and_gets_answers(tmp_path, ending):
    path = tmp_path / f"scan{ending}"
    if ending == ".dcm":
        path = write_series(tmp_path / "scan", GREY, (2, 3, 4), (-40, -12, 7))
        assert is_series(sorted(path.iterdir())) and not is_series([tmp_path / "a.nii", *path.iterdir()])
    elif ending.lower().startswith(".nii"):
        write_nifti(path, GREY)
    else:
        itk.WriteImage(itk_image(GREY), str(path))
    np.testing.assert_array_equal(read_volume(path)[..., 0], GREY[:, ::-1, ::-1])  # upright
    space = space_of(path)
    assert space.shape[:3] == (3, 4, 5) and space.spacing == (4, 3, 2)
    np.testing.assert_allclose(space.affine, LPS, atol=1e-6)
    grid, labels = Grid(space), LABELS[:, ::-1, ::-1]
    content, end = labels_like(path, grid.labels_as_stored(labels))
    assert end == {".nhdr": ".nrrd", ".mhd": ".mha", ".dcm": ".nii.gz"}.get(ending, ending)
    answer = tmp_path / f"answer{end}"
    answer.write_bytes(content)
    stored, answered = open_volume(answer, "labels")
    np.testing.assert_array_equal(stored, LABELS)
    assert stored.dtype == np.uint8
    np.testing.assert_allclose(answered.affine, LPS, atol=1e-6)
    np.testing.assert_array_equal(read_volume_labels(write_nifti(tmp_path / "l.nii", LABELS), NUMBERS, grid), labels)


def test_answers_keep_the_header_of_nifti(tmp_path):
    image = nibabel.Nifti1Image(GREY.transpose(2, 1, 0), LPS)
    image.set_qform(LPS, 1)
    image.set_sform(LPS, 4)
    image.header.set_xyzt_units("mm", "sec")
    image.header.set_slope_inter(0.5, 3)
    nibabel.save(image, tmp_path / "scan.nii")
    content, _ = labels_like(tmp_path / "scan.nii", LABELS)
    answer = nibabel.Nifti1Image.from_bytes(content)
    np.testing.assert_array_equal(answer.affine, image.affine)
    codes = [answer.header[name].item() for name in ("qform_code", "sform_code", "xyzt_units")]
    assert codes == [1, 4, 10] and answer.header.get_slope_inter() == (None, None)
    np.testing.assert_array_equal(np.asanyarray(answer.dataobj), LABELS.transpose(2, 1, 0))


def test_headers_that_tell_nothing_turn_nothing(tmp_path):
    write_nifti(tmp_path / "bare.nii", GREY, None)
    assert space_of(tmp_path / "bare.nii").affine is None
    np.testing.assert_array_equal(read_volume(tmp_path / "bare.nii")[..., 0], GREY)
    labels = read_volume_labels(write_nifti(tmp_path / "l.nii", LABELS), NUMBERS, Grid(space_of(tmp_path / "bare.nii")))
    np.testing.assert_array_equal(labels, LABELS)


def test_scaled_grey_values_take_no_more_room_than_they_need(tmp_path):
    values = read_volume(write_nifti(tmp_path / "a.nii", GREY, np.eye(4), slope=0.5))
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values[..., 0], GREY / 2)
    labels = read_volume_labels(write_nifti(tmp_path / "b.nii", LABELS * 127, np.eye(4), slope=1 / 127), NUMBERS)
    np.testing.assert_array_equal(labels, LABELS)


def test_channels_of_nrrd(tmp_path):
    both = np.stack([GREY, -GREY], -1)
    itk.WriteImage(itk.GetImageFromArray(both, isVector=True), str(tmp_path / "a.nrrd"))
    np.testing.assert_array_equal(read_volume(tmp_path / "a.nrrd"), both[:, ::-1, ::-1])
    assert Grid(space_of(tmp_path / "a.nrrd")).shape == (3, 4, 5, 2)


def test_damaged_files_and_series_give_their_reason(tmp_path):
    itk.WriteImage(itk_image(GREY), str(tmp_path / "a.nrrd"), useCompression=False)
    (tmp_path / "a.nrrd").write_bytes((tmp_path / "a.nrrd").read_bytes()[:-10])
    (tmp_path / "text.mha").write_text("text" * 99)
    before = locale.setlocale(locale.LC_CTYPE)
    for name in ("a.nrrd", "text.mha"):
        assert "is damaged, or no file that SimpleITK can read" in reason(read_volume, tmp_path / name)
    assert locale.setlocale(locale.LC_CTYPE) == before
    content = bytearray(write_nifti(tmp_path / "flat.nii", GREY).read_bytes())
    content[312:328] = bytes(16)  # of the affine, the row of z
    (tmp_path / "flat.nii").write_bytes(content)
    assert "gives voxels no extent in space" in reason(read_volume, tmp_path / "flat.nii")
    gap = write_series(tmp_path / "gap", np.stack([*GREY, GREY[0]]), heights=(0, 4, 8, 16))
    assert "planes 2 and 3 lie 8 mm apart, the others 4" in reason(read_volume, gap)
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "a.dcm").write_text("text")
    assert "is a folder of 0 DICOM series, expected one" in reason(read_volume, tmp_path / "none")
