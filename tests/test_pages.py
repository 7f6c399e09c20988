import runpy
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "scripts" / "write_pages"


def test_pages_are_what_the_code_says(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--check"])
    assert runpy.run_path(str(SCRIPT))["run"]() == 0, capsys.readouterr().out
