"""Runs of strangers: nothing is written elsewhere, damage is told by name, and answers stay text."""

import csv
import json
import os

import pytest

from lstm_zoo.contracts import InputError
from lstm_zoo.reporting.pages import render
from lstm_zoo.runs.evaluation import _write_predictions
from lstm_zoo.runs.kept import added_metrics, check_own_files, environment_in, metrics_of

GOOD = {"test": {"examples": 3, "top1": 0.5, "floors": {"majority": {"top1": 0.1}}}}
HOSTILE = "[/x][bold]<script>alert(1)</script>\u202e\x1b[2J"


@pytest.mark.parametrize(
    "text", ["{", "[1]", "[" * 100_000, '{"test": 5}', '{"test": {"examples": 1, "floors": {"a": {"top1": "b"}}}}']
)
def test_damaged_metrics_are_told_by_name(text, tmp_path):
    with added_metrics(tmp_path, "test", GOOD["test"]):
        pass
    assert metrics_of(tmp_path) == GOOD and metrics_of(tmp_path / "nowhere") == {}
    (tmp_path / "metrics.json").write_text(text)
    with pytest.raises(InputError, match=r"metrics\.json is damaged \(.*\); restore it, or remove it"):
        metrics_of(tmp_path)


@pytest.mark.parametrize(
    "changes", ["{", "null", {"plugins": 5}, {"plugins": [{"name": "x"}]}, {"versions": None}, {"recipe": 7}]
)
def test_a_damaged_environment_is_told_by_name(changes, tmp_path):
    good = {"layout": 3, "plugins": [], "versions": {}, "recipe": "x", "data": "y"}
    file = tmp_path / "environment.json"
    assert environment_in(tmp_path) == {}
    file.write_text(json.dumps(good))
    assert environment_in(tmp_path) == good
    file.write_text(changes if isinstance(changes, str) else json.dumps({**good, **changes}))
    with pytest.raises(InputError, match=r"environment\.json is damaged .*; restore it, or train again"):
        environment_in(tmp_path)
    file.write_text(json.dumps({"layout": 1}))
    assert environment_in(tmp_path) == {"layout": 1}  # an old run, which is told as such


def test_no_link_leads_out_of_a_run(tmp_path):
    run = tmp_path / "run"
    (run / "figures").mkdir(parents=True)
    (run / "report.html").write_text("-")
    (run / "latest.html").symlink_to("report.html")
    (tmp_path / "runs").symlink_to(tmp_path)
    check_own_files(tmp_path / "runs" / "run")
    (run / "figures" / "val").symlink_to(tmp_path)
    with pytest.raises(InputError, match=r"figures/val is a link to .*; expected it in"):
        check_own_files(run)
    (run / "figures" / "val").unlink()
    os.mkfifo(run / "metrics.json")
    with pytest.raises(InputError, match=r"metrics\.json is a pipe, device or socket"):
        check_own_files(run)


def test_answers_start_no_formula(tmp_path):
    rows = [{"truth": "=1+1", "score": -0.5}, {"truth": "@x", "score": 2}, {"truth": "a=b", "score": 1.0}]
    _write_predictions(tmp_path / "p.csv", ["-a.mp4", "+b.mp4", "\tc.mp4"], rows)
    with (tmp_path / "p.csv").open(newline="") as file:
        found = list(csv.reader(file))[1:]
    assert found == [["'-a.mp4", "'=1+1", "-0.5"], ["'+b.mp4", "'@x", "2"], ["'\tc.mp4", "a=b", "1.0"]]


def test_nothing_runs_in_a_report():
    page = render(
        "report.html.jinja",
        title=HOSTILE,
        about=HOSTILE,
        name=HOSTILE,
        floors=[HOSTILE],
        metrics=[{"split": HOSTILE, "name": HOSTILE, "value": 0.5, "floors": {HOSTILE: 0.1}, "examples": 1}],
        of_classes=HOSTILE,
        classes={HOSTILE: 0.5, "caf\udce9": 0.5},
        remarks=[HOSTILE],
        images={HOSTILE: "AAAA"},
        config=f"a: 1\nb: {HOSTILE}\n",
    )
    assert "<script" not in page and "\x1b" not in page and "\u202e" not in page
    assert "[/x][bold]&lt;script&gt;" in page and "\\u202e\\u001b[2J" in page and "a: 1\nb: " in page
    page.encode()  # no half of a character
