"""Films of the user's: which there are, their windows, and how a film is asked about."""

import numpy as np
import pytest
from conftest import write_image, write_video
from PIL import Image

from lstm_zoo.contracts import FRAMES, KNOWN_FRAMES, InputError
from lstm_zoo.data.frames.video_frames import VideoFrames

WINDOW = {"num_frames": 3, "horizon": 2}


def film(path, num_frames, size=(20, 12), colour=(0, 0, 0)):
    """Write a film without loss: frame t has the grey value 10 t, and a square of a colour moves from left to right."""
    for time in range(num_frames):
        picture = np.full((size[1], size[0], 3), 10 * time, np.uint8)
        picture[4:8, time : time + 4] = colour
        path.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path / f"{time + 1}.png")
    return path


def names(data):
    return {split: [item.name for item in items] for split, items in data.items().items()}


def test_short_films_are_named_and_the_others_give_windows_to_their_ends(tmp_path):
    for name, count in (("a", 1), ("b", 4), ("c", 5), ("d", 6), ("e", 10)):
        film(tmp_path / "films" / name, count)
    settings = {"root": tmp_path / "films", "size": (12, 20), "on_bad_file": "skip", "data_dir": tmp_path, **WINDOW}
    data = VideoFrames(val_fraction=0, test_fraction=0, **settings)
    told = "needed: 5, 3 that are shown and 2 that follow"
    bad = {file.name: file.reason for file in data.bad_files()}
    assert bad == {"a": f"has 1 frame; {told}", "b": f"has 4 frames; {told}"}
    splits = data.load()
    firsts = {judged.name: int(judged.truth[0, 0, 0, 0]) // 10 for judged in splits.judged("train")}
    assert firsts == {"c#0": 0, "d#0": 0, "d#1": 1, "e#0": 0, "e#2": 2, "e#4": 4, "e#5": 5}
    assert splits.counts("train") == {"films": 3} and "left out: 2 of 5 films" in splits.remarks()[0]
    assert splits.spec.target.step_seconds == 0.04
    one_a_film = data.model_copy(update={"stride": 9}).load()
    assert sorted(judged.name for judged in one_a_film.judged("train")) == ["c#0", "d#0", "d#1", "e#0", "e#5"]


def test_a_look_at_the_files_tells_their_windows(tmp_path):
    film(tmp_path / "a", 10)
    found = VideoFrames(root=tmp_path, size=(12, 20), val_fraction=0, test_fraction=0, **WINDOW).survey(1)
    assert found.files[0].measures == {"frames": 10, "frames a second": 25.0, "windows": 4}
    assert found.examples[0].inputs["clip"].shape == (3, 12, 20, 1) and found.examples[0].target.shape == (2, 12, 20, 1)


def test_whole_films_are_dealt_to_splits_together_with_their_like(tmp_path):
    for number in range(8):
        film(tmp_path / f"camera{number // 2}_{number}", 1)
    data = VideoFrames(root=tmp_path, group_pattern=r"camera(\d)")
    cameras = {split: {name[6] for name in found} for split, found in names(data).items()}
    assert all(cameras.values()) and sum(map(len, cameras.values())) == 4


def test_folders_of_masks_are_no_films_and_frames_come_by_their_numbers(tmp_path):
    root = tmp_path / "UCSDpedX"
    for name in ("Train/Train001", "Train/Train002", "Test/Test001", "Test/Test001_gt"):
        film(root / name, 12)
    (root / "Test/Test001/._1.png").write_bytes(b"\0\5\x16\7")
    data = VideoFrames(root=root, size=(12, 20), **WINDOW)
    assert names(data) == {"train": ["Train/Train001", "Train/Train002"], "val": [], "test": ["Test/Test001"]}
    assert "masks, left out: Test/Test001_gt" in data.remarks()[0]
    read = data.family(data.expected_spec()).window(data.read(root / "Test/Test001"), 7)
    assert read[:, 0, 0, 0].tolist() == [70, 80, 90, 100, 110]


def test_a_picture_of_another_size_is_named(tmp_path):
    write_image(film(tmp_path / "a", 6) / "3.png", size=(22, 12))
    (bad,) = VideoFrames(root=tmp_path, val_fraction=0, test_fraction=0, **WINDOW).bad_files()
    assert bad.reason == "3.png is 22 x 12 px, but 1.png is 20 x 12 px"


def test_grey_films_are_the_same_in_three_channels(tmp_path):
    for name, mode in (("grey", "L"), ("rgb", "RGB")):
        (tmp_path / name).mkdir()
        for time in range(5):
            Image.new(mode, (20, 12), 31 * time if mode == "L" else (31 * time,) * 3).save(
                tmp_path / name / f"{time}.tif"
            )
    data = VideoFrames(root=tmp_path, size=(12, 20), **WINDOW)
    family = data.family(data.expected_spec())
    grey, rgb = (family.window(data.read(tmp_path / name), 0) for name in ("grey", "rgb"))
    np.testing.assert_array_equal(grey, rgb)


def test_each_clip_of_an_array_is_a_film(tmp_path):
    clips = np.zeros((7, 6, 12, 20), np.uint8)
    clips += np.arange(7, dtype=np.uint8)[:, None, None, None] * 30
    np.save(tmp_path / "clips.npy", clips)
    data = VideoFrames(root=tmp_path / "clips.npy", size=(12, 20), data_dir=tmp_path, **WINDOW)
    assert sum(map(len, names(data).values())) == 7 and "clips.npy@3" in sum(names(data).values(), [])
    assert "7 clips of 6 frames, clips first" in data.remarks()[0]
    found = data.load(splits=("all",)).judged("all")
    assert {judged.name: judged.truth.max() for judged in found} == {
        f"clips.npy@{number}#{first}": 30 * number for number in range(7) for first in (0, 1)
    }
    with pytest.raises(InputError, match="holds 7 clips; expected one film"):
        data.views(tmp_path / "clips.npy", data.expected_spec())


def outputs(*values):
    return iter([{FRAMES: value} for value in values])


def test_a_film_is_asked_about_its_end_and_its_windows(tmp_path):
    data = VideoFrames(root=tmp_path, size=(6, 10), colour=True, **WINDOW)
    views = data.views(film(tmp_path / "a", 8, size=(21, 13), colour=(220, 20, 20)), data.expected_spec())
    shown = np.asarray(views.inputs["clip"])
    assert shown.shape == (2, 3, 6, 10, 3)
    assert shown[:, :, 0, 0, 0].tolist() == [[50, 60, 70], [30, 40, 50]]  # the last frames, and those before the last
    red, green, blue = views.picture[-1, 5, 9].tolist()
    assert views.picture.shape == (5, 13, 21, 3) and red > 180 and green < 60 and blue < 60
    assert views.merge(outputs(1, 2)) == {FRAMES: 1, KNOWN_FRAMES: 2}
    parts = list(views.parts)
    assert [(part.about["start"], part.about["end"]) for part in parts] == [(0.12, 0.2), (0.2, 0.28), (0.24, 0.32)]
    assert parts[1].views.inputs["clip"][0, :, 0, 0, 0].tolist() == [20, 30, 40]
    assert parts[1].views.picture[:, 0, 0, 0].tolist() == [20, 30, 40, 50, 60]
    assert parts[1].views.merge(outputs(3)) == {KNOWN_FRAMES: 3}


def test_a_film_may_be_as_short_as_what_is_shown(tmp_path):
    data = VideoFrames(root=tmp_path, size=(12, 20), **WINDOW)
    views = data.views(film(tmp_path / "a", 4), data.expected_spec())
    assert views.inputs["clip"].shape == (1, 3, 12, 20, 1) and list(views.parts) == [] and len(views.picture) == 3
    assert views.merge(outputs(1)) == {FRAMES: 1}
    with pytest.raises(InputError, match="has 2 frames; 3 are needed"):
        data.views(film(tmp_path / "b", 2), data.expected_spec())


def test_a_video_is_shown_in_its_own_size(tmp_path):
    data = VideoFrames(root=tmp_path, size=(8, 8), max_fps=4, **WINDOW)
    views = data.views(write_video(tmp_path / "a.mp4", 16, size=(64, 48)), data.expected_spec())  # 8 frames a second
    assert views.picture.shape == (5, 48, 64, 3) and len(list(views.parts)) == 3
    bright = views.picture[:, 24, 48].mean(axis=-1)
    np.testing.assert_allclose(bright, [40 + 180 * number // 16 for number in (6, 8, 10, 12, 14)], atol=4)
