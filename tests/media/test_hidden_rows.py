"""Pictures and arrays whose header tells fewer rows than are there."""

import io
import struct

import numpy as np
import pytest
from conftest import reason
from PIL import Image

from lstm_zoo.media.hidden_rows import _with_tags, check_rows
from lstm_zoo.media.images import read_image
from lstm_zoo.media.label_maps import read_array
from lstm_zoo.media.volumes import read_volume

PIXELS = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
MORE = "is damaged: it holds more than the"


def checked(content: bytes) -> None:
    with Image.open(io.BytesIO(content)) as image:
        check_rows(image, content)


def saved(kind: str, pixels: np.ndarray = PIXELS, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 10, "restart_marker_blocks": 2}]
)
@pytest.mark.parametrize("pixels", [PIXELS, PIXELS[..., 0], PIXELS[:57, :81], np.full_like(PIXELS, 128)])
def test_a_jpeg_of_fewer_rows_than_it_holds_is_refused(options, pixels):
    content = saved("JPEG", pixels, **options)
    checked(content)
    if np.ptp(pixels):
        height, width = pixels.shape[:2]
        place = content.index(struct.pack(">HH", height, width))
        assert MORE in reason(checked, content[:place] + struct.pack(">H", height - 24) + content[place + 2 :])


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}])
def test_a_tiff_of_fewer_rows_than_it_holds_is_refused(options, tmp_path):
    content = saved("TIFF", **options)
    checked(content)
    (tmp_path / "a.tif").write_bytes(_with_tags(content, {257: 40}))
    assert MORE in reason(read_image, tmp_path / "a.tif")


def test_values_behind_those_that_are_told_are_not_left_out(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    volume = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    np.save(tmp_path / "a.npy", volume)
    nibabel.Nifti1Image(volume, np.eye(4)).to_filename(tmp_path / "a.nii")
    content = (tmp_path / "a.npy").read_bytes()
    assert read_array(tmp_path / "a.npy").shape == (3, 4, 5)
    (tmp_path / "a.npy").write_bytes(content.replace(b"(3, 4, 5)", b"(2, 4, 5)"))
    assert "more than the values that its header tells" in reason(read_array, tmp_path / "a.npy")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    assert read_volume(tmp_path / "a.nii").shape == (5, 4, 3, 1)
    struct.pack_into("<h", content, 42, 2)  # the first side
    (tmp_path / "a.nii").write_bytes(content)
    assert "more than the values that its header tells" in reason(read_volume, tmp_path / "a.nii")


def test_a_jpeg_without_samples_is_left_to_its_decoder(tmp_path):
    content = bytearray(saved("JPEG", PIXELS[..., 0]))
    content[content.index(struct.pack(">HH", 64, 96)) + 6] = 0
    (tmp_path / "a.jpg").write_bytes(content)
    assert "ZeroDivision" not in reason(read_image, tmp_path / "a.jpg")
