"""Damaged files of each kind: used whole, used with a remark, or named."""

import runpy
from pathlib import Path

FUZZER = Path(__file__).parents[2] / "scripts" / "fuzz_media"


def test_damaged_files_are_used_or_named(capsys, monkeypatch):
    """`scripts/fuzz_media` tries thousands."""
    for name in ("LSTMZOO_FILE_SECONDS", "LSTMZOO_FILE_GIB"):
        monkeypatch.setenv(name, "")  # what the script sets there goes with the test
    monkeypatch.setattr("sys.argv", ["fuzz_media", "--tries", "6", "--seed", "1"])
    assert runpy.run_path(str(FUZZER))["main"]() == 0, capsys.readouterr()
    assert len(capsys.readouterr().out.splitlines()) == 12
