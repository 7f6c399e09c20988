import gzip
import re
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from lstm_zoo.contracts import InputError
from lstm_zoo.data.class_list import read_classes
from lstm_zoo.data.label_files import check_sizes, read_labels
from lstm_zoo.data.label_listing import Pair, check_pair, list_pairs, read_pair_table, stem_of
from lstm_zoo.data.listing import split_by_group
from lstm_zoo.data.volume_files import VOLUMES, is_volume, read_volume, read_volume_labels, to_bytes
from lstm_zoo.labels import VOID
from lstm_zoo.media import MediaError

NUMBERS = {**{number: number for number in range(11)}, 11: VOID}
STORED = np.arange(48, dtype=np.uint8).reshape(6, 8) % 12
LABELS = np.where(STORED == 11, VOID, STORED)


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


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


def reason(function, *arguments):
    with pytest.raises(MediaError) as caught:
        function(*arguments)
    return str(caught.value)


# Classes


@pytest.fixture
def classes(tmp_path):
    file = tmp_path / "classes.txt"
    file.write_bytes("\ufeffSky\r\n\r\nBuilding \r\n  Sign  Symbol\r\nVoid\r\nCar\r\n\r\n".encode())
    return file


@pytest.mark.parametrize(
    ("void", "names", "numbers"),
    [
        (None, ("Sky", "Building", "Sign Symbol", "Void", "Car"), {0: 0, 1: 1, 2: 2, 3: 3, 4: 4}),
        (" void", ("Sky", "Building", "Sign Symbol", "Car"), {0: 0, 1: 1, 2: 2, 3: VOID, 4: 3}),
        (0, ("Building", "Sign Symbol", "Void", "Car"), {0: VOID, 1: 0, 2: 1, 3: 2, 4: 3}),
        (255, ("Sky", "Building", "Sign Symbol", "Void", "Car"), {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 255: VOID}),
        (-1, ("Sky", "Building", "Sign Symbol", "Void", "Car"), {-1: VOID, 0: 0, 1: 1, 2: 2, 3: 3, 4: 4}),
    ],
)
def test_classes_are_numbered_by_line_and_void_is_none(classes, void, names, numbers):
    assert read_classes(classes, void) == (names, numbers)


@pytest.mark.parametrize(
    ("text", "void", "key", "expected"),
    [
        ("Sky\nRoad\n\nsky \n", None, "data.classes", r"classes.txt:4: the class 'sky' stands in line 1 already"),
        ("Sky\nRoad\n", "Vood", "data.void", r"no class 'Vood'; expected one of Sky, Road, a number, or null"),
        ("Sky\nRoad\nVoid\n", "Vodi", "data.void", r"no class 'Vodi' \(did you mean 'Void'\?\)"),
        ("Sky\nVoid\n", "void", "data.classes", r"names 1 class besides void; expected 2 to 255"),
        ("\n", 255, "data.classes", r"names 0 classes; expected 2 to 255"),
        ("\n".join(map(str, range(256))), None, "data.classes", r"names 256 classes; expected 2 to 255"),
    ],
)
def test_mistakes_in_a_list_of_classes_are_named(tmp_path, text, void, key, expected):
    file = tmp_path / "classes.txt"
    file.write_text(text)
    with pytest.raises(InputError, match=expected) as caught:
        read_classes(file, void)
    assert caught.value.key == key


def test_there_may_be_255_classes_and_void(tmp_path):
    file = tmp_path / "classes.txt"
    file.write_text("\n".join(map(str, range(256))))
    names, numbers = read_classes(file, 7)
    assert len(names) == 255 and numbers[7] == VOID and numbers[255] == 254
    with pytest.raises(InputError, match=r"none.txt cannot be read") as caught:
        read_classes(tmp_path / "none.txt", None)
    assert caught.value.key == "data.classes"


# Label maps


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
        image = Image.fromarray(stored.astype(np.uint16 if kind == "grey16" else np.uint8))
        if kind == "palette":
            image.putpalette(bytes(range(255, 0, -1)))
        image.save(path)
    return path


@pytest.mark.parametrize(
    "name",
    [
        *("grey.png", "grey16.PNG", "palette.png", "palette4.png", "bits4.png"),
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


@pytest.mark.parametrize(
    ("stored", "numbers", "expected"),
    [
        ([[1, 2], [3, 17]], NUMBERS, r"^holds the label 17 at row 1, column 1; the classes are 0 to 10, void 11: mend"),
        ([[1, 18], [17, 17]], NUMBERS, r"label 18 at row 0, column 1 \(and 2 more pixels\); the classes are"),
        ([[9, 1], [1, -1]], {0: 0, 1: 1, 9: 2}, r"label -1 .*; the classes are 0 to 1, 9: .* set data.void to -1 if"),
        ([[1, 2], [4, 4]], {0: VOID, 1: 0, 2: 1}, r"\(and 1 more pixel\); the classes are 1 to 2, void 0"),
    ],
)
def test_a_number_outside_the_list_is_named_with_its_place(tmp_path, stored, numbers, expected):
    assert re.search(expected, reason(read_labels, write_labels(tmp_path / "rows.txt", np.array(stored)), numbers))


def test_what_is_no_label_map_gives_its_reason(tmp_path):
    colours = Image.fromarray(np.full((4, 5, 3), (128, 64, 0), np.uint8))
    for mode in ("RGB", "RGBA", "LA"):
        colours.convert(mode).save(tmp_path / f"{mode}.png")
    colours.save(tmp_path / "lossy.jpg")
    colours.save(tmp_path / "gif.png", format="GIF")
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
        "RGB.png": "holds colours (RGB), expected one number a pixel: its first is (128, 64, 0); turn each colour",
        "RGBA.png": "holds colours (RGBA), expected one number a pixel: its first is (128, 64, 0, 255)",
        "LA.png": "holds opacity beside grey (LA), expected one number a pixel: store the grey alone",
        "lossy.jpg": "is JPEG, which changes the numbers of the classes; expected PNG",
        "jpeg.png": "is JPEG, which changes the numbers",
        "gif.png": "is a GIF file by its content, expected PNG",
        "empty.png": "the file is empty (0 bytes)",
        "text.png": "is no image that can be read",
        "torn.png": "",
        "flipped.png": "",
        "missing.png": "no such file",
        "missing.npy": "no such file",
        "labels.mat": "is no label file that can be read; expected one that ends in .png, .regions.txt, .txt, .npy",
        "deep.npy": "holds an array of the shape (4, 5, 3), expected (height, width)",
        "half.npy": "holds the label 0.5 at row 0, column 0 (and 19 more pixels)",
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


def test_labels_have_the_size_of_their_image():
    check_sizes((180, 240), (180, 240))
    assert reason(check_sizes, (180, 240), (90, 120)).startswith(
        "is 240 x 180 pixels, its labels are 120 x 90; expected"
    )
    assert "turned by a quarter" in reason(check_sizes, (180, 240), (240, 180))
    assert "is 7 x 6 x 5 voxels, its labels are 6 x 7 x 5" in reason(check_sizes, (5, 6, 7), (5, 7, 6))


# Folders of images and labels


@pytest.mark.parametrize(
    ("images", "labels"),
    [("{}", "{}annot"), ("images/{}", "labels/{}"), ("{}/images", "{}/labels")],
)
def test_usual_layouts_with_splits(tmp_path, images, labels):
    expected = {}
    for split, stems in (("train", ("10", "2", "seq/1")), ("val", ("7",))):
        names = [(f"{images}/{stem}.jpg".format(split), f"{labels}/{stem}.png".format(split)) for stem in stems]
        expected[split] = [Pair(*pair) for pair in names]
        touch(
            tmp_path, "classes.txt", *(name for pair in names for name in pair), f"{labels}/.hidden.png".format(split)
        )
    assert list_pairs(tmp_path, {}) == expected
    touch(tmp_path, f"{images}/1.jpg".format("test"))
    with pytest.raises(InputError, match=f"has {images}/, but no {labels}/; add it, or name".format("test", "test")):
        list_pairs(tmp_path, {})


def test_folders_without_splits_are_dealt(tmp_path):
    stems = [f"{number:02}" for number in range(10)]
    touch(tmp_path, *(f"images/{stem}.JPG" for stem in stems), *(f"labels/{stem}.regions.txt" for stem in stems))
    touch(tmp_path, "labels/00.surfaces.txt", "labels/classes.txt", "images/notes.md")  # no pair ends so: no labels
    splits = list_pairs(tmp_path, {})
    assert splits == {"": [Pair(f"images/{stem}.JPG", f"labels/{stem}.regions.txt") for stem in stems]}
    dealt = split_by_group(splits[""], {"train": 0.8, "val": 0.2}, seed=0)
    assert {split: len(pairs) for split, pairs in dealt.items()} == {"train": 8, "val": 2}
    assert list_pairs(tmp_path, {"val": ("images/", "labels")}) == {"val": splits[""]}


def test_what_stands_alone_is_kept_to_be_named(tmp_path):
    touch(tmp_path, "train/a.jpg", "train/b.jpg", "train/c.tif", "trainannot/a.png", "trainannot/d.png")
    touch(tmp_path, "trainannot/a.npy.png.bak")
    (pairs,) = list_pairs(tmp_path, {}).values()
    assert [pair.name for pair in pairs] == ["train/a.jpg", "train/b.jpg", "train/c.tif", "train/d.jpg"]
    check_pair(tmp_path, pairs[0])
    assert [reason(check_pair, tmp_path, pair) for pair in pairs[1:]] == [
        "has no label file trainannot/b.png",
        "has no label file trainannot/c.png",
        "no such image, but its labels trainannot/d.png",
    ]
    assert reason(check_pair, tmp_path, Pair("x.jpg", "x.png")) == "no such file"


def test_volumes_may_hold_their_labels(tmp_path):
    touch(tmp_path, "train/a.npz", "train/b.npz", "scans/a.nii.gz", "masks/a.nii.gz", "scans/b.npy", "masks/b.nii")
    own = list_pairs(tmp_path, {"train": ("train", "train")}, VOLUMES, VOLUMES)
    assert own == {"train": [Pair(f"train/{stem}.npz", f"train/{stem}.npz") for stem in "ab"]}
    apart = list_pairs(tmp_path, {"": ("scans", "masks")}, VOLUMES, VOLUMES)
    assert apart == {"": [Pair("scans/a.nii.gz", "masks/a.nii.gz"), Pair("scans/b.npy", "masks/b.nii")]}


@pytest.mark.parametrize(
    ("names", "folders", "key", "expected"),
    [
        (["x/a.jpg", "y.txt"], {}, "root", r"side by side; expected train/ and trainannot/, .*; found x/, y.txt$"),
        ([], {}, "root", r"; found nothing$"),
        (["train/a.jpg", "trainannot/"], {}, "root", r"no label files in .*trainannot \(.npy, .png, .*; found nothing"),
        (
            ["train/", "trainannot/a.png"],
            {"train": ("trian", "trainannot")},
            "folders",
            r"no folder .*trian \(did you mean 'train'\?\)",
        ),
        (["a/a.mp4", "b/a.png"], {"train": ("a", "b")}, "folders", r"no images in .*a \(.bmp, .*\); found a.mp4"),
        (
            ["train/a.jpg", "trainannot/a_L.png"],
            {},
            "root",
            r"no image of .* has labels in .*: they hold train/a.jpg and trainannot/a_L.png, say; expected",
        ),
        (["train/a.jpg", "train/a.png", "trainannot/a.png"], {}, "root", r"train/a.jpg and train/a.png differ in"),
        (["train/a.jpg", "trainannot/a.npy", "trainannot/a.png"], {}, "root", r"a.npy and trainannot/a.png differ in"),
    ],
)
def test_mistakes_of_folders_are_named(tmp_path, names, folders, key, expected):
    for name in names:
        (tmp_path / name).mkdir(parents=True) if name.endswith("/") else touch(tmp_path, name)
    with pytest.raises(InputError, match=expected) as caught:
        list_pairs(tmp_path, folders)
    assert caught.value.key == f"data.{key}"


def test_a_missing_root_is_named(tmp_path):
    with pytest.raises(InputError, match=r"data.root: no folder .*none"):
        list_pairs(tmp_path / "none", {})


# Tables


def write_table(root, header, *rows):
    (root / "pairs.csv").write_text("\n".join([header, *rows]), encoding="utf-8-sig")
    return root / "pairs.csv"


def test_a_table_names_images_and_labels(tmp_path):
    rows = [f'{tmp_path}/i/b.jpg,"l\\b, 2.png",Train', "", "i/a.jpg,l/a.png,val"]
    table = write_table(tmp_path, "file, mask,split", *rows)
    splits = read_pair_table(table, tmp_path, {"image": "file", "labels": "mask"})
    assert splits == {"train": [Pair("i/b.jpg", "l/b, 2.png")], "val": [Pair("i/a.jpg", "l/a.png")]}
    table = write_table(tmp_path, "image,labels,group", "a.npz,a.npz,patient 1", "b.npz,b.npz,")
    assert read_pair_table(table, tmp_path, {}) == {"": [Pair("a.npz", "a.npz", "patient 1"), Pair("b.npz", "b.npz")]}


@pytest.mark.parametrize(
    ("header", "rows", "columns", "key", "expected"),
    [
        ("image,lables", ["a,b"], {}, "table", r"csv:1: no column 'labels' for the labels \(.*'lables'\?\); its col"),
        (
            "image,labels",
            ["a,b"],
            {"group": "g"},
            "columns",
            r"no column 'g' for the group; its columns: image, labels",
        ),
        ("image,labels,image", ["a,b,c"], {}, "table", r"csv:1: 2 columns 'image'; expected one"),
        ("image,labels", ["a,b", " ,b"], {}, "table", r"csv:3: the column for the image is empty"),
        ("image,labels", ["a"], {}, "table", r"csv:2: the column for the labels is empty; expected a path below"),
        ("image,labels,split", ["a,b,tset"], {}, "table", r"csv:2: split 'tset' \(did you mean 'test'\?\); expected t"),
        ("image,labels", ["a,b", "c,d", "a,e"], {}, "table", r"csv:4: a stands in line 2 already"),
        ("image,labels", ["a,b,c"], {}, "table", r"csv:2: 3 fields below 2 columns; a field with commas stands in d"),
        ("image,labels", ['"a,b'], {}, "table", r"csv:2: unexpected end of data"),
        ("image,labels", [], {}, "table", r"pairs.csv names no images; expected one row an image"),
        ("", [], {}, "table", r"no column 'image' for the image; its columns: none"),
    ],
)
def test_mistakes_of_a_table_are_named(tmp_path, header, rows, columns, key, expected):
    with pytest.raises(InputError, match=expected) as caught:
        read_pair_table(write_table(tmp_path, header, *rows), tmp_path, columns)
    assert caught.value.key == f"data.{key}"


# Volumes

VOLUME = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5) - 20
REGIONS = (np.arange(60).reshape(3, 4, 5) % 3).astype(np.uint8)
TWO = {0: 0, 1: 1, 2: VOID}


def test_endings_of_volumes():
    assert [stem_of(name, VOLUMES) for name in ("a.b.nii.gz", "a.NII", "s/a.npz", "a.gz")] == ["a.b", "a", "s/a", None]
    assert stem_of("a.regions.txt", (".txt", ".regions.txt")) == "a"


def test_volumes_from_numpy(tmp_path):
    np.savez_compressed(tmp_path / "both.npz", image=VOLUME, labels=REGIONS)
    np.save(tmp_path / "image.npy", np.stack([VOLUME, -VOLUME], -1))
    np.save(tmp_path / "labels.npy", REGIONS[..., None].astype(np.float32))
    volume = read_volume(tmp_path / "both.npz")
    assert volume.dtype == np.int16 and is_volume(tmp_path / "both.npz") and not is_volume(tmp_path / "both.png")
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


def test_nifti_needs_nibabel(tmp_path, monkeypatch):
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
    (tmp_path / "a.mhd").write_text("text")
    assert "expected a file that ends in .npz, .npy, .nii, .nii.gz" in reason(read_volume, tmp_path / "a.mhd")
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
