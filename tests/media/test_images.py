import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from conftest import picture, reason, write_image
from PIL import Image, features

from lstm_zoo.data.pictures.pixels import decode_opaque
from lstm_zoo.media.deep_pictures import limits_of
from lstm_zoo.media.errors import MediaError
from lstm_zoo.media.images import image_size, read_grey, read_image


@pytest.mark.parametrize("turned", [6, 8])
def test_turned_photographs_come_upright(tmp_path, turned):
    exif = Image.Exif()
    exif[0x0112] = turned
    file = write_image(tmp_path / "a.jpg", size=(36, 28), exif=exif, quality=95)
    upright = np.asarray(Image.open(io.BytesIO(read_image(file)))).astype(int)
    assert upright.shape == (36, 28, 3)
    top, bottom = upright[:12, :, 0].mean(), upright[-12:, :, 0].mean()
    assert (top > bottom + 100) == (turned == 6)  # the left half is red


@pytest.mark.parametrize("turned", range(1, 9))
def test_turned_tiff_files_come_upright_in_all_depths(tmp_path, turned):
    """Pillow turns them, and tells the turned size, before anybody asks; FFmpeg, which reads 3 x 16 bits, does not."""
    values = np.arange(6).reshape(2, 3, 1).repeat(3, -1) * 50
    exif = Image.Exif()
    exif[0x0112] = turned
    Image.fromarray(values.astype(np.uint8)).save(tmp_path / "eight.tif", exif=exif)
    Image.fromarray(values.astype(np.uint8)).save(tmp_path / "eight.png", exif=exif)
    Image.fromarray(values[..., 0].astype(np.uint16)).save(tmp_path / "grey.tif", exif=exif)
    (tmp_path / "colours.tif").write_bytes(deep_tiff(values.astype(np.uint16), turned))
    for name in ("eight.tif", "grey.tif", "colours.tif"):
        pixels = np.asarray(Image.open(io.BytesIO(read_image(tmp_path / name, limits=(0, 255)))).convert("RGB"))
        np.testing.assert_array_equal(pixels, shown(tmp_path / "eight.png"), name)
        assert image_size(tmp_path / name) == image_size(tmp_path / "eight.png") == pixels.shape[:2], name


def deep_tiff(values, turned):
    """Encode colours of 16 bits, (H, W, 3), which Pillow does not write."""
    height, width, _ = values.shape
    bits = 8 + values.nbytes
    tags = {
        256: width,
        257: height,
        258: bits,
        259: 1,
        262: 2,
        273: 8,
        274: turned,
        277: 3,
        278: height,
        279: values.nbytes,
    }
    entries = [struct.pack("<HHII", tag, 4, 3 if tag == 258 else 1, value) for tag, value in tags.items()]
    entries[2] = struct.pack("<HHII", 258, 3, 3, bits)
    content = values.astype("<u2").tobytes() + struct.pack("<3H", 16, 16, 16)
    return (
        b"II*\0"
        + struct.pack("<I", 8 + len(content))
        + content
        + struct.pack("<H", len(tags))
        + b"".join(entries)
        + bytes(4)
    )


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


def shown(file, **options):
    """Return the pixels of a file as they are stored, (h, w, 3)."""
    return np.asarray(Image.open(io.BytesIO(read_image(file, **options))).convert("RGB")).astype(int)


# What is transparent


def transparent(folder):
    """Write a black disc on what is transparent, over hidden noise, in all kinds of files that can be so."""
    y, x = np.mgrid[:32, :32]
    disc = (y - 16) ** 2 + (x - 16) ** 2 < 100
    pixels = np.random.default_rng(0).integers(0, 255, (32, 32, 4)).astype(np.uint8)
    pixels[..., 3] = 255 * disc
    pixels[disc, :3] = 0
    image = Image.fromarray(pixels)
    image.save(folder / "rgba.png")
    image.save(folder / "rgba.tif")
    image.save(folder / "rgba.webp", lossless=True, exact=True)
    Image.fromarray(pixels[..., [0, 3]], "LA").save(folder / "la.png")
    palette = Image.fromarray(disc.astype(np.uint8), "P")
    palette.putpalette([9, 9, 9, 0, 0, 0])
    for ending in ("png", "gif"):
        palette.save(folder / f"palette.{ending}", transparency=0)
    Image.fromarray(np.where(disc, 0, 77).astype(np.uint8)).save(folder / "grey.png", transparency=77)
    colours = np.where(disc[..., None], 0, (1, 2, 3)).astype(np.uint8)
    Image.fromarray(colours).save(folder / "rgb.png", transparency=(1, 2, 3))
    return disc


def test_what_is_transparent_is_laid_on_a_ground(tmp_path):
    disc = transparent(tmp_path)
    for file in tmp_path.iterdir():
        np.testing.assert_array_equal(shown(file), np.where(disc, 0, 255)[..., None].repeat(3, -1), file.name)
        np.testing.assert_array_equal(read_grey(file), np.where(disc, 0, 255), file.name)
        np.testing.assert_array_equal(shown(file, ground=(9, 0, 200))[0, 0], (9, 0, 200), file.name)


def test_soft_edges_mix_with_the_ground(tmp_path):
    Image.new("RGBA", (20, 20), (200, 100, 0, 51)).save(tmp_path / "soft.png")
    assert (shown(tmp_path / "soft.png") == (244, 224, 204)).all()
    assert abs(shown(tmp_path / "soft.png", max_side=10)[4, 4] - (244, 224, 204)).max() <= 1  # JPEG


def test_encoded_files_are_laid_on_the_same_ground(tmp_path):
    transparent(tmp_path)
    Image.new("RGBA", (20, 20), (201, 99, 3, 50)).save(tmp_path / "soft.png")
    write_image(tmp_path / "photo.jpg", quality=95)
    for file in tmp_path.iterdir():
        if file.suffix in (".png", ".jpg"):
            pixels = decode_opaque(tf.constant(file.read_bytes()), (9, 0, 200)).numpy()
            stored = tf.io.decode_image(read_image(file, ground=(9, 0, 200)), channels=3).numpy()
            np.testing.assert_array_equal(pixels, stored, file.name)


# More than 8 bits


SHARES = np.linspace(0.1, 0.9, 36 * 28).reshape(28, 36)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("twelve.png", (SHARES * 4095).astype(np.uint16)),
        ("ten.tif", (SHARES * 1023).astype(np.uint16)),
        ("fourteen.tif", (SHARES * 16383).astype(np.uint16)),
        ("sixteen.png", (SHARES * 65535).astype(np.uint16)),
        ("shares.tif", SHARES.astype(np.float32)),
        ("eight.tif", (SHARES * 255).astype(np.float32)),
        ("whole.tif", (SHARES * 65535).astype(np.int32)),
    ],
)
def test_values_of_a_usual_range_become_black_to_white(tmp_path, name, values):
    Image.fromarray(values).save(tmp_path / name)
    assert abs(shown(tmp_path / name)[..., 0] - SHARES * 255).max() <= 1
    assert abs(read_grey(tmp_path / name) - SHARES * 255).max() <= 1


@pytest.mark.parametrize(
    ("values", "limits"),
    [
        (29000 + SHARES * 1000, None),  # thermal cameras fill little of their range
        (-40 + SHARES * 60, None),
        (SHARES * 9e6, None),
        (SHARES * 1000, (100, 900)),
    ],
)
def test_other_values_are_mapped_by_percentiles_or_limits(tmp_path, values, limits):
    Image.fromarray(values.astype(np.float32)).save(tmp_path / "a.tif")
    grey = shown(tmp_path / "a.tif", limits=limits)[..., 0]
    assert grey.min() == 0 and grey.max() == 255 and len(np.unique(grey)) > 200


def test_limits_are_those_of_the_smallest_range_that_is_filled():
    assert limits_of(np.array([0.0, 0.3, 1.0])) == (0, 1)
    assert limits_of(np.array([7, 300, 4095])) == (0, 4095)
    assert limits_of(np.array([0, 200])) == (0, 255)
    assert limits_of(np.array([5, 5, 5])) == (5, 6)
    low, high = limits_of(np.linspace(-1, 1, 1001))
    assert (low, high) == pytest.approx((-0.99, 0.99))


def png16(values):
    """Encode colours of 16 bits, with opacity where there are four channels, by hand: Pillow writes none."""
    height, width, channels = values.shape

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_negatives_are_shown_alike_in_all_depths(tmp_path):
    shallow = ((1 - SHARES) * 255).astype(np.uint8)  # which Pillow turns into a negative itself
    for values in shallow, (SHARES * 65535).astype(np.uint16):
        Image.fromarray(values).save(tmp_path / "a.tif", tiffinfo={262: 0})
        with Image.open(tmp_path / "a.tif") as image:
            assert image.tag_v2[262] == 0
        assert abs(shown(tmp_path / "a.tif")[..., 0] - (1 - SHARES) * 255).max() <= 1


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_colours_of_sixteen_bits_are_mapped_alike(tmp_path, channels):
    values = np.stack([SHARES * 4095, SHARES[::-1] * 4095, 0 * SHARES, 0 * SHARES + 65535], -1)[..., :channels]
    values = values.astype(np.uint16)
    if channels == 4:
        values[0, 0] = (4000, 1, 1, 0)
    (tmp_path / "a.png").write_bytes(png16(values))
    expected = np.rint(values[..., :3] / 4095 * 255) + np.zeros(3)
    if channels == 4:
        expected[0, 0] = 255
    np.testing.assert_array_equal(shown(tmp_path / "a.png"), expected)
    for limits in (None, (0, 4095)):
        pixels = decode_opaque(tf.constant(png16(values)), (255, 255, 255), limits).numpy()
        np.testing.assert_allclose(pixels, expected, atol=1)
    eight = tf.io.encode_png(pixels)
    np.testing.assert_array_equal(decode_opaque(eight, (255, 255, 255), (0, 4095)), pixels)


@pytest.mark.parametrize("values", [29000 + SHARES * 1000, SHARES * 700, SHARES * 0 + 5, 60000 * (SHARES > 0.2)])
def test_encoded_files_of_sixteen_bits_have_the_limits_of_files(tmp_path, values):
    Image.fromarray(values.astype(np.uint16)).save(tmp_path / "a.png")
    pixels = decode_opaque(tf.constant((tmp_path / "a.png").read_bytes()), (255, 255, 255)).numpy()
    np.testing.assert_allclose(pixels, shown(tmp_path / "a.png"), atol=1)


def test_a_picture_of_which_nothing_would_be_left_is_told(tmp_path):
    Image.fromarray((29000 + SHARES * 1000).astype(np.uint16)).save(tmp_path / "a.png")
    told = reason(lambda: read_image(tmp_path / "a.png", limits=(0, 500)))
    assert (
        told.startswith("its 801 values, 29100 to 29900, become 1 between the limits 0 and 500") and "data.lim" in told
    )
    Image.fromarray(np.full((8, 8), 3, np.uint16)).save(tmp_path / "flat.png")
    assert len(np.unique(shown(tmp_path / "flat.png"))) == 1
    Image.fromarray(np.array([[0.5, np.nan]], np.float32)).save(tmp_path / "nan.tif")
    assert reason(read_image, tmp_path / "nan.tif").startswith("holds nan at row 0, column 1; expected numbers")


@pytest.mark.filterwarnings("ignore")
def test_a_tiff_of_many_bands_is_told(tmp_path):
    tags = {256: 2, 257: 2, 258: 16, 259: 1, 262: 1, 273: 200, 277: 5, 278: 2, 279: 40}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    content = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    (tmp_path / "five.tif").write_bytes(content.ljust(240, b"\1"))
    told = reason(read_image, tmp_path / "five.tif")
    assert told.startswith("is a TIFF of 5 bands of 16 bits; expected grey") and "volume_folder" in told
    (tmp_path / "torn.tif").write_bytes(content[:20])
    assert reason(read_image, tmp_path / "torn.tif") == "is no image that can be read"


# What cannot be read


@pytest.mark.parametrize(
    "block", [b"garbage garbage", b"II*\0\xff\xff\xff\x7f", b"MM\0*\0\0\0\x08\xff\xff\1\x12\1\x12"]
)
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_exif_block_costs_the_turn_alone(tmp_path, block):
    for name in ("a.jpg", "a.png", "a.webp"):
        file = write_image(tmp_path / name, exif=b"Exif\0\0" + block)
        assert shown(file).shape == (28, 36, 3) and image_size(file) == (28, 36)


def test_what_is_no_image_gives_its_reason(tmp_path, monkeypatch, read_here):
    whole = write_image(tmp_path / "whole.png").read_bytes()
    contents = {
        "empty.jpg": (b"", "0 bytes"),
        "text.jpg": (b"text" * 99, "is no image that can be read"),
        "torn.png": (whole[:-6], ""),
        "flipped.png": (whole[:45] + bytes([whole[45] ^ 1]) + whole[46:], ""),
    }
    for name, (content, expected) in contents.items():
        (tmp_path / name).write_bytes(content)
        assert expected in reason(read_image, tmp_path / name)
    for place in (tmp_path / "none.jpg", tmp_path):
        assert reason(read_image, place) == "no such file"

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "read_bytes", refuse)
    with pytest.raises(MediaError, match="Permission denied"):
        read_image(tmp_path / "whole.png")
