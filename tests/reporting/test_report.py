"""The page of a run, and its pictures."""

import re

import numpy as np
import pytest

from lstm_zoo.reporting.report import write_report
from lstm_zoo.runs.evaluation import evaluate
from lstm_zoo.tasks.figures.confusion_matrix import confusion_matrix

SCORES = {"top1": 0.5, "examples": 4, "per_class": {"a<b": 0.25}, "floors": {"majority": {"top1": 0.25}}}


@pytest.fixture
def report(tmp_path):
    """Return a function that writes the report of an evaluation with some pictures, and returns the page."""

    def write(name, *pictures):
        figures = ((file.title(), file, confusion_matrix(np.array([[3, 1], [0, 0]]), ["a", "b"])) for file in pictures)
        about = {"title": "run", "config_yaml": "kind: x", "of_classes": "accuracy of each class", "figures": figures}
        return write_report(tmp_path, name=name, metrics={"val": SCORES, name: SCORES}, **about).read_text()

    return write


def test_the_report_stands_alone(smoke_run):
    evaluate(smoke_run, "val")
    page = (smoke_run.folder / "report.html").read_text()
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    for text in (
        "Learning curves",
        "Confusion matrix (val)",
        "Result against floor (val)",
        "Mistake 1",
        "kind: cnn_lstm",
    ):
        assert text in page
    for name in ("learning_curves", "val/confusion", "val/floor", "val/mistake-1"):
        assert (smoke_run.folder / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_it_tells_scores_beside_floors(report):
    page = report("test", "mistake")
    assert "0.5000" in page and "majority" in page and "a&lt;b 0.250" in page and "Mistake (test)" in page
    assert "Learning curves" not in page  # nothing was learned in this folder


def test_pictures_of_other_evaluations_stay(report, tmp_path):
    report("test_data.root=a", "mistake-1", "mistake-2")
    report("test_data.root=a-b", "mistake-1")
    report("test_data.root=a", "mistake-1")
    found = {file.relative_to(tmp_path / "figures").as_posix() for file in tmp_path.rglob("*.png")}
    assert found == {f"test_data.root={name}/{file}.png" for name in ("a", "a-b") for file in ("floor", "mistake-1")}
