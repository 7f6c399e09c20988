"""Numbers of a smoke recipe are those that were recorded; `scripts/record_numbers` compares all, to the last bit."""

import json
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_a_recipe_gives_the_numbers_that_were_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr("lstm_zoo.console.quiet.silence", lambda: None)
    monkeypatch.setattr("lstm_zoo.console.quiet.import_keras", lambda: None)
    script = runpy.run_path(str(ROOT / "scripts" / "record_numbers"))
    old = json.loads((ROOT / "tests" / "recorded_numbers.json").read_text())["window_dense"]
    differ = script["differences"](old, json.loads(json.dumps(script["recorded"]("window_dense", tmp_path))))
    for key, (before, now) in differ.items():  # on another processor the last bits may be others
        assert isinstance(now, float) and now == pytest.approx(before, rel=1e-3, abs=1e-4), key
