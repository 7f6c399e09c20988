"""A data set, a network and a task of the user's own, from one file, through the whole command line."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from lstmzoo import lstmzoo

PLUGIN = Path(__file__).parent / "plugins" / "waves.py"
RECIPE = """
data: { kind: waves, steps: 12 }
model: { kind: wave_lstm, units: 12 }
task: { kind: regression }
train: { epochs: 4, batch_size: 16, optimizer: { learning_rate: 0.03 } }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory, data_dir):
    """A folder with the recipe, a trained run and a series in a CSV file."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "waves.yaml").write_text(RECIPE)
    series = np.sin(np.linspace(0, 2 * np.pi, 12))[:, None].repeat(2, 1)
    with (folder / "series.csv").open("w", newline="") as file:
        csv.writer(file).writerows(series.tolist())
    words = ["train", "--config", folder / "waves.yaml", "--run-dir", folder / "run"]
    output = lstmzoo("--plugin", PLUGIN, *words, "--set", f"data.data_dir={data_dir}").output
    assert "closeness" in output and "floor: mean" in output
    return folder


def test_its_kinds_are_listed_and_checked_like_ours():
    for what, kind in (("data", "waves"), ("models", "wave_lstm"), ("tasks", "regression")):
        assert kind in lstmzoo("--plugin", PLUGIN, "list", what).output
        assert kind not in lstmzoo("list", what).output


def test_check_tells_what_does_not_fit(folder):
    recipe = folder / "waves.yaml"
    facts = json.loads(lstmzoo("--plugin", PLUGIN, "check", "--config", recipe, "--json").stdout)
    assert facts["parameters"] == 4 * 12 * (2 + 12 + 1) + 13
    wrong = ["check", "--config", recipe, "--set", "data={kind: moving_shapes}"]
    assert "wave_lstm" in lstmzoo("--plugin", PLUGIN, *wrong, status=2).stderr
    mistyped = ["check", "--config", recipe, "--set", "model.kind=wave_lstn"]
    assert "did you mean 'wave_lstm'" in lstmzoo("--plugin", PLUGIN, *mistyped, status=2).stderr


def test_a_run_of_it_is_evaluated_predicted_and_exported(folder):
    run = ["--run", folder / "run"]
    scores = json.loads(lstmzoo("--plugin", PLUGIN, "eval", *run, "--json").stdout)
    assert scores["closeness"] > scores["floors"]["mean"]["closeness"] == pytest.approx(-1)
    predicted = lstmzoo("--plugin", PLUGIN, "predict", *run, folder / "series.csv", "--json").stdout
    (one,) = json.loads(predicted)["predictions"]
    assert lstmzoo("--plugin", PLUGIN, "predict", *run, folder / "series.csv").output.count("swings") == 1
    exported = json.loads(lstmzoo("--plugin", PLUGIN, "export", *run, "--format", "onnx", "--json").stdout)
    assert (
        exported["max_difference"] <= 1e-4
        and exported["signatures"]["serving_default"]["inputs"][0]["name"] == "series"
    )
    file = ["--exported", exported["path"], folder / "series.csv", "--json"]
    (of_file,) = json.loads(lstmzoo("--plugin", PLUGIN, "predict", *file).stdout)["predictions"]
    assert of_file["number"] == pytest.approx(one["number"], abs=1e-4)


def test_a_run_says_which_plugin_made_it(folder, tmp_path):
    assert "--plugin" in (said := lstmzoo("eval", "--run", folder / "run", status=2).stderr) and "waves.py" in said
    changed = tmp_path / "waves.py"
    changed.write_text(PLUGIN.read_text() + "\n# changed\n")
    assert "another version of waves.py" in lstmzoo("--plugin", changed, "eval", "--run", folder / "run").stderr


def test_no_file_of_the_package_knows_it():
    package = Path(__file__).parent.parent / "lstm_zoo"
    words = ("wave_lstm", "waves.py", '"waves"')
    assert not [file for file in package.rglob("*.py") if any(word in file.read_text() for word in words)]
