"""`lstmzoo predict` of many files."""

import json

import pytest
from lstmzoo import lstmzoo

from lstm_zoo.runs import prediction


@pytest.fixture
def few_files(smoke_run, video_root, tmp_path):
    """The words of a command on six files, one of which cannot be read."""
    (tmp_path / "broken.mp4").write_bytes(b"x")
    files = sorted((video_root / "dark").iterdir())[:5]
    return ["predict", "--run", smoke_run.path, *files[:2], tmp_path / "broken.mp4", *files[2:]]


def lines_in(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_command_that_was_stopped_goes_on_and_does_every_file_once(few_files, tmp_path, monkeypatch, eager):
    whole, file = tmp_path / "whole.jsonl", tmp_path / "stopped.jsonl"
    assert "broken.mp4" in lstmzoo(*few_files, "--to", whole, status=2).output
    answers = prediction.answers_to

    def stopping(network, paths):
        for number, one in enumerate(answers(network, paths)):
            if number == 3:
                raise KeyboardInterrupt
            yield one

    with monkeypatch.context() as patch:
        patch.setattr(prediction, "answers_to", stopping)
        assert f"are not in {file}" in " ".join(lstmzoo(*few_files, "--to", file, status=130).output.split())
    assert len(lines_in(file)) == 3
    words = [*few_files, "--to", file, "--jsonl", "--save-to", tmp_path / "saved"]
    printed = lstmzoo(*words).stdout.splitlines()
    assert [json.loads(line)["file"] for line in printed] == [one["file"] for one in lines_in(whole)[3:]]
    assert [name.name[:4] for name in sorted((tmp_path / "saved").glob("*.json"))] == ["004-", "005-", "006-"]
    for one, other in zip(lines_in(file), lines_in(whole), strict=True):
        assert one.keys() == other.keys() and one["file"] == other["file"] and one["network"] == other["network"]
        for this, that in zip(one.get("classes", ()), other.get("classes", ()), strict=True):
            assert this["probability"] == pytest.approx(that["probability"], abs=1e-5) and this["name"] == that["name"]
    assert "error" in lines_in(file)[2]


def test_results_of_other_settings_are_refused(few_files, tmp_path, eager):
    file = tmp_path / "lines.jsonl"
    lstmzoo(*few_files[:4], "--to", file)
    output = lstmzoo(*few_files, "--to", file, "--set", "data.short_side=17", status=2).output
    assert "its weights or settings are others" in " ".join(output.split()) and len(lines_in(file)) == 1
    assert "name one of them" in lstmzoo(*few_files, "--to", file, "--json", status=2).output
