"""Files are whole or not there."""

import pytest

from lstm_zoo.disk.whole_files import replace_file, written


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
