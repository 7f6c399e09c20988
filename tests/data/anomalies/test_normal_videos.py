import shutil

import numpy as np
import pytest
from PIL import Image

from lstm_zoo.contracts import InputError
from lstm_zoo.data.anomalies.normal_videos import NormalVideos
from lstm_zoo.data.frames.video_frames import VideoFrames

FRAMES, ABNORMAL = 8, range(3, 6)


@pytest.fixture
def ucsd(tmp_path):
    """A folder in UCSD's layout, with masks instead of their MATLAB file."""
    for film in ("Train/Train001", "Train/Train002", "Test/Test001", "Test/Test002"):
        write(tmp_path / film, np.arange(FRAMES))
    for film in ("Test/Test001_gt", "Test/Test002_gt"):
        write(tmp_path / film, np.isin(np.arange(FRAMES), ABNORMAL) * 255, "bmp")
    return tmp_path


def write(folder, brightness, ending="png"):
    folder.mkdir(parents=True)
    for number, value in enumerate(brightness, 1):
        Image.new("L", (24, 16), int(value)).save(folder / f"{number:03d}.{ending}")


def test_masks_beside_test_films_are_their_labels(ucsd):
    data = NormalVideos(root=ucsd, size=(16, 24), num_frames=3, val_fraction=0.5)
    items = data.items()
    assert [item.name for item in items["test"]] == ["Test/Test001", "Test/Test002"]
    assert len(items["train"]) == len(items["val"]) == 1
    assert data.remarks() == ["labels: the masks beside the test films (2 folders)"]
    assert [path.name for path in data.files_below(ucsd / "Test")] == ["Test001", "Test002"]
    flags = data.reader()(items["test"][0])["flags"]
    assert flags.tolist() == [0, 0, 0, 1, 1, 1, 0, 0]


@pytest.mark.parametrize("place", ["labels", "labels.npz"])
def test_labels_in_arrays_are_no_films(ucsd, place):
    """Pictures beside arrays are made of these, as a rule."""
    for masks in ucsd.glob("Test/*_gt"):
        shutil.rmtree(masks)
    flags = {f"Test00{number}": np.isin(np.arange(FRAMES), ABNORMAL) * (number == 1) for number in (1, 2)}
    if place == "labels":
        (ucsd / place).mkdir()
        for film, of_film in flags.items():
            np.save(ucsd / place / f"{film}.npy", of_film)
    else:
        np.savez(ucsd / place, **flags)
    data = NormalVideos(root=ucsd, labels=ucsd / place, size=(16, 24), num_frames=3, val_fraction=0.5)
    read = {item.name: data.reader()(item)["flags"] for item in data.items()["test"]}
    assert {film: of_film.sum() for film, of_film in read.items()} == {"Test/Test001": 3, "Test/Test002": 0}
    assert data.remarks() == []


@pytest.mark.parametrize("film", ["folder", "array.npy"])
def test_live_frames_are_those_of_predict(tmp_path, film):
    frames = np.random.default_rng(0).integers(0, 256, (5, 81, 190, 3), np.uint8)
    np.save(tmp_path / "array.npy", frames)
    (tmp_path / "folder").mkdir()
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(tmp_path / "folder" / f"{number}.png")
    data = NormalVideos(root=tmp_path, size=(16, 24), num_frames=3, pictures_fps=20)
    seconds, pictures = zip(*data.live_frames(tmp_path / film, data.expected_spec()), strict=True)
    np.testing.assert_array_equal(pictures, data.views(tmp_path / film, data.expected_spec()).picture)
    np.testing.assert_allclose(seconds, np.arange(5) / 20)


@pytest.fixture
def labelled(ucsd):
    """The same with labels in an array file instead of masks."""
    for masks in ucsd.glob("Test/*_gt"):
        shutil.rmtree(masks)
    np.savez(ucsd / "labels.npz", Test001=np.isin(np.arange(FRAMES), ABNORMAL), Test002=np.zeros(FRAMES))
    return ucsd


@pytest.mark.parametrize("folder", ["", "Test"])
def test_labels_in_an_array_are_found_by_themselves(labelled, folder):
    file = (labelled / "labels.npz").rename(labelled / folder / "labels.npz")
    data = NormalVideos(root=labelled, num_frames=3, val_fraction=0.5)
    items = data.items()
    assert [item.name for item in items["test"]] == ["Test/Test001", "Test/Test002"]
    assert len(items["train"]) == len(items["val"]) == 1
    assert data.remarks() == [f"labels: {file}"]
    films = [item.name for of_split in VideoFrames(root=labelled)._listing().splits.values() for item in of_split]
    assert films == [file.relative_to(labelled).as_posix()]  # which has no labels: arrays are films


def test_one_of_several_files_of_labels_is_to_be_named(labelled):
    (labelled / "Test" / "old.json").write_text("{}")
    with pytest.raises(InputError, match=r"not one file of them \(labels.npz, old.json\); name it"):
        NormalVideos(root=labelled, num_frames=3).items()


@pytest.mark.parametrize(
    ("root", "labels"),
    [("ucsd", "ucsd/Train/../labels.npz"), ("link", "ucsd/labels.npz"), ("ucsd", "link/labels.npz"), ("ucsd", "file")],
)
def test_labels_are_no_film_however_they_are_spelled(labelled, tmp_path_factory, root, labels):
    place = tmp_path_factory.mktemp("places")
    (place / "link").symlink_to(labelled)
    (place / "file").symlink_to(labelled / "labels.npz")
    labelled.rename(place / "ucsd")
    labelled.symlink_to(place / "ucsd")
    data = NormalVideos(root=place / root, labels=place / labels, num_frames=3, val_fraction=0.5)
    assert len(data.items()["test"]) == 2 and data.remarks() == []


def test_labels_that_are_not_there_are_told(labelled):
    with pytest.raises(InputError, match=r"no file or folder .*lables.npz \(did you mean 'labels.npz'\?\)"):
        NormalVideos(root=labelled, labels=labelled / "lables.npz", num_frames=3).items()


@pytest.mark.parametrize("names", [["a"], ["Train/a", "Test/b"]])
def test_films_may_be_arrays(tmp_path, names):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        np.savez(tmp_path / name, np.zeros((FRAMES, 16, 24), np.uint8))
    labels = None
    if len(names) > 1:
        with pytest.raises(InputError, match=r"b\.npz: no test film is called"):
            NormalVideos(root=tmp_path, num_frames=3).items()
        labels = tmp_path / "labels.json"
        labels.write_text('{"b": []}')
    splits = NormalVideos(root=tmp_path, labels=labels, num_frames=3)._listing().splits
    assert sorted(item.name for items in splits.values() for item in items) == sorted(f"{one}.npz" for one in names)


def test_data_with_other_masks_are_prepared_again(ucsd):
    data = NormalVideos(root=ucsd, size=(16, 24), num_frames=3, val_fraction=0.5)
    before = data.source_key(data.items())
    Image.new("L", (24, 16), 255).save(ucsd / "Test/Test001_gt/008.bmp")
    assert data.source_key(data.items()) != before


def test_a_test_film_without_masks_is_named(ucsd):
    shutil.rmtree(ucsd / "Test/Test002_gt")
    with pytest.raises(InputError, match=r"Test/Test002 has no folder of masks beside it \(Test/Test002_gt\)"):
        NormalVideos(root=ucsd, num_frames=3).items()
