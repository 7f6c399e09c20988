"""Which clips other people's folders, lists and tables mean; no file is opened."""

import json

import pytest
from by_chance import few, lines_of, words
from hypothesis import given
from hypothesis import strategies as some

from lstm_zoo.contracts import InputError
from lstm_zoo.data.pipeline.family import Item
from lstm_zoo.data.videos.clip_files import clips_below, segment_name, segment_of
from lstm_zoo.data.videos.clip_tables import read_table
from lstm_zoo.data.videos.listing import list_videos
from lstm_zoo.data.videos.video_folder import VideoFolder
from lstm_zoo.data.videos.video_lists import read_hmdb51, read_list, read_lists


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def told(splits):
    return {split: {item.name: item.target for item in items} for split, items in splits.items()}


def classes(splits):
    return {split: sorted({item.target for item in items}) for split, items in splits.items()}


def refused(**settings):
    (problem,) = VideoFolder(**settings).problems()
    return problem.message


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Training", "valid", "testing"), ("train_set", "dev")])
def test_folders_called_after_splits_are_the_splits(tmp_path, names):
    for above, within in [(name, label) for name in names for label in ("fall", "walk")]:
        touch(tmp_path / "above", f"{above}/{within}/x.mp4", "annotations/all.json")
        touch(tmp_path / "within", f"{within}/{above}/x.mp4")
    for layout in ("above", "within"):
        splits, remarks = list_videos(tmp_path / layout)
        assert classes(splits) == {split: ["fall", "walk"] for split in ("train", "val", "test")[: len(names)]}
        assert remarks[-1].startswith("layout: splits by the folders ") and layout in remarks[-1]


def test_classes_may_be_called_like_a_split(tmp_path):
    touch(tmp_path, "train/a/1.mp4", "train/b/2.mp4", "bus/a/3.mp4", "car/4.mp4")
    assert classes(list_videos(tmp_path).splits) == {"": ["bus", "car", "train"]}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["train/a/1.mp4", "test/a/2.mp4", "extra/a/3.mp4"], "test, train are called after splits, but extra/ stands"),
        (["train/a/1.mp4", "test/2.mp4"], r"after splits, but test/2.mp4 is in no folder of a class"),
        (["train/a/1.mp4", "train/b/", "test/a/2.mp4"], "hold no videos: b"),
        (["a/1.mp4", "b/1.jpg"], "hold no videos: b"),
    ],
)
def test_folders_that_may_mean_two_things_are_named(tmp_path, names, expected):
    for name in names:
        (tmp_path / name).mkdir(parents=True) if name.endswith("/") else touch(tmp_path, name)
    with pytest.raises(InputError, match=expected):
        list_videos(tmp_path)


def test_a_link_to_a_clip_of_another_class_is_named(tmp_path):
    touch(tmp_path, "a/1.mp4", "b/2.mp4")
    (tmp_path / "a" / "0.mp4").symlink_to("1.mp4")
    assert told(list_videos(tmp_path).splits) == {"": {"a/1.mp4": "a", "b/2.mp4": "b"}}
    (tmp_path / "b" / "3.mp4").symlink_to("../a/1.mp4")
    with pytest.raises(InputError, match=r"a/0.mp4 and b/3.mp4 are one file, by a link, but of the classes a and b"):
        list_videos(tmp_path)


def test_what_is_a_clip_depends_on_what_there_is(tmp_path):
    touch(tmp_path, "a/s/img_1.jpg", "a/s/img_2.jpg", "a/cover.png", "a/s/n_frames.txt", "b/t/1.png")
    assert [path.name for path in clips_below(tmp_path)] == ["s", "t"]
    assert clips_below(tmp_path / "a" / "s") == [tmp_path / "a" / "s"]  # a clip itself
    splits, remarks = list_videos(tmp_path)
    assert told(splits) == {"": {"a/s": "a", "b/t": "b"}} and remarks == [
        "layout: each folder of pictures is a clip (2)"
    ]
    touch(tmp_path, "a/x.npy", "b/y.NPZ")
    assert [path.name for path in clips_below(tmp_path)] == ["x.npy", "y.NPZ"]
    touch(tmp_path, "a/x.MP4", "a/y.gif", "b/odd.vdo", "b/x.nfo", "b/song.mp3")  # unknown endings are tried
    assert [path.name for path in clips_below(tmp_path)] == ["x.MP4", "y.gif", "odd.vdo"]


def test_classes_that_differ_in_spelling_only_are_named(tmp_path):
    touch(tmp_path, "Jump/1.mp4", "jump/2.mp4", "Run/3.mp4")
    assert "the classes 'Jump', 'jump' differ in upper and lower case" in refused(root=tmp_path)
    touch(tmp_path / "letters", "a/1.mp4", "A/2.mp4")
    assert list(VideoFolder(root=tmp_path / "letters", test_fraction=0).problems()) == []  # letters in sign language
    table = "path,label\n1.mp4,long  jump\n2.mp4,long\u00a0jump\n3.mp4,Cafe\u0301\n"
    (tmp_path / "t.csv").write_text(table, encoding="utf-8")
    assert "'long  jump', 'long\\xa0jump'" in refused(root=tmp_path, table="t.csv")


def test_clips_are_found_however_lists_spell_them(tmp_path):
    touch(tmp_path, "Handstand/v_0.mp4", "Jump/v 1.avi")
    (tmp_path / "list.txt").write_text("HandStand/v_0 1\nJump/V  1.avi 2\nJump/gone.avi\n")
    splits, (remark,) = read_lists({"train": tmp_path / "list.txt"}, tmp_path)
    expected = {"Handstand/v_0.mp4": "HandStand", "Jump/v 1.avi": "Jump", "Jump/gone.avi": "Jump"}
    assert told(splits) == {"train": expected}
    assert remark.startswith("2 clips are spelt otherwise than listed (HandStand/v_0 is Handstand/v_0.mp4, ")


def test_annotation_files_of_mmaction2(tmp_path):
    touch(tmp_path, "x/a.mp4", "x/b.mp4", "clip 1/img_1.jpg", "clip 2/img_1.jpg")
    (tmp_path / "videos.txt").write_text("x/a.mp4 1\nx/b.mp4 0\n")
    splits, (remark,) = read_lists({"train": tmp_path / "videos.txt"}, tmp_path)
    assert told(splits) == {"train": {"x/a.mp4": "1", "x/b.mp4": "0"}} and "numbers behind the paths" in remark
    touch(tmp_path, "y/c.mp4")
    (tmp_path / "videos.txt").write_text("x/a.mp4 1\ny/c.mp4 0\n")
    (tmp_path / "others.txt").write_text("x/b.mp4 0\n")  # each list goes with the folders, but not with the other
    with pytest.raises(InputError, match=r"go with the folders otherwise in one of .*videos.txt, .*others.txt than in"):
        read_lists({"train": tmp_path / "videos.txt", "val": tmp_path / "others.txt"}, tmp_path)
    (tmp_path / "frames.txt").write_text("clip 1 163 1\nclip 2 28 0\n")
    assert read_list(tmp_path / "frames.txt", tmp_path) == [Item("clip 1", "1"), Item("clip 2", "0")]
    (tmp_path / "several.txt").write_text("x/a.mp4 1 3\n")
    with pytest.raises(InputError, match=r"several.txt:1: several labels \(1 3\), but a clip has one class"):
        read_list(tmp_path / "several.txt", tmp_path)
    (tmp_path / "mixed.txt").write_text("x/a.mp4 1\nx/b.mp4\nx/b.mp4 0\n")
    with pytest.raises(InputError, match=r"mixed.txt:2: expected a label's number behind x/b.mp4"):
        read_list(tmp_path / "mixed.txt", tmp_path)


def test_lists_of_hmdb51(tmp_path):
    for label in ("brush_hair", "cartwheel"):
        touch(tmp_path, *(f"{label}/{label}_{number}.avi" for number in range(3)))
        lines = [f"{label}_{number}.avi {number} " for number in range(3)]
        (tmp_path / f"{label}_test_split1.txt").write_text("\n".join(lines))
    video_folder = VideoFolder(root=tmp_path, table="*_test_split1.txt")
    assert list(video_folder.problems()) == []
    assert told(video_folder.items()) == {
        "test": {f"{label}/{label}_2.avi": label for label in ("brush_hair", "cartwheel")},
        "train": {f"{label}/{label}_1.avi": label for label in ("brush_hair", "cartwheel")},
    }
    assert video_folder.remarks()[0] == "2 clips are in neither train nor test, as the lists say"
    touch(tmp_path, "cartwheel_test_split2.txt")
    with pytest.raises(InputError, match="expected HMDB51's lists of one split, such as"):
        read_hmdb51(sorted(tmp_path.glob("*.txt")), tmp_path, "data.table")
    one = {"train": "brush_hair_test_split1.txt"}
    assert r"give all of them as data.table='" in refused(root=tmp_path, lists=one)
    assert "no files *_split9.txt" in refused(root=tmp_path, table="*_split9.txt")


def test_lists_of_something_something(tmp_path):
    touch(tmp_path, "videos/7.webm", "videos/12.webm")
    entries = [
        {"id": "7", "label": "holding a cup", "template": "Holding [something]"},
        {"id": 12, "label": "holding a pen", "template": "Holding [something]"},
        {"id": "9", "label": "pushing a cup", "template": "Pushing [something]"},
    ]
    (tmp_path / "train.json").write_text(json.dumps(entries))
    splits = read_lists({"train": tmp_path / "train.json"}, tmp_path).splits
    expected = {"videos/7.webm": "Holding something", "videos/12.webm": "Holding something"}
    assert told(splits) == {"train": {**expected, "9.webm": "Pushing something"}}
    for content, reason in (({"Holding": "0"}, "is no list of clips"), ([{"id": "1"}], "the clip 1 has no template")):
        (tmp_path / "other.json").write_text(json.dumps(content))
        with pytest.raises(InputError, match=reason):
            read_list(tmp_path / "other.json", tmp_path)


def test_tables_of_kinetics(tmp_path):
    touch(tmp_path, "train/abseiling/-Ab_1_000010_000020.mp4", "val/x/zz_000003_000013.mkv")
    table = tmp_path / "k.csv"
    table.write_text(
        "label,youtube_id,time_start,time_end,split\nabseiling,-Ab_1,10,20,train\nlong jump,zz,3,13,validate\n"
        "long jump,gone,0,10,val\n"
    )
    assert read_table(table, tmp_path, {}).splits == {
        "train": [Item("train/abseiling/-Ab_1_000010_000020.mp4", "abseiling", "-Ab_1")],
        "val": [
            Item("val/x/zz_000003_000013.mkv", "long jump", "zz"),
            Item("long jump/gone_000000_000010.mp4", "long jump", "gone"),
        ],
    }
    with pytest.raises(InputError, match=r"none of the 3 clips of .* such as abseiling/-Ab_1_000010_000020.mp4"):
        read_table(table, tmp_path / "elsewhere", {})


def test_segments_of_a_film_are_examples_of_one_source(tmp_path):
    table = tmp_path / "t.csv"
    rows = "a.mp4,jump,0,1.5\na.mp4,run,1:02.5,\nb.mp4,jump,,2\nb.mp4,run,,\nc.mp4,run,\n"
    table.write_text(f"path,label,start,end\n{rows}")
    folder = VideoFolder(root=tmp_path, table=table)
    items = {item.name: item for found in folder.items().values() for item in found}
    names = ["a.mp4#t=0.0,1.5", "a.mp4#t=62.5", "b.mp4", "b.mp4#t=0.0,2.0", "c.mp4"]
    assert sorted(items) == names and items[names[1]].group == "a.mp4" and folder.file_of(items[names[3]]) == "b.mp4"
    assert [segment_of(name) for name in names[:3]] == [
        ("a.mp4", (0.0, 1.5)),
        ("a.mp4", (62.5, None)),
        ("b.mp4", None),
    ]
    assert segment_of(segment_name("odd #t.mp4", (1 / 3, 12345.678))) == ("odd #t.mp4", (1 / 3, 12345.678))
    table.write_text("path,label,split,start,end\na.mp4,jump,train,0,1\na.mp4,run,test,1,2\n")
    assert "group 'a.mp4' stands in both train (a.mp4#t=0.0,1.0) and test" in refused(root=tmp_path, table=table)
    for row, reason in (("3,3", "ends at 3 s, and starts at 3 s"), ("x,4", "the start is 'x'; expected seconds, such")):
        table.write_text(f"path,label,start,end\na.mp4,jump,{row}\n")
        with pytest.raises(InputError, match=rf"t.csv:2: .*{reason}"):
            read_table(table, tmp_path, {})


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (["jump;wave", "run"], r"t.csv:2: several labels in one cell \(jump;wave\), but a clip has one class"),
        (["run", "['jump', 'run']"], "t.csv:3: several labels"),
        (["run", "jump, run"], "t.csv:3: several labels"),
        (["0.31", "0.75", ".5", "3"], "the labels are numbers such as 0.31, 4 different ones in 4 rows"),
        (["rock, paper", "run"], None),
        (["1.1", "1.2", "1.1", "1.2"], None),
        (["null", "NA", "None"], None),
    ],
)
def test_labels_that_are_none_are_named(tmp_path, labels, reason):
    (tmp_path / "t.csv").write_text("path;label\n" + "".join(f'{n}.mp4;"{one}"\n' for n, one in enumerate(labels)))
    if reason is None:
        assert [item.target for item in read_table(tmp_path / "t.csv", tmp_path, {}).splits[""]] == labels
        return
    with pytest.raises(InputError, match=reason):
        read_table(tmp_path / "t.csv", tmp_path, {})


def test_labels_that_join_others_are_told(tmp_path):
    (tmp_path / "t.csv").write_text("path,label\na.mp4,jump/wave\nb.mp4,jump\nc.mp4,wave\nd.mp4,sit/stand\ne.mp4,sit\n")
    (told,) = read_table(tmp_path / "t.csv", tmp_path, {}).remarks
    assert told == "'jump/wave': taken for classes of their own, though their parts are classes, too"


def test_a_class_a_clip_is_told(tmp_path):
    (tmp_path / "t.csv").write_text("path,label\na.mp4,17\nb.mp4,18\nc.mp4,25\n")
    assert "3 of 3 classes have one clip only (17, 18, 25);" in VideoFolder(root=tmp_path, table="t.csv").remarks()[-1]


def test_some_of_the_classes_can_be_taken(tmp_path):
    touch(tmp_path, "fall/1.mp4", "fall/2.mp4", "walk/3.mp4", "climb/4.mp4", "notes.txt")
    folder = VideoFolder(root=tmp_path, classes=("fall", "walk"), val_fraction=0, test_fraction=0)
    assert told(folder.items()) == {"train": {"fall/1.mp4": "fall", "fall/2.mp4": "fall", "walk/3.mp4": "walk"}}
    assert folder.remarks() == [
        "clips of other classes are left out: climb (1)",
        f"left out below {tmp_path}: 1 *.txt (notes.txt)",
    ]
    assert "there is no clip of 'wlak' (did you mean 'walk'?)" in refused(root=tmp_path, classes=("fall", "wlak"))


@few
@given(some.sets(some.text("ab é\u202e\x1b[]#=&", min_size=1, max_size=6).map(str.strip).filter(bool), min_size=1))
def test_a_list_names_the_clips_that_were_written_into_it(tmp_path, names):
    listed = [f"{name[0]}/{name}.avi" for name in sorted(names)]
    (tmp_path / "list.txt").write_text("".join(f"{name}\n" for name in listed), encoding="utf-8")
    assert [(item.name, item.target) for item in read_list(tmp_path / "list.txt", tmp_path)] == [
        (name, name[0]) for name in listed
    ]


@few
@given(lines_of("walk/a.avi", "\n", " 1", "run/b.avi 0\n", "../", "#t=1.2.3", "\0"), words)
def test_any_text_is_a_list_or_refused(tmp_path, text, name):
    file = tmp_path / f"list.{'json' if name.startswith('[') else 'txt'}"
    file.write_bytes(text.encode())
    for root in (tmp_path, tmp_path / "videos"):
        try:
            found = read_list(file, root)
        except InputError as error:
            assert str(error)
        else:
            assert found and all(item.name and item.target for item in found)
            assert all(segment_of(item.name)[0] for item in found)
