"""Lists of strangers: what they name stays below the data's folder, and what cannot be written down is told."""

import json
import os
from pathlib import Path

import pytest
from conftest import write_image

from lstm_zoo.console.text import is_text, writable
from lstm_zoo.contracts import InputError
from lstm_zoo.data.captions.captioned_folder import CaptionedFolder
from lstm_zoo.data.captions.coco_captions import CocoCaptions
from lstm_zoo.data.labels.segmentation_folder import SegmentationFolder
from lstm_zoo.data.lines.text_lines import TextLinesFolder
from lstm_zoo.data.pipeline import patterns
from lstm_zoo.data.pipeline.inside import check_inside
from lstm_zoo.data.pipeline.preparing import fingerprint
from lstm_zoo.data.videos.clip_config import ClipConfig
from lstm_zoo.data.videos.video_folder import VideoFolder

BAD = os.fsdecode(b"caf\xe9.jpg")


def folder(tmp_path: Path) -> Path:
    """A folder of data with a file in it, one beside it, and links to both."""
    root = tmp_path / "root"
    for place in (root / "a" / "own.jpg", tmp_path / "other" / "secret.jpg"):
        write_image(place)
    (root / "a" / "link.jpg").symlink_to("own.jpg")
    (root / "a" / "out.jpg").symlink_to(tmp_path / "other" / "secret.jpg")
    (root / "b").symlink_to(tmp_path / "other")
    return root


OUTSIDE = ("../other/secret.jpg", "a/../../other/secret.jpg", "{tmp}/other/secret.jpg", "a/out.jpg", "b/secret.jpg")


def test_what_lies_outside_is_refused_unless_it_is_allowed(tmp_path):
    root = folder(tmp_path)
    check_inside(["a/own.jpg", "a/link.jpg", "a/../a/own.jpg", "a/gone.jpg", str(root / "a" / "own.jpg")], root, "k")
    (tmp_path / "by_link").symlink_to(root)
    check_inside(["a/own.jpg", str(root / "a" / "own.jpg")], tmp_path / "by_link", "k")
    for name in OUTSIDE:
        name = name.format(tmp=tmp_path)
        with pytest.raises(InputError, match=r"lies outside of .*set data\.outside=true"):
            check_inside([name], root, "data.table")
        check_inside([name], root, "data.table", outside=True)
    for name in ("a\0b.jpg", "x" * 256, "é" * 128 + "/a.jpg"):
        with pytest.raises(InputError, match="no file can be called so"):
            check_inside([name], root, "data.table", outside=True)


def data_sets(root: Path, name: str):
    """Yield every data set whose lists name a file: the setting of the list, and what makes the data set."""
    (root / "classes.txt").write_text("sky\nsea\n")
    lists = {
        "clips.csv": f"path,label\n{name},x\na/own.jpg,y\n",
        "captions.csv": f"image,caption\n{name},a cat\n",
        "pairs.csv": f"image,labels\na/own.jpg,{name}\n",
        "lines.csv": f"image,text\n{name},word\n",
        "list.txt": f"{name} 0\na/own.jpg 1\n",
        "coco.json": json.dumps(
            {
                "images": [{"id": 1, "file_name": name}, {"id": 2, "file_name": "a/own.jpg"}],
                "annotations": [{"image_id": one, "caption": "a cat"} for one in (1, 2)],
            }
        ),
    }
    for file, text in lists.items():
        (root / file).write_text(text)
    yield VideoFolder, {"table": "clips.csv"}
    yield VideoFolder, {"lists": {"train": "list.txt"}}
    yield CaptionedFolder, {"table": "captions.csv", "val_fraction": 0, "test_fraction": 0}
    yield SegmentationFolder, {"table": "pairs.csv", "val_fraction": 0, "test_fraction": 0}
    yield TextLinesFolder, {"table": "lines.csv", "val_fraction": 0, "test_fraction": 0}
    yield CocoCaptions, {"annotations": {"train": "coco.json"}}


@pytest.mark.parametrize("name", ["../other/secret.jpg", "a/out.jpg"])
def test_all_data_sets_keep_their_lists_inside(name, tmp_path):
    root = folder(tmp_path)
    for kind, settings in data_sets(root, name):
        with pytest.raises(InputError, match=rf"names .*{name}.*, which lies outside of"):
            kind(root=root, **settings).items()
        if kind is not VideoFolder:
            assert kind(root=root, outside=True, **settings).items()["train"]
    absolute = str(root / "a" / "own.jpg")
    (root / "captions.csv").write_text(f"image,caption\n{absolute},a cat\n")
    settings = {"table": "captions.csv", "val_fraction": 0, "test_fraction": 0}
    assert CaptionedFolder(root=root, **settings).items()["train"][0].name == "a/own.jpg"


def test_a_page_names_no_picture_of_others(tmp_path):
    from lstm_zoo.data.lines.page_files import find_picture
    from lstm_zoo.media.errors import MediaError
    from lstm_zoo.media.pages import Page

    page = write_image(tmp_path / "secret.png").parent / "book" / "page" / "1.xml"
    own = write_image(tmp_path / "book" / "images" / "1.png")
    page.parent.mkdir()
    for name in (str(tmp_path / "secret.png"), "../../secret.png"):
        with pytest.raises(MediaError, match="is neither in"):
            find_picture(page, Page(name, ()))
    assert os.path.samefile(find_picture(page, Page("../images/1.png", ())), own)


def test_names_that_are_no_utf8_are_bad_files(tmp_path):
    assert not is_text(BAD) and writable(BAD) == "caf\\udce9.jpg" and is_text("café 猫 🐈.jpg")
    root = tmp_path / "root"
    for name in ("a.jpg", BAD):
        write_image(root / name)
        Path(root, name.replace(".jpg", ".txt")).write_text("a cat\n")
    data = CaptionedFolder(root=root, val_fraction=0, test_fraction=0)
    for found in (data.bad_files(), data.survey(2).bad_files):
        assert [(bad.name, bad.reason[:20]) for bad in found] == [("caf\\udce9.jpg", "its name is not UTF-")]
    assert fingerprint(BAD) != fingerprint("caf?.jpg")
    (root / "a.txt").unlink()
    (root / "metadata.jsonl").write_text('{"file_name": "a.jpg", "text": "a \\ud800 cat"}\n')
    assert "its caption is 'a \\ud800 cat'" in data.bad_files()[0].reason


def test_classes_that_are_no_utf8_are_told(tmp_path):
    for name in (BAD, "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.mp4").touch()
    problems = list(VideoFolder(root=tmp_path).problems())
    assert any("class caf\\udce9.jpg is not UTF-8; rename its folder" in one.message for one in problems)


def test_a_pattern_that_does_not_end_is_told(monkeypatch):
    monkeypatch.setattr(patterns, "_SECONDS", 0.1)
    assert patterns.find_groups(r"_(\d+)", ["a_1", "b_22"], "k") == ["1", "22"]
    with pytest.raises(InputError, match=r"data\.group_pattern: .* does not end in 'a+b'"):
        patterns.find_groups(r"((a+)+)$", ["aa", "a" * 60 + "b"], "data.group_pattern")
    with pytest.raises(InputError, match="finds no group in 'c'"):
        patterns.find_groups(r"_(\d+)", ["c"], "k")


def test_no_recipe_asks_for_all_memory():
    assert ClipConfig(eval_clips=30, num_frames=64, size=224)
    with pytest.raises(ValueError, match=r"eval_clips of 1,000,000,000, .* GiB for one video, expected 8 at most"):
        ClipConfig(eval_clips=10**9)


def test_json_that_hides_a_trap_is_told(tmp_path):
    root = folder(tmp_path)
    for text in ("[" * 100_000, f"[{'9' * 5000}]"):
        (root / "t.json").write_text(text)
        with pytest.raises(InputError, match=r"data\.table: .*t\.json: cannot be read"):
            CaptionedFolder(root=root, table="t.json").items()
