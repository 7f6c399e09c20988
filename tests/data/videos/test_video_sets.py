"""Data sets of labelled videos: which clips there are, what they show, and in which split."""

import shutil

import av
import numpy as np
import pytest
from conftest import write_video

from lstm_zoo.console.text import natural_order
from lstm_zoo.contracts import ALL, Classes, InputError, Spec, Tensor
from lstm_zoo.data.pipeline.family import Item
from lstm_zoo.data.videos.clip_config import ClipConfig
from lstm_zoo.data.videos.clip_tables import read_table
from lstm_zoo.data.videos.listing import list_videos
from lstm_zoo.data.videos.moving_shapes import CLASS_NAMES, MovingShapes, draw_clip
from lstm_zoo.data.videos.ucf101 import Ucf101
from lstm_zoo.data.videos.video_folder import VideoFolder
from lstm_zoo.data.videos.video_lists import read_list

SMALL = ClipConfig(num_frames=4, size=16)


def spec(*classes):
    return Spec(inputs={"clip": Tensor(shape=(4, 16, 16, 3))}, target=Classes(names=classes))


def names(splits, split):
    return [judged.name for judged in splits.judged(split)]


def labels(splits, split):
    return [judged.truth for judged in splits.judged(split)]


@pytest.fixture(scope="module")
def folder(video_root, data_dir):
    def make(**options):
        settings = {
            "root": video_root,
            "data_dir": data_dir,
            "short_side": 24,
            "clip": SMALL,
            "group_pattern": r"_(s\d)_",
        }
        return VideoFolder(**{**settings, **options})

    return make


def test_moving_shapes_reverses_time_exactly():
    for forward, backward in zip(CLASS_NAMES[::2], CLASS_NAMES[1::2], strict=True):
        one, other = (draw_clip(name, 6, 24, np.random.default_rng(3)) for name in (forward, backward))
        np.testing.assert_array_equal(one, other[::-1])
        assert one.shape == (6, 24, 24, 3) and one.dtype == np.uint8
        assert np.abs(np.diff(one.astype(int), axis=0)).mean() > 0.5  # it moves


def test_labels_of_a_folder_follow_the_pictures(folder):
    splits = folder().load()
    assert splits.spec.class_names == ("bright", "dark")
    assert splits.spec.only_input == ("clip", Tensor(shape=(4, 16, 16, 3)))
    lengths = [(6 + int(name.split(".")[0][-1])) / 8 for name in names(splits, "train")]
    assert splits.spec.seconds == pytest.approx(np.mean(lengths), abs=0.01)
    for split in ("train", "val", "test"):
        for inputs, targets in splits.eval_stream(split, 2).as_numpy_iterator():
            assert (
                (inputs["clip"][..., :4, 0].mean(axis=(1, 2, 3)) > 150) == (targets == 0)
            ).all()  # red is high in `bright`


def test_groups_are_never_torn(folder):
    splits = folder(val_fraction=0.3, test_fraction=0.3).load()
    sources = {split: {name.split("_s")[1][0] for name in names(splits, split)} for split in ("train", "val", "test")}
    assert all(sources.values())
    assert not sources["train"] & sources["val"] | sources["train"] & sources["test"] | sources["val"] & sources["test"]


def test_list_files_may_number_labels_from_anywhere(folder, tmp_path, video_root):
    names = {"train": ["bright_s0_0.mp4", "bright_s0_1.avi"], "test": ["bright_s2_5.mkv"]}
    for split, files in names.items():
        lines = [f"bright/{name} 7" for name in files] + [f"dark/{name.replace('bright', 'dark')} 9" for name in files]
        (tmp_path / f"{split}.txt").write_text("\r\n".join(lines))
    splits = folder(lists={split: tmp_path / f"{split}.txt" for split in names}).load()
    assert splits.spec.class_names == ("bright", "dark")
    assert splits.size("train") == 4 and splits.size("test") == 2 and splits.size("val") == 0
    assert sorted(labels(splits, "test")) == [0, 1]
    with pytest.raises(InputError, match="stands in both train and test"):
        folder(lists={"train": tmp_path / "train.txt", "test": tmp_path / "train.txt"}).load()
    (tmp_path / "test.txt").write_text("bright/bright_s0_2.mp4\n")
    with pytest.raises(InputError, match=r"group 's0' stands in both train .* and test"):
        folder(lists={split: tmp_path / f"{split}.txt" for split in names}).load()


def test_tables_may_name_their_columns_otherwise(tmp_path, video_root):
    table = tmp_path / "clips.csv"
    table.write_text("clip,class,part,source\nbright/a.mp4,3,train,v1\ndark/b.mp4,11,test,v2\n")
    columns = {"path": "clip", "label": "class", "split": "part", "group": "source"}
    assert read_table(table, video_root, columns).splits == {
        "train": [Item("bright/a.mp4", "3", "v1")],
        "test": [Item("dark/b.mp4", "11", "v2")],
    }
    assert natural_order({"11", "3"}) == ("3", "11")
    with pytest.raises(InputError, match=r"clips.csv:1: no column 'clips' for the path \(did you mean 'clip'\?\)"):
        read_table(table, video_root, columns | {"path": "clips"})
    table.write_text(table.read_text().replace("test,v2", "test,v1").replace(",", " , "))  # blanks are no matter
    (problem,) = VideoFolder(root=video_root, table=table, columns=columns).problems()
    assert "group 'v1' stands in both train (bright/a.mp4) and test" in problem.message
    table.write_text("path,split\na/x.mp4,trian\n")
    with pytest.raises(InputError, match=r"split 'trian' \(did you mean 'train'\?\); expected train, val or test"):
        read_table(table, video_root, {})


def test_groups_by_pattern_are_checked_whatever_decides_the_splits(tmp_path, video_root):
    table = tmp_path / "clips.csv"
    table.write_text("path,split\nbright/a_g1_1.mp4,train\ndark/b_g1_2.mp4,test\n")
    (problem,) = VideoFolder(root=video_root, table=table, group_pattern=r"_(g\d)_").problems()
    assert "group 'g1' stands in both train" in problem.message
    (problem,) = VideoFolder(root=video_root, group_pattern=r"_grp(\d)_").problems()
    assert problem.key == "group_pattern" and "finds no group in 'bright/bright_s0_0.mp4'" in problem.message


def test_the_class_is_the_first_folder_whatever_lists_the_clips(tmp_path):
    for name in ("a/s1/x.vob", "b/s1/y.qt", "b/notes.txt", "b/.hidden.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    expected = [Item("a/s1/x.vob", "a"), Item("b/s1/y.qt", "b")]
    assert list_videos(tmp_path).splits == {"": expected}
    (tmp_path / "list.txt").write_text("a/s1/x.vob 1\nb/s1/y.qt 2\n")
    assert read_list(tmp_path / "list.txt", tmp_path) == expected
    (tmp_path / "stray.mp4").touch()
    with pytest.raises(InputError, match=r"stray.mp4 lies directly in .*; move it into the folder of its class"):
        list_videos(tmp_path)


def test_a_list_without_classes_is_refused(tmp_path):
    (tmp_path / "list.txt").write_text("clip.avi\n")
    with pytest.raises(InputError, match=r"list.txt:1: expected Class/clip.avi, got 'clip.avi'"):
        read_list(tmp_path / "list.txt", tmp_path)


def test_ucf101_in_its_own_layout(ucf_root, data_dir):
    config = Ucf101(root=ucf_root, data_dir=data_dir, short_side=24, clip=SMALL, val_fraction=0.25)
    assert list(config.problems()) == []
    splits = config.load()
    assert splits.spec.class_names == ("Run", "Jump")  # the order of classInd.txt
    assert {split: splits.size(split) for split in ("train", "val", "test")} == {"train": 6, "val": 2, "test": 2}
    (group,) = {name.split("_")[2] for name in names(splits, "val")}
    assert all(group not in name for name in names(splits, "train"))
    assert Ucf101(root=ucf_root, data_dir=data_dir, short_side=24, clip=SMALL, val_fraction=0).load().size("train") == 8
    (problem,) = Ucf101(root=ucf_root, split=2).problems()
    assert "no trainlist or testlist of split 2" in problem.message and "trainlist01.txt" in problem.message


def test_labels_are_numbered_as_in_the_run(ucf_root, data_dir):
    config = Ucf101(root=ucf_root, data_dir=data_dir, short_side=24, clip=SMALL)
    like = spec("Climb", "Jump", "Run")
    splits = config.load(like)
    assert splits.spec.class_names == like.class_names
    shown = [(like.class_names[judged.truth], judged.name.split("/")[0]) for judged in splits.judged("test")]
    assert all(truth == folder for truth, folder in shown)
    with pytest.raises(InputError, match="the run does not know the class Run"):
        config.load(spec("Jump", "Climb"))


def test_any_tfds_data_set_with_video_and_label(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    from lstm_zoo.data.pipeline import downloads
    from lstm_zoo.data.videos.tfds_video import TfdsVideo

    class Clips(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        name = "clips"
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = {
                "film": tfds.features.Video((None, 20, 20, 3)),
                "act": tfds.features.ClassLabel(names=["x", "y"]),
            }
            return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples(10), "test": self._generate_examples(4)}

        def _generate_examples(self, count):
            for number in range(count):
                yield number, {"film": np.full((5, 20, 20, 3), 200 * (number % 2), np.uint8), "act": number % 2}

    monkeypatch.setattr(downloads, "tfds_builder", lambda name, data_dir: Clips(data_dir=data_dir))
    config = TfdsVideo(
        name="clips", data_dir=tmp_path, train="train[:80%]", val="train[80%:]", clip=SMALL, short_side=20
    )
    splits = config.load()
    assert [splits.size(split) for split in ("train", "val", "test")] == [8, 2, 4]
    inputs, targets = next(splits.eval_stream("test", 4).as_numpy_iterator())
    assert ((inputs["clip"].mean(axis=(1, 2, 3, 4)) > 100) == (targets == 1)).all()
    assert names(splits, "test")[1] == "test 1"
    turned = config.load(spec("y", "x"))
    np.testing.assert_array_equal(labels(turned, "test"), 1 - np.array(labels(splits, "test")))


def test_failed_downloads_name_files_and_places(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    from lstm_zoo.data.pipeline.downloads import prepared, tfds_builder

    def fail(*args, **kwargs):
        raise OSError("connection refused")

    monkeypatch.setattr(tfds.download.DownloadManager, "download_and_extract", fail)
    with pytest.raises(
        InputError, match=r"connection refused.*UCF101_videos.zip.*beside ucfTrainTestlist/, and set data.root"
    ):
        Ucf101(data_dir=tmp_path).load()
    with pytest.raises(InputError, match=r"connection refused.*copy it to"):
        prepared(tfds_builder("ucf101", tmp_path))


def test_downloaded_ucf101_is_laid_out(tmp_path, monkeypatch, ucf_root):
    import tensorflow_datasets as tfds

    flat = tmp_path / "unpacked" / "UCF101"
    for clip in (ucf_root / "UCF-101").rglob("*.avi"):
        flat.mkdir(parents=True, exist_ok=True)
        (flat / clip.name.replace("v_Run", "v_RuN")).write_bytes(clip.read_bytes())  # spelt otherwise in the archive
    found = {"videos": flat.parent, "lists": ucf_root / "ucfTrainTestlist"}
    monkeypatch.setattr(tfds.download.DownloadManager, "download_and_extract", lambda self, urls: found)
    splits = Ucf101(data_dir=tmp_path / "data", short_side=24, clip=SMALL, val_fraction=0).load()
    assert splits.size("train") == 8 and splits.size("test") == 2


def test_moving_shapes_spec_needs_no_preparation():
    assert MovingShapes(clip=SMALL).expected_spec().class_names == CLASS_NAMES


def test_what_is_lost_is_told_and_all_of_a_folder_can_be_judged(tmp_path, video_root, data_dir):
    for number in range(2):
        for label in ("bright", "dark"):
            (tmp_path / label).mkdir(exist_ok=True)
            shutil.copy(video_root / label / f"{label}_s0_{number}{('.mp4', '.avi')[number]}", tmp_path / label)
        (tmp_path / "lost").mkdir(exist_ok=True)
        (tmp_path / "lost" / f"{number}.mp4").write_text("no film")
    (tmp_path / "dark" / "worse.mp4").write_text("no film")
    settings = {"root": tmp_path, "data_dir": data_dir, "short_side": 24, "clip": SMALL, "on_bad_file": "skip"}
    splits = VideoFolder(**settings, val_fraction=0, test_fraction=0).load()
    first, second, third = splits.remarks()
    assert first == "LOST: all videos of lost (2) cannot be used" and third == "no example in any split: lost"
    assert second.startswith("left out: 3 of 7 videos, which cannot be used (lost 2 of 2, dark 1 of 3), such as ")
    only = VideoFolder(**settings, classes=("dark",))  # of which a classifier could not be trained
    whole = only.load(spec("bright", "dark"), (ALL,))
    assert [judged.name for judged in whole.judged(ALL)] and whole.size(ALL) == 2 and labels(whole, ALL) == [1, 1]
    assert whole.remarks()[-1] == "all has no example of bright"
    with pytest.raises(InputError, match=r"""not know the class lost;.* --set 'data.classes=\["bright", "dark"\]'"""):
        VideoFolder(**settings).load(spec("bright", "dark"), (ALL,))
    (problem,) = only.problems()
    assert "one class only (dark)" in problem.message


def test_what_is_damaged_in_films_is_told_once_they_are_prepared(tmp_path, data_dir):
    for label in ("a", "b"):
        for number in range(2):
            file = write_video(tmp_path / label / f"{number}.mov", 12, size=(64, 48), codec="mjpeg")
    with av.open(str(file)) as container:
        packet = [packet for packet in container.demux() if packet.size][5]
    content = bytearray(file.read_bytes())
    content[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    file.write_bytes(content)
    config = VideoFolder(root=tmp_path, data_dir=data_dir, short_side=24, clip=SMALL, val_fraction=0, test_fraction=0)
    assert config.load().remarks() == ["b/1.mov (train): 1 packet(s) cannot be decoded"]
    assert config.views(file, spec("a", "b")).remarks == ("1 packet(s) cannot be decoded",)


def test_a_file_to_predict_needs_as_many_frames_as_one_to_train_on(tmp_path):
    config = VideoFolder(root=tmp_path, clip=SMALL, min_frames=9)
    assert len(config.read(write_video(tmp_path / "long.mp4", 9))["video"]) == 9
    with pytest.raises(InputError, match="has 8 frames; needed: 9"):
        config.views(write_video(tmp_path / "short.mp4", 8), spec("a", "b"))
