"""What several need is made once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from lstm_zoo.disk.making import making
from lstm_zoo.disk.whole_files import replace_file


def test_the_first_makes_it_and_the_others_wait_for_it(tmp_path, capsys):
    file, begun, made = tmp_path / "new" / "train.npy", threading.Event(), []

    def first():
        with making(file, "computes features") as missing:
            begun.set()
            ends, said = time.monotonic() + 60, ""
            while "waiting" not in said and time.monotonic() < ends:
                time.sleep(0.01)
                said += capsys.readouterr().err
            assert missing and said.count("computes features since") == 1 and "waiting for its end" in said
            replace_file(file, "whole")

    def second():
        begun.wait()
        with making(file, "computes features") as missing:
            made.append((missing, file.read_text()))

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(first), pool.submit(second)]:
            one.result(timeout=90)
    assert made == [(False, "whole")]


def test_where_it_lies_already_nothing_is_written(tmp_path):
    (tmp_path / "a").touch()
    with making(tmp_path / "a", "makes a") as missing:
        assert not missing
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_what_killed_processes_left_goes_before_it_is_made_anew(tmp_path):
    (tmp_path / ".99.draft.a").touch()
    with making(tmp_path / "a", "makes a") as missing:
        assert missing and not (tmp_path / ".99.draft.a").exists()
