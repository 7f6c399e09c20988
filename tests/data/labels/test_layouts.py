"""Layouts of folders that tools and data sets leave, and what the names of their files end in."""

import pytest
from labelled import touch
from pydantic import ValidationError

from lstm_zoo.contracts import InputError
from lstm_zoo.data.labels.listing import list_pairs
from lstm_zoo.data.labels.segmentation_folder import SegmentationFolder
from lstm_zoo.data.pipeline.family import Item
from lstm_zoo.data.pipeline.splitting import DealtSplits
from lstm_zoo.media.endings import VOLUMES


@pytest.mark.parametrize(
    ("image", "labels", "split"),
    [
        ("images/{}.jpg", "labels/{}_L.png", ""),
        ("images/{}.jpg", "masks/{}_mask.png", ""),
        ("photos/{}.jpg", "photos/{}_segmentation.png", ""),
        ("train/images/{}.jpg", "train/masks/{}_gt.png", "train"),
        ("training/{}.jpg", "training/{}_mask.png", "train"),
        ("valid/{}_sat.jpg", "valid/{}_mask.png", "val"),
        ("images/validation/{}.jpg", "annotations/validation/{}.png", "val"),
        ("train/{}.jpg", "train_masks/{}_mask.gif", ""),
        ("leftImg8bit/train/a/{}_leftImg8bit.png", "gtFine/train/a/{}_gtFine_labelIds.png", "train"),
        ("JPEGImages/{}.jpg", "SegmentationClass/{}.png", ""),
        ("Images/{}.JPG", "Labels/{}.PNG", ""),
        ("TRAIN/{}.jpg", "TRAIN/{}_mask.png", "train"),
        ("Train/Image/{}.jpg", "Train/mask/{}.png", "train"),
        ("training/images/{}.jpg", "training/annotations/{}.png", "train"),
    ],
)
def test_usual_layouts_are_found(tmp_path, image, labels, split):
    stems = ("a_1", "a_10", "b 2")
    touch(tmp_path, "classes.txt", *(name.format(stem) for stem in stems for name in (image, labels)))
    splits, (layout,) = list_pairs(tmp_path, {})
    assert splits == {split: [Item(image.format(stem), labels.format(stem)) for stem in stems]}
    assert layout.startswith("layout: ") and (image.split("/")[0] in layout or "layout: ./" in layout)


def test_what_a_layout_leaves_out_is_named(tmp_path):
    for city in "ab":
        names = (f"leftImg8bit/val/{city}/{city}_leftImg8bit.png", f"gtFine/val/{city}/{city}_gtFine_labelIds.png")
        touch(tmp_path, *names, f"gtFine/val/{city}/{city}_gtFine_color.png")
    splits, remarks = list_pairs(tmp_path, {})
    assert [item.target for item in splits["val"]] == [f"gtFine/val/{one}/{one}_gtFine_labelIds.png" for one in "ab"]
    assert remarks == [
        "layout: leftImg8bit/val/ and gtFine/val/; names of images end in '_leftImg8bit' and of label files end in "
        "'_gtFine_labelIds'",
        "left out: gtFine/val/a/a_gtFine_color.png, gtFine/val/b/b_gtFine_color.png",
    ]
    touch(tmp_path, *(f"gtFine/val/{city}/{city}_gtFine_labelTrainIds.png" for city in "ab"))
    with pytest.raises(InputError, match="end in _gtFine_labelIds or _gtFine_labelTrainIds; set it to one") as caught:
        list_pairs(tmp_path, {})
    assert caught.value.key == "data.label_suffix"
    chosen = list_pairs(tmp_path, {}, suffixes=(None, "_gtFine_labelTrainIds")).splits["val"]
    assert [item.target for item in chosen] == [f"gtFine/val/{one}/{one}_gtFine_labelTrainIds.png" for one in "ab"]


def test_folders_of_nnunet_are_volumes_without_their_channels(tmp_path):
    touch(tmp_path, *(f"imagesTr/a_{case}_000{channel}.nii.gz" for case in (1, 2) for channel in (0, 1)))
    touch(tmp_path, "labelsTr/a_1.nii.gz", "labelsTr/a_2.nii.gz", "imagesTs/a_3_0000.nii.gz", "dataset.json")
    splits, remarks = list_pairs(tmp_path, {}, VOLUMES, VOLUMES)
    assert splits == {"": [Item(f"imagesTr/a_{case}_0000.nii.gz", f"labelsTr/a_{case}.nii.gz") for case in (1, 2)]}
    assert "left out: imagesTs/ (no label maps)" in remarks
    touch(tmp_path, "labelsTs/a_3.nii.gz")
    assert list_pairs(tmp_path, {}, VOLUMES, VOLUMES).splits["test"] == [
        Item("imagesTs/a_3_0000.nii.gz", "labelsTs/a_3.nii.gz")
    ]


def test_a_label_without_its_suffix_is_missing_under_it(tmp_path):
    touch(tmp_path, "images/a.jpg", "images/b.jpg", "images/c.jpg", "labels/a_L.png", "labels/b_L.png")
    items = list_pairs(tmp_path, {}).splits[""]
    assert items[2] == Item("images/c.jpg", "labels/c_L.png")


# Lists and folders that are dealt


def voc(root):
    names = [f"2007_{number:02}" for number in range(6)]
    touch(root, *(f"JPEGImages/{name}.jpg" for name in names), *(f"SegmentationClass/{name}.png" for name in names))
    lists = root / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("2007_00\n2007_02\n\n2007_01\n")
    (lists / "val.txt").write_text("2007_04\n2007_09\n")
    (lists / "trainval.txt").write_text("2007_00\n2007_04\n")
    return root


def test_lists_of_pascal_voc_decide_about_the_splits(tmp_path):
    splits, remarks = list_pairs(voc(tmp_path), {})
    assert {split: [item.name for item in items] for split, items in splits.items()} == {
        "train": [f"JPEGImages/2007_{name}.jpg" for name in ("00", "02", "01")],
        "val": ["JPEGImages/2007_04.jpg", "JPEGImages/2007_09"],
    }
    assert splits["train"][1] == Item("JPEGImages/2007_02.jpg", "SegmentationClass/2007_02.png")
    assert remarks[0] == "layout: JPEGImages/ and SegmentationClass/; splits by train.txt, val.txt"
    assert (
        remarks[1].startswith("left out: JPEGImages/2007_03.jpg, JPEGImages/2007_05.jpg, Segm")
        and "1 more" in remarks[1]
    )


def test_lists_of_ones_own_go_with_one_pair_of_folders(tmp_path):
    touch(tmp_path, "i/a 1.jpg", "i/sub/b.jpg", "i/c.jpg", "m/a 1_m.png", "m/sub/b_m.png", "m/c_m.png")
    (tmp_path / "first.txt").write_text("/i/a 1.jpg\nb.jpg m/b.png\n", encoding="utf-8-sig")
    (tmp_path / "other.txt").write_text("nothing\n")

    def config(**options):
        return SegmentationFolder(root=tmp_path, **{"folders": {"all": ("i", "m")}, **options})

    assert config(lists={"train": "first.txt"}).items() == {
        "train": [Item("i/a 1.jpg", "m/a 1_m.png"), Item("i/sub/b.jpg", "m/sub/b_m.png")]
    }
    (tmp_path / "far.txt").write_text("/mnt/copy/i/sub/b.jpg\nother/b.jpg\n")  # the second one is another b
    assert config(lists={"val": "far.txt"}).items()["val"] == [
        Item("i/sub/b.jpg", "m/sub/b_m.png"),
        Item("i/other/b.jpg", "m/other/b.jpg"),
    ]
    with pytest.raises(
        InputError, match=r"data.lists: .*other.txt names no image of i; expected one a line, such as a 1"
    ):
        config(lists={"val": "other.txt"}).items()
    with pytest.raises(InputError, match=r"data.lists: decide about the splits, and so do the folders of each"):
        config(lists={"train": "first.txt"}, folders={"train": ("i", "m")}).items()
    with pytest.raises(ValidationError, match="lists and table both decide"):
        config(lists={"train": "first.txt"}, table="t.csv", folders={})


def test_folders_may_be_dealt_to_the_splits_that_are_not_named(tmp_path):
    touch(tmp_path, *(f"{folder}/{number}.png" for folder in ("i", "m", "ti", "tm") for number in range(10)))
    (tmp_path / "classes.txt").write_text("a\nb\nc\n")
    config = SegmentationFolder(root=tmp_path, folders={"all": ("i", "m"), "test": ("ti", "tm")}, val_fraction=0.2)
    splits = config.items()
    assert {split: len(items) for split, items in splits.items()} == {"train": 8, "val": 2, "test": 10}
    assert {item.name.split("/")[0] for item in splits["test"]} == {"ti"}
    assert config.remarks() == ["layout: i/ and m/, ti/ and tm/; dealt to the splits"]
    with pytest.raises(ValidationError, match="none is left for those of all"):
        SegmentationFolder(root=tmp_path, folders=dict.fromkeys(("train", "val", "test", "all"), ("i", "m")))
    with pytest.raises(ValidationError, match="expected train, val, test, or all; unknown: rest"):
        SegmentationFolder(root=tmp_path, folders={"rest": ("i", "m")})


def test_examples_are_dealt_by_their_shares_of_what_is_left():
    items = [Item(str(number)) for number in range(20)]
    dealt = DealtSplits(val_fraction=0.2, test_fraction=0.4).deal({"": items, "val": items[:2]})
    assert {split: len(found) for split, found in dealt.items()} == {"train": 10, "test": 10, "val": 2}
