import shutil

import numpy as np
import pytest
from PIL import Image

from lstm_zoo.contracts import InputError
from lstm_zoo.data.anomalies.normal_videos import NormalVideos

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
    assert "the masks beside the test films (2 folders)" in data.remarks()[0]
    flags = data.reader()(items["test"][0])["flags"]
    assert flags.tolist() == [0, 0, 0, 1, 1, 1, 0, 0]


def test_data_with_other_masks_are_prepared_again(ucsd):
    data = NormalVideos(root=ucsd, size=(16, 24), num_frames=3, val_fraction=0.5)
    before = data.source_key(data.items())
    Image.new("L", (24, 16), 255).save(ucsd / "Test/Test001_gt/008.bmp")
    assert data.source_key(data.items()) != before


def test_a_test_film_without_masks_is_named(ucsd):
    shutil.rmtree(ucsd / "Test/Test002_gt")
    with pytest.raises(InputError, match=r"Test/Test002 has no folder of masks beside it \(Test/Test002_gt\)"):
        NormalVideos(root=ucsd, num_frames=3).items()
