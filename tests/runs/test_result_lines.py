"""Results in a file of lines, which a stopped command goes on with."""

import json
import os

import pytest

from lstm_zoo.contracts import InputError
from lstm_zoo.runs.result_lines import ResultLines


def facts_in(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def add(file, *names, by="a"):
    with ResultLines.opened(file, by) as lines:
        for name in names:
            lines.add({"file": name, "classes": ["ü"]})


def test_files_that_were_done_are_known_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "new" / "results.jsonl"
    strange = os.fsdecode(b"\xff\n.mp4")
    add(file, "1.mp4", strange)
    with ResultLines.opened(file, "a") as lines:
        held = [one in lines for one in (tmp_path / "1.mp4", tmp_path / strange, tmp_path / "2.mp4")]
        assert held == [True, True, False]
        with pytest.raises(InputError, match=r"writes into .*results\.jsonl"), ResultLines.opened(file, "a"):
            pass
        lines.add({"file": "2.mp4"})
        names = [str(tmp_path / name) for name in ("1.mp4", strange, "2.mp4")]
        assert [one["file"] for one in facts_in(file)] == names  # at once
    assert facts_in(file)[0] == {"file": names[0], "classes": ["ü"], "network": "a"}
    monkeypatch.chdir(tmp_path / "new")
    with ResultLines.opened(file, "a") as lines:
        assert tmp_path / "1.mp4" in lines and tmp_path / "new" / "1.mp4" not in lines


@pytest.mark.parametrize("kept", [5, 20])
def test_what_a_killed_process_left_of_a_line_is_cut_off(tmp_path, kept):
    file = tmp_path / "results.jsonl"
    add(file, "1.mp4", "2.mp4")
    first, second = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + second[:kept])
    with ResultLines.opened(file, "a") as lines:
        assert tmp_path.cwd() / "1.mp4" in lines and tmp_path.cwd() / "2.mp4" not in lines
    add(file, "2.mp4")
    assert file.read_bytes() == first + second


def test_files_of_other_networks_and_of_others_are_refused_and_stay(tmp_path):
    file = tmp_path / "results.jsonl"
    add(file, "1.mp4")
    for content, text in (
        (file.read_bytes(), "line 1 is by the network a, this is b"),
        (b"no lines of ours", "line 1 is no result"),
        (b"[1]\n", "line 1 is no result"),
        (b'{"file": "x"}\n', "line 1 is no result"),
        (b"\xff\xd8\x00", "line 1 is no result"),
    ):
        file.write_bytes(content)
        with pytest.raises(InputError, match=text):
            add(file, "2.mp4", by="b")
        assert file.read_bytes() == content


def test_of_a_line_for_which_there_is_no_room_nothing_is_written(tmp_path, monkeypatch):
    file = tmp_path / "results.jsonl"
    add(file, "1.mp4")
    content, write, writes = file.read_bytes(), os.write, iter([10, None])

    def full(descriptor, line):
        if (room := next(writes)) is None:
            raise OSError(28, "No space left on device")
        return write(descriptor, line[:room])

    with pytest.raises(OSError, match="No space"), ResultLines.opened(file, "a") as lines:
        monkeypatch.setattr(os, "write", full)
        lines.add({"file": "2.mp4"})
    assert file.read_bytes() == content
