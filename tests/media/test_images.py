import io

import numpy as np
import pytest
import tensorflow as tf
from conftest import picture, write_image
from PIL import Image, features

from lstm_zoo.media.errors import MediaError
from lstm_zoo.media.images import read_image


@pytest.mark.parametrize("turned", [6, 8])
def test_turned_photographs_come_upright(tmp_path, turned):
    exif = Image.Exif()
    exif[0x0112] = turned
    file = write_image(tmp_path / "a.jpg", size=(36, 28), exif=exif, quality=95)
    upright = np.asarray(Image.open(io.BytesIO(read_image(file)))).astype(int)
    assert upright.shape == (36, 28, 3)
    top, bottom = upright[:12, :, 0].mean(), upright[-12:, :, 0].mean()
    assert (top > bottom + 100) == (turned == 6)  # the left half is red


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("a.jpg", "CMYK"),
        ("a.jpg", "L"),
        ("a.png", "RGBA"),
        ("a.png", "P"),
        ("a.png", "1"),
        ("a.webp", "RGB"),
        ("a.webp", "RGBA"),
        ("a.gif", "P"),
        ("a.bmp", "RGB"),
        ("a.tif", "RGB"),
    ],
)
def test_images_of_any_kind_are_read(tmp_path, name, mode):
    if name.endswith("webp") and not features.check("webp"):
        pytest.skip("this Pillow has no WebP")
    drawn = picture(4).convert(mode)
    drawn.save(tmp_path / name, **({"quality": 95} if mode == "CMYK" else {}))
    content = read_image(tmp_path / name)
    stored = Image.open(io.BytesIO(content))
    assert stored.format in ("JPEG", "PNG") and stored.mode in ("L", "RGB")
    assert (content == (tmp_path / name).read_bytes()) == (mode == "L")
    pixels = tf.io.decode_image(content, channels=3, expand_animations=False).numpy().astype(int)
    difference = np.abs(pixels - np.asarray(drawn.convert("RGB")).astype(int))
    assert pixels.shape == (28, 36, 3) and difference.mean() < 8
    small = Image.open(io.BytesIO(read_image(tmp_path / name, max_side=18)))
    assert small.size == (18, 14) and small.format == "JPEG"


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_grey_of_sixteen_bits_is_not_cut_off(tmp_path, name):
    grey = np.linspace(0, 65535, 36 * 28).reshape(28, 36).astype(np.uint16)
    Image.fromarray(grey).save(tmp_path / name)
    pixels = np.asarray(Image.open(io.BytesIO(read_image(tmp_path / name))).convert("L"))
    assert np.abs(pixels.astype(int) - (grey >> 8)).max() <= 1


def test_what_is_no_image_gives_its_reason(tmp_path, monkeypatch):
    whole = write_image(tmp_path / "whole.png").read_bytes()
    contents = {
        "empty.jpg": (b"", "0 bytes"),
        "text.jpg": (b"text" * 99, "is no image that can be read"),
        "torn.png": (whole[:-6], "."),
        "flipped.png": (whole[:45] + bytes([whole[45] ^ 1]) + whole[46:], "."),
    }
    for name, (content, reason) in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(MediaError, match=reason):
            read_image(tmp_path / name)
    for place, reason in ((tmp_path / "none.jpg", "no such file"), (tmp_path, "no such file")):
        with pytest.raises(MediaError, match=reason):
            read_image(place)

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "read_bytes", refuse)
    with pytest.raises(MediaError, match="Permission denied"):
        read_image(tmp_path / "whole.png")
