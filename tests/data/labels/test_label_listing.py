"""Which pictures have which label maps, and what the numbers in these stand for."""

import pytest
from labelled import touch

from lstm_zoo.contracts import InputError
from lstm_zoo.contracts.labels import VOID
from lstm_zoo.data.labels.class_list import read_classes
from lstm_zoo.data.labels.listing import check_pair, list_pairs, read_pairs
from lstm_zoo.data.pipeline.family import Item
from lstm_zoo.data.pipeline.splitting import split_by_group
from lstm_zoo.media.endings import VOLUMES
from lstm_zoo.media.errors import MediaError

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
    assert read_classes(classes, void) == (names, numbers, {})


@pytest.mark.parametrize(
    ("void", "numbers"), [(None, ()), (255, ()), ("car", ()), ("void", (0, 1, 2, 4)), (0, (1, 2, 3, 4))]
)
def test_what_is_asked_for_has_the_numbers_of_the_list(classes, void, numbers):
    listed = read_classes(classes, void)
    assert (listed.target.names, listed.target.numbers) == (listed.names, numbers)


@pytest.mark.parametrize(
    ("text", "void", "key", "expected"),
    [
        ("Sky\nRoad\n\nsky \n", None, "data.classes", r"classes.txt:4: the class 'sky' stands in line 1 already"),
        ("Sky\nRoad\n", "Vood", "data.void", r"no class 'Vood'; expected one of Sky, Road, a number, or null"),
        ("Sky\nRoad\nVoid\n", "Vodi", "data.void", r"no class 'Vodi' \(did you mean 'Void'\?\)"),
        ("Sky\nVoid\n", "void", "data.classes", r"names 1 class besides void; expected 2 to 255"),
        ("a: 1\nb: 2\nc: 1\n", None, "data.classes", r"txt:3: 1 stands in line 1 already; expected one class each"),
        ("a: 1, 2, 3\nb: 1,2,3\n", None, "data.classes", r"txt:2: \(1, 2, 3\) stands in line 1 already"),
        ("a: 1\nb\n", None, "data.classes", r"txt:2: 'b' has neither number nor colour, but 'a' has a number; give"),
        ("a: 1\nb: 1,2,3\n", None, "data.classes", r"txt:2: 'b' has a colour, but 'a' has a number; give the same"),
        (
            "a: 1,2,300\nb: 1,2,3\n",
            None,
            "data.classes",
            r"txt:1: expected a colour, three numbers up to 255, got a: 1",
        ),
        (
            "a: 1,2,3\nb: 4,5,6\nc: 7,8,9",
            255,
            "data.void",
            r"is 255, but .* gives colours; name the class there that is",
        ),
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
    names, numbers, _ = read_classes(file, 7)
    assert len(names) == 255 and numbers[7] == VOID and numbers[255] == 254
    with pytest.raises(InputError, match=r"none.txt cannot be read") as caught:
        read_classes(tmp_path / "none.txt", None)
    assert caught.value.key == "data.classes"


@pytest.mark.parametrize(
    ("text", "void", "names", "numbers", "colours"),
    [
        ("# own\nsky: 7\n\nroad : 0\ncar: 300\n", None, "sky road car", {7: 0, 0: 1, 300: 2}, {}),
        ("ground: 0\nhouse: 255", None, "ground house", {0: 0, 255: 1}, {}),
        ("a: 1\nb: 2\nnone: 0", "None", "a b", {1: 0, 2: 1, 0: VOID}, {}),
        ("a: 1\nb: 2", 255, "a b", {1: 0, 2: 1, 255: VOID}, {}),
        ("a: [0, 0, 9]\nb: (1,2,3)\nc: 4, 5, 6", None, "a b c", {}, {(0, 0, 9): 0, (1, 2, 3): 1, (4, 5, 6): 2}),
        (
            "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:128,0,0:head,tail:run\ndog:0,128,0::",
            "background",
            "cat dog",
            {},
            {(128, 0, 0): 0, (0, 128, 0): 1, (0, 0, 0): VOID},
        ),
        ("64 128 64\tAnimal\n192 0 128\t\tArchway", None, "Animal Archway", {}, {(64, 128, 64): 0, (192, 0, 128): 1}),
        ("1: cat\n2: dog\n0: none", "none", "cat dog", {1: 0, 2: 1, 0: VOID}, {}),
        ("0 sky\n7 road", None, "sky road", {0: 0, 7: 1}, {}),
        ("id,name\n3,sky\n0,road", None, "sky road", {3: 0, 0: 1}, {}),
        ("name;id\nsky;3\nroad;0", None, "sky road", {3: 0, 0: 1}, {}),
        ("road\t2\nbicycle lane\t1", None, ("road", "bicycle lane"), {2: 0, 1: 1}, {}),
        ("name,r,g,b\nsky,0,0,9\nroad, 1, 2, 3", None, "sky road", {}, {(0, 0, 9): 0, (1, 2, 3): 1}),
        ("sky 0 0 9\nroad 1 2 3", None, "sky road", {}, {(0, 0, 9): 0, (1, 2, 3): 1}),
        ("0,0,9,sky\n1,2,3,road", None, "sky road", {}, {(0, 0, 9): 0, (1, 2, 3): 1}),
        ("part 2\npart 1", None, ("part 2", "part 1"), {0: 0, 1: 1}, {}),
        ("30 zone\n50 zone", None, ("30 zone", "50 zone"), {0: 0, 1: 1}, {}),
        ("size: large\nsize: 4 rooms", None, ("size: large", "size: 4 rooms"), {0: 0, 1: 1}, {}),
    ],
)
def test_classes_may_have_numbers_or_colours_of_their_own(tmp_path, text, void, names, numbers, colours):
    (tmp_path / "list.txt").write_text(text)
    listed = read_classes(tmp_path / "list.txt", void)
    assert listed == (tuple(names.split() if isinstance(names, str) else names), numbers, colours)
    assert listed.target.colours == tuple(colour for colour, label in colours.items() if label != VOID)


# Folders of images and labels


@pytest.mark.parametrize(
    ("images", "labels"),
    [("{}", "{}annot"), ("images/{}", "labels/{}"), ("{}/images", "{}/labels")],
)
def test_usual_layouts_with_splits(tmp_path, images, labels):
    expected = {}
    for split, stems in (("train", ("10", "2", "seq/1")), ("val", ("7",))):
        names = [(f"{images}/{stem}.jpg".format(split), f"{labels}/{stem}.png".format(split)) for stem in stems]
        expected[split] = [Item(*pair) for pair in names]
        touch(
            tmp_path, "classes.txt", *(name for pair in names for name in pair), f"{labels}/.hidden.png".format(split)
        )
    assert list_pairs(tmp_path, {}).splits == expected
    touch(tmp_path, f"{images}/1.jpg".format("test"))
    with pytest.raises(InputError, match=f"has {images}/, but no {labels}/; add it, or name".format("test", "test")):
        list_pairs(tmp_path, {})


def test_folders_without_splits_are_dealt(tmp_path):
    stems = [f"{number:02}" for number in range(10)]
    touch(tmp_path, *(f"images/{stem}.JPG" for stem in stems), *(f"labels/{stem}.regions.txt" for stem in stems))
    touch(tmp_path, "labels/00.surfaces.txt", "labels/classes.txt", "images/notes.md")  # no pair ends so: no labels
    splits, remarks = list_pairs(tmp_path, {})
    assert splits == {"": [Item(f"images/{stem}.JPG", f"labels/{stem}.regions.txt") for stem in stems]}
    dealt = split_by_group(splits[""], {"train": 0.8, "val": 0.2}, seed=0)
    assert {split: len(pairs) for split, pairs in dealt.items()} == {"train": 8, "val": 2}
    assert remarks == ["layout: images/ and labels/; dealt to the splits"]
    assert list_pairs(tmp_path, {"val": ("images/", "labels")}).splits == {"val": splits[""]}


def missing(root, item):
    with pytest.raises(MediaError) as caught:
        check_pair(root, item)
    return str(caught.value)


def test_what_stands_alone_is_kept_to_be_named(tmp_path):
    touch(tmp_path, "train/a.jpg", "train/b.jpg", "train/c.tif", "trainannot/a.png", "trainannot/d.png")
    touch(tmp_path, "trainannot/a.npy.png.bak")
    (pairs,) = list_pairs(tmp_path, {}).splits.values()
    assert [pair.name for pair in pairs] == ["train/a.jpg", "train/b.jpg", "train/c.tif", "train/d.jpg"]
    check_pair(tmp_path, pairs[0])
    assert [missing(tmp_path, pair) for pair in pairs[1:]] == [
        "has no label file trainannot/b.png",
        "has no label file trainannot/c.png",
        "no such image, but its labels trainannot/d.png",
    ]
    assert missing(tmp_path, Item("x.jpg", "x.png")) == "no such file"


def test_volumes_may_hold_their_labels(tmp_path):
    touch(tmp_path, "train/a.npz", "train/b.npz", "scans/a.nii.gz", "masks/a.nii.gz", "scans/b.npy", "masks/b.nii")
    own = list_pairs(tmp_path, {"train": ("train", "train")}, VOLUMES, VOLUMES)
    assert own.splits == {"train": [Item(f"train/{stem}.npz", f"train/{stem}.npz") for stem in "ab"]}
    apart = list_pairs(tmp_path, {"": ("scans", "masks")}, VOLUMES, VOLUMES)
    assert apart.splits == {"": [Item("scans/a.nii.gz", "masks/a.nii.gz"), Item("scans/b.npy", "masks/b.nii")]}


@pytest.mark.parametrize(
    ("names", "folders", "key", "expected"),
    [
        (["x/a.jpg", "y.txt"], {}, "root", r"side by side; expected train/ and trainannot/, .*; found x/, y.txt$"),
        ([], {}, "root", r"; found nothing$"),
        (
            ["train/a.jpg", "trainannot/"],
            {},
            "root",
            r"no label files in .*trainannot \(.bmp, .*; found nothing",
        ),
        (
            ["train/", "trainannot/a.png"],
            {"train": ("trian", "trainannot")},
            "folders",
            r"no folder .*trian \(did you mean 'train'\?\)",
        ),
        (["a/a.mp4", "b/a.png"], {"train": ("a", "b")}, "folders", r"no images in .*a \(.jpg, .*\); found a.mp4"),
        (
            ["train/a.jpg", "trainannot/b_L.png"],
            {},
            "root",
            r"no image of .* has labels in .*: they hold train/a.jpg and trainannot/b_L.png, say; expected",
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
    splits, _ = read_pairs(table, tmp_path, {"image": "file", "labels": "mask"})
    assert splits == {"train": [Item("i/b.jpg", "l/b, 2.png")], "val": [Item("i/a.jpg", "l/a.png")]}
    table = write_table(tmp_path, "image,labels,group", "a.npz,a.npz,patient 1", "b.npz,b.npz,")
    assert read_pairs(table, tmp_path, {}).splits == {"": [Item("a.npz", "a.npz", "patient 1"), Item("b.npz", "b.npz")]}


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
        ("image,labels", ["a"], {}, "table", r"csv:2: the column for the labels is empty"),
        ("image,labels,split", ["a,b,tset"], {}, "table", r"csv:2: split 'tset' \(did you mean 'test'\?\); expected t"),
        ("image,labels", ["a,b", "c,d", "a,e"], {}, "table", r"csv:4: a stands at .*csv:2 already"),
        ("image,labels", ["a,b,c"], {}, "table", r"csv:2: 3 fields below 2 columns; a field with commas stands in d"),
        ("image,labels", ['"a,b'], {}, "table", r"csv:2: unexpected end of data"),
        ("image,labels", [], {}, "table", r"pairs.csv names no images; expected one row an image"),
        ("", [], {}, "table", r"no column 'image' for the image; its columns: none"),
    ],
)
def test_mistakes_of_a_table_are_named(tmp_path, header, rows, columns, key, expected):
    with pytest.raises(InputError, match=expected) as caught:
        read_pairs(write_table(tmp_path, header, *rows), tmp_path, columns)
    assert caught.value.key == f"data.{key}"
