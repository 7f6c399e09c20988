import re
import struct
import zlib

import numpy as np
import pytest
from by_chance import few, lines_of
from conftest import reason
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from lstm_zoo.contracts.labels import VOID
from lstm_zoo.media.errors import MediaError
from lstm_zoo.media.label_maps import check_sizes, read_labels
from lstm_zoo.media.label_pictures import Palettes

NUMBERS = {**{number: number for number in range(11)}, 11: VOID}
STORED = np.arange(48, dtype=np.uint8).reshape(6, 8) % 12
LABELS = np.where(STORED == 11, VOID, STORED)


_TYPES = {"grey16": np.uint16, "int32": np.int32, "float32": np.float32}


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(labels, depth, colour=0):
    """Encode a label map by hand, for Pillow writes no grey of 2 or 4 bits."""
    height, width = labels.shape
    per_byte = 8 // depth
    padded = np.pad(labels, ((0, 0), (0, -width % per_byte))).reshape(height, -1, per_byte)
    packed = (padded << (8 - depth * (1 + np.arange(per_byte)))).sum(-1).astype(np.uint8)
    lines = b"".join(b"\0" + row.tobytes() for row in packed)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(range(48, 0, -1))) if colour == 3 else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + palette
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def write_labels(path, stored=STORED):
    """Write a label map as the name says: kind of picture first, then the ending."""
    kind = path.name.split(".")[0]
    if path.suffix == ".npy":
        np.save(path, stored.astype(kind))
    elif path.suffix == ".txt":
        path.write_bytes("\r\n".join(" ".join(f"{number:2}" for number in row) for row in stored).encode() + b"\n\n")
    elif kind.startswith("bits"):
        path.write_bytes(png(stored, int(kind[4:])))
    elif kind == "palette4":
        path.write_bytes(png(stored, 4, colour=3))
    else:
        image = Image.fromarray(stored.astype(_TYPES.get(kind, np.uint8)))
        if kind == "palette":
            image.putpalette(bytes(range(255, 0, -1)))
        image.save(path)
    return path


@pytest.mark.parametrize(
    "name",
    [
        *("grey.png", "grey16.PNG", "palette.png", "palette4.png", "bits4.png"),
        *("grey.bmp", "palette.bmp", "grey.gif", "palette.tif", "grey16.tiff", "int32.tif", "float32.tif"),
        *("rows.regions.txt", "rows.txt", "uint8.npy", "int64.npy", "float32.npy"),
    ],
)
def test_label_maps_of_any_kind_are_read(tmp_path, name):
    labels = read_labels(write_labels(tmp_path / name), NUMBERS)
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, LABELS)


@pytest.mark.parametrize(("name", "classes"), [("bits2.png", 4), ("bits1.png", 2), ("bool.npy", 2)])
def test_few_classes_need_few_bits(tmp_path, name, classes):
    labels = read_labels(write_labels(tmp_path / name, STORED % classes), {number: number for number in range(classes)})
    np.testing.assert_array_equal(labels, STORED % classes)


def test_numbers_are_those_of_the_list(tmp_path):
    stored = np.array([[-1, 0, 2], [7, 7, -1]])
    file = write_labels(tmp_path / "rows.regions.txt", stored)
    np.testing.assert_array_equal(read_labels(file, {-1: VOID, 0: 0, 2: 1, 7: 2}), [[VOID, 0, 1], [2, 2, VOID]])
    wide = write_labels(tmp_path / "grey16.png", np.array([[0, 60000]]))
    np.testing.assert_array_equal(read_labels(wide, {0: 1, 60000: 0}), [[1, 0]])


def test_labels_are_whole_but_for_rounding(tmp_path):
    near = [[1.0000000591, 0.99996, -0.004], [3.0001, 254.996, 0]]
    np.save(tmp_path / "near.npy", np.array(near, np.float32))
    labels = read_labels(tmp_path / "near.npy", {0: 0, 1: 1, 3: 2, 255: VOID})
    np.testing.assert_array_equal(labels, [[1, 1, 0], [2, VOID, 0]])
    for value in (0.3, 0.98, np.inf):
        np.save(tmp_path / "half.npy", np.array([[1, value]]))
        found = reason(read_labels, tmp_path / "half.npy", {0: 0, 1: 1})
        assert found.startswith(f"holds the label {value} at row 0, column 1, which is no whole number")
        assert "interpolated" in found and "void" not in found
    np.save(tmp_path / "other.npy", np.array([[1, 7.001]]))
    assert "label 7 at row 0, column 1; the classes are" in reason(read_labels, tmp_path / "other.npy", {0: 0, 1: 1})


@pytest.mark.parametrize(
    ("stored", "numbers", "expected"),
    [
        ([[1, 2], [3, 17]], NUMBERS, r"^holds the label 17 at row 1, column 1; the classes are 0 to 10, void 11: mend"),
        (
            [[0, 255], [0, 0]],
            {0: 0, 1: 1},
            r"the classes are 0 to 1: if 255 stands for the other class, give each class",
        ),
        ([[0, 1], [0, 255]], {0: 0, 1: 1}, r"or set data.void to 255 if this number stands for no class$"),
        (
            [[3, 1], [2, 1]],
            {0: 0, 1: 1, 2: 2},
            r"label 3 .* are 0 to 2: mend the file, give each class its number in the",
        ),
        (
            [[0, 60], [190, 255]],
            {0: 0, 1: 1},
            r"but it holds 4 different numbers from 0 to 255, as masks do that were sc",
        ),
        (
            [[0, 60], [190, 255]],
            {0: 0, 255: 1},
            r"the classes are 0, 255, but it holds 4 different .*nearest neighbour$",
        ),
        ([[1, 18], [17, 17]], NUMBERS, r"label 18 at row 0, column 1 \(and 2 more pixels\); the classes are"),
        ([[9, 1], [1, -1]], {0: 0, 1: 1, 9: 2}, r"label -1 .*; the classes are 0 to 1, 9: .* set data.void to -1 if"),
        ([[1, 2], [4, 4]], {0: VOID, 1: 0, 2: 1}, r"\(and 1 more pixel\); the classes are 1 to 2, void 0"),
    ],
)
def test_a_number_outside_the_list_is_named_with_its_place(tmp_path, stored, numbers, expected):
    assert re.search(expected, reason(read_labels, write_labels(tmp_path / "rows.txt", np.array(stored)), numbers))


def test_what_is_no_label_map_gives_its_reason(tmp_path):
    colours = Image.fromarray(np.full((4, 5, 3), (128, 64, 0), np.uint8))
    colours.save(tmp_path / "RGB.png")
    for mode in ("RGBA", "LA"):
        faint = colours.convert(mode)
        faint.putalpha(Image.fromarray(np.full((4, 5), 254, np.uint8)))
        faint.save(tmp_path / f"{mode}.png")
    colours.save(tmp_path / "lossy.jpg")
    colours.save(tmp_path / "webp.png", format="WEBP", lossless=True)
    colours.convert("CMYK").save(tmp_path / "CMYK.tif")
    colours.convert("L").save(tmp_path / "jpeg.png", format="JPEG")
    whole = write_labels(tmp_path / "grey.png").read_bytes()
    np.save(tmp_path / "deep.npy", np.zeros((4, 5, 3), np.uint8))
    np.save(tmp_path / "half.npy", np.full((4, 5), 0.5))
    np.save(tmp_path / "nan.npy", np.full((4, 5), np.nan))
    np.save(tmp_path / "words.npy", np.full((4, 5), "a"))
    np.save(tmp_path / "none.npy", np.zeros((0, 5), np.uint8))
    np.save(tmp_path / "things.npy", np.array([[{}]]), allow_pickle=True)
    contents = {
        "empty.png": b"",
        "text.png": b"text" * 99,
        "torn.png": whole[:-20],
        "flipped.png": whole[:45] + bytes([whole[45] ^ 1]) + whole[46:],
        "text.npy": b"text" * 99,
        "ragged.regions.txt": b"0 1 2\n0 1 2\n0 1\n",
        "gap.txt": b"0 1\n\n0 1\n",
        "commas.txt": b"0 1\n0,1\n",
        "huge.txt": b"0 1\n0 99999999999999999999\n",
        "blank.txt": b"\n \n",
        "latin.txt": b"0 \xe4\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    reasons = {
        "RGB.png": "holds colours, expected one number a pixel: its first is (128, 64, 0); give the colour of each",
        "RGBA.png": "holds opacity (RGBA), and some of its pixels are transparent",
        "LA.png": "holds opacity (LA), and some of its pixels are transparent",
        "CMYK.tif": "holds pixels of the kind CMYK, expected numbers, or red, green and blue",
        "lossy.jpg": "is JPEG, which changes the numbers of the classes; expected PNG",
        "jpeg.png": "is JPEG, which changes the numbers",
        "webp.png": "is a WEBP file by its content, expected PNG, BMP, TIFF, GIF",
        "empty.png": "the file is empty (0 bytes)",
        "text.png": "is no image that can be read",
        "torn.png": "",
        "flipped.png": "",
        "missing.png": "no such file",
        "missing.npy": "no such file",
        "labels.mat": "is no label file that can be read; expected one that ends in .png, .bmp, .gif, .tif",
        "deep.npy": "holds an array of the shape (4, 5, 3), expected (height, width)",
        "half.npy": "holds the label 0.5 at row 0, column 0 (and 19 more pixels), which is no whole number",
        "nan.npy": "holds the label nan at row 0, column 0",
        "words.npy": "holds values of the type <U1, expected whole numbers",
        "none.npy": "holds an array of the shape (0, 5)",
        "things.npy": "is no array that NumPy can read",
        "text.npy": "is no array that NumPy can read",
        "ragged.regions.txt": "line 3 holds 2 numbers, line 1 holds 3; expected as many in each",
        "gap.txt": "line 2 holds 0 numbers, line 1 holds 2",
        "commas.txt": "line 2: expected whole numbers, separated by blanks, got '0,1'",
        "huge.txt": "line 2: expected whole numbers",
        "blank.txt": "holds an array of the shape (0, 0)",
        "latin.txt": "is not text; expected rows of whole numbers",
    }
    for name, expected in reasons.items():
        assert expected in reason(read_labels, tmp_path / name, NUMBERS), name


def test_colours_stand_for_classes(tmp_path):
    own = {(0, 0, 0): 0, (128, 0, 0): 1, (255, 255, 255): 2, (0, 9, 0): VOID}
    palette, labels = np.array(list(own), np.uint8), np.array([[0, 1, 2], [3, 2, 1]])
    expected = np.array(list(own.values()))[labels]
    image = Image.fromarray(palette[labels])
    for mode, name in (
        ("RGB", "rgb.png"),
        ("RGBA", "rgba.png"),
        ("RGB", "rgb.bmp"),
        ("RGB", "rgb.tif"),
        ("P", "p.gif"),
    ):
        image.convert(mode, palette=Image.Palette.ADAPTIVE).save(tmp_path / name)
        np.testing.assert_array_equal(read_labels(tmp_path / name, {}, own), expected)
    Image.fromarray(np.array([[255, 0]], np.uint8)).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_labels(tmp_path / "grey.png", {}, own), [[2, 0]])
    Image.fromarray(np.uint8([[[0, 0, 0], [0, 0, 7]]])).save(tmp_path / "other.png")
    np.save(tmp_path / "numbers.npy", labels)
    image.resize((30, 20), Image.Resampling.BILINEAR).save(tmp_path / "soft.png")
    reasons = {
        "other.png": "holds the colour (0, 0, 7) at row 0, column 1, which is that of no class; mend the file, or name",
        "soft.png": "labels that were scaled with interpolation, or stored with loss, look so",
        "numbers.npy": "holds numbers, but the list of classes gives colours",
    }
    for name, expected in reasons.items():
        assert expected in reason(read_labels, tmp_path / name, {}, own)


def test_grey_in_three_channels_is_grey_and_the_first_picture_counts(tmp_path):
    Image.fromarray(STORED).convert("RGB").save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_labels(tmp_path / "grey.png", NUMBERS), LABELS)
    # A GIF keeps the greys in use alone, in another order than that of the numbers.
    first, second = (Image.fromarray(np.uint8([[5, 2, 2, number]])) for number in (2, 9))
    first.save(tmp_path / "two.gif", save_all=True, append_images=[second])
    np.testing.assert_array_equal(read_labels(tmp_path / "two.gif", NUMBERS), [[5, 2, 2, 2]])


@pytest.mark.parametrize(("kind", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_numbers_of_16_bits_in_several_channels_keep_all_of_them(tmp_path, kind, channels):
    stored = STORED.astype(np.uint16) * 100
    values = np.stack([stored] * channels, axis=-1)
    if channels % 2 == 0:
        values[..., -1] = 65535  # opacity
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *stored.shape[::-1], 16, kind, 0, 0, 0))
    end = chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(lines)) + end)
    numbers = {100 * number: label for number, label in NUMBERS.items()}
    np.testing.assert_array_equal(read_labels(tmp_path / "a.png", numbers), LABELS)


def test_palettes_have_to_agree_in_what_they_are_used_for(tmp_path):
    colours = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (7, 7, 7)]

    def write(name, labels, order, entries=4):
        image = Image.fromarray(np.array([labels], np.uint8))
        image.putpalette([value for number in order[:entries] for value in colours[number]])
        image.save(tmp_path / name)
        return tmp_path / name

    palettes, numbers = Palettes(), {0: 0, 1: 1, 2: 2}
    read_labels(write("a.png", [0, 1], [0, 1, 2, 3]), numbers, palettes=palettes)
    read_labels(write("short.png", [0, 1], [0, 1], entries=2), numbers, palettes=palettes)
    read_labels(write("unused.png", [1, 0, 2], [0, 1, 2, 0]), numbers, palettes=palettes)
    Image.fromarray(np.uint8([[2, 1]])).save(tmp_path / "grey.png")
    read_labels(tmp_path / "grey.png", numbers, palettes=palettes)
    other = write("other.png", [0, 2], [0, 2, 1, 3])
    assert reason(lambda: read_labels(other, numbers, palettes=palettes)).startswith(
        f"its palette gives the number 2 the colour (128, 0, 0), that of {tmp_path.name}/unused.png gives it (0, 128"
    )
    np.testing.assert_array_equal(read_labels(other, {}, {colour: at for at, colour in enumerate(colours)}), [[0, 1]])


def test_labels_have_the_size_of_their_image():
    check_sizes((180, 240), (180, 240))
    assert reason(check_sizes, (180, 240), (90, 120)).startswith(
        "is 240 x 180 pixels, its labels are 120 x 90; expected"
    )
    assert "turned by a quarter" in reason(check_sizes, (180, 240), (240, 180))
    assert "is 7 x 6 x 5 voxels, its labels are 6 x 7 x 5" in reason(check_sizes, (5, 6, 7), (5, 7, 6))


@few
@given(
    some.sampled_from(["grey.png", "palette.png", "uint8.npy", "int32.npy", "float32.npy", "rows.txt"]),
    some.tuples(some.integers(1, 9), some.integers(1, 9)),
    some.integers(0, 2**32),
)
def test_labels_are_those_that_were_stored(tmp_path, name, size, seed):
    stored = np.random.default_rng(seed).integers(0, 12, size, np.uint8)
    write_labels(tmp_path / name, stored)
    found = read_labels(tmp_path / name, NUMBERS)
    np.testing.assert_array_equal(found, np.where(stored == 11, VOID, stored))


@few
@given(some.sampled_from(["grey.png", "uint8.npy", "rows.txt"]), some.integers(0, 200), some.binary(max_size=6))
def test_a_damaged_label_map_is_read_or_refused(tmp_path, name, at, bytes_there):
    write_labels(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:at] + bytes_there + whole[at + len(bytes_there) :])
    try:
        found = read_labels(tmp_path / name, NUMBERS)
    except MediaError as error:
        assert str(error)
    else:
        assert found.dtype == np.uint8 and set(np.unique(found)) <= set(NUMBERS.values())


@few
@given(lines_of("0 1 2\n", "-1", "1e3", "999999999999999999999 ", "\n"))
def test_any_text_is_a_label_map_or_refused(tmp_path, text):
    (tmp_path / "a.txt").write_bytes(text.encode())
    try:
        assert read_labels(tmp_path / "a.txt", NUMBERS).ndim == 2
    except MediaError as error:
        assert str(error)
