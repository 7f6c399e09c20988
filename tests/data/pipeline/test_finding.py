"""Files below a folder: which count, which are left out, and how texts are read."""

from pathlib import Path

from conftest import write_image

from lstm_zoo.data.pipeline.finding import files_below, files_ending, told_left_out, unlinked
from lstm_zoo.media.endings import IMAGES


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def names(root, paths):
    return [path.relative_to(root).as_posix() for path in paths]


def test_each_real_folder_is_visited_once_at_its_own_place(tmp_path):
    root = tmp_path / "root"
    touch(root, "b/x.mp4", "b/deep/y.mp4")
    touch(tmp_path / "elsewhere", "z.mp4", "deep/w.mp4")
    links = {"b/up": "..", "b/outside": tmp_path, "a": "b", "c": "../elsewhere", "d": "../elsewhere/deep", "b/own": "."}
    for name, target in links.items():
        (root / name).symlink_to(target)
    (tmp_path / "elsewhere" / "deep" / "back").symlink_to(tmp_path / "elsewhere")
    assert names(root, files_below(root)) == ["b/deep/y.mp4", "b/x.mp4", "c/deep/w.mp4", "c/z.mp4"]
    assert names(root, files_below(root / "b")) == ["b/deep/y.mp4", "b/x.mp4"]  # the folder above is none below


def test_what_systems_and_editors_leave_is_no_file_of_the_user(tmp_path):
    droppings = [
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        "a.jpg~",
        "~$a.csv",
        "film.mp4.part",
        "x.crdownload",
        "._a.jpg",
    ]
    folders = [".ipynb_checkpoints/a.jpg", ".trash/b.jpg", "@eaDir/c.jpg", "__MACOSX/d.jpg", "$RECYCLE.BIN/e.jpg"]
    touch(tmp_path, "a.jpg", "notes.txt", "more.txt", "README", *droppings, *folders)
    assert names(tmp_path, files_below(tmp_path)) == ["README", "a.jpg", "more.txt", "notes.txt"]
    (told,) = told_left_out(tmp_path, [tmp_path / "a.jpg"])
    assert "1 without an ending (README); 2 *.txt (more.txt, notes.txt); 13 hidden, a system's, or links back" in told
    assert told.endswith(" ($RECYCLE.BIN, .DS_Store, ._a.jpg, and 10 more)")
    (tmp_path / "only").mkdir()
    touch(tmp_path / "only", "1/a.jpg")
    assert told_left_out(tmp_path / "only", [tmp_path / "only" / "1"]) == []  # a folder of frames in use


def test_pictures_are_found_whatever_their_names_end_in(tmp_path):
    for number, kind in enumerate(("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "JPEG2000")):
        write_image(tmp_path / f"{number}", number, format=kind)
    (tmp_path / "8").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    touch(tmp_path, "a.JFIF", "b.Avif", "c.jp2", "d.tga", "e.ppm", "f.HEIC", "README", "text.txt")
    (tmp_path / "Makefile").write_text("BM: all\n")
    expected = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "a.JFIF", "b.Avif", "c.jp2", "d.tga", "e.ppm", "f.HEIC"]
    assert names(tmp_path, files_ending(tmp_path, IMAGES)) == expected
    assert names(tmp_path, files_ending(tmp_path, (".txt",))) == ["text.txt"]


def test_links_to_a_file_are_the_file(tmp_path):
    touch(tmp_path, "b.mp4", "c.mp4")
    (tmp_path / "a.mp4").symlink_to("b.mp4")
    (tmp_path / "d.mp4").symlink_to(Path("..") / tmp_path.name / "c.mp4")
    assert names(tmp_path, unlinked(files_below(tmp_path))) == ["b.mp4", "c.mp4"]
