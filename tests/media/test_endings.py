from PIL import Image

from lstm_zoo.media.endings import IMAGES, NO_VIDEOS, VIDEOS, VOLUMES, stem_of


def test_endings_of_volumes():
    assert [stem_of(name, VOLUMES) for name in ("a.b.nii.gz", "a.NII", "s/a.npz", "a.gz")] == ["a.b", "a", "s/a", None]
    assert stem_of("a.regions.txt", (".txt", ".regions.txt")) == "a"


def test_pictures_are_what_pillow_reads():
    Image.init()
    no_pictures = {"BUFR", "EPS", "FLI", "GRIB", "HDF5", "MPEG", "PCD", "WMF"}  # data, films, and what needs a program
    formats = Image.OPEN.keys() - no_pictures
    assert {ending for ending, kind in Image.registered_extensions().items() if kind in formats} <= IMAGES
    assert ".heic" in IMAGES and ".gif" in VIDEOS and not NO_VIDEOS & VIDEOS and NO_VIDEOS >= {".nfo", ".jfif", ".npy"}
