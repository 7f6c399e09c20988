"""Places of runs."""

from pathlib import Path

from lstm_zoo.config.recipe import load
from lstm_zoo.runs.finding import new_path


def test_runs_of_one_second_get_places_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load("smoke/cnn_lstm.yaml")
    places = [new_path(config) for _ in range(3)]
    assert len(set(places)) == 3 and set(Path("runs").iterdir()) == set(places)
