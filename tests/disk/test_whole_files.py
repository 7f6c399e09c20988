"""Files are whole or not there."""

import pytest

from lstm_zoo.disk.whole_files import remove_drafts, replace_file, written


def test_a_file_has_its_name_once_it_is_whole(tmp_path):
    file = tmp_path / "best.weights.h5"
    file.write_text("old")
    with written(file) as draft:
        assert draft.name.endswith(".weights.h5")
        draft.write_text("new")
        assert file.read_text() == "old"
    assert file.read_text() == "new" and list(tmp_path.iterdir()) == [file]


def test_what_fails_leaves_the_old_file_and_no_draft(tmp_path):
    file = tmp_path / "a.json"
    replace_file(file, "old")
    with pytest.raises(OSError, match="full"), written(file) as draft:
        draft.write_text("ha")
        raise OSError("full")
    assert file.read_text() == "old" and list(tmp_path.iterdir()) == [file]


def test_a_name_as_long_as_names_may_be_can_be_written(tmp_path):
    file = tmp_path / ("ß" * 125 + ".json")
    replace_file(file, "whole")
    assert file.read_text() == "whole"


def test_what_killed_processes_left_of_a_file_is_removed_and_nothing_else(tmp_path):
    for name in (".12.draft.a[1].npy", ".13.draft.a[1].npy", ".14.draft.b.npy", "a[1].npy"):
        (tmp_path / name).touch()
    remove_drafts(tmp_path / "a[1].npy")
    assert sorted(file.name for file in tmp_path.iterdir()) == [".14.draft.b.npy", "a[1].npy"]


def test_an_error_of_another_file_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, written(tmp_path / "a"):
        (tmp_path / "source").read_bytes()
    assert caught.value.filename == str(tmp_path / "source")
