"""The notebook is of the script that it is made of, and its cells run, one after the other."""

import json
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
from conftest import running_eagerly

SCRIPTS = Path(__file__).parent.parent / "scripts"
NOTEBOOK = SCRIPTS / "first_steps.ipynb"
SMALL = ["data.num_train=16", "data.num_val=8", "data.num_test=8", "data.clip.num_frames=8", "data.clip.size=24"]
SMALL += ["train.epochs=2", "train.jit_compile=false", "model.backbone.features=8", "model.units=[8]"]


def code_cells():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_it_is_made_of_the_script_of_now():
    subprocess.run([sys.executable, SCRIPTS / "make_notebook", "--check"], check=True)


def test_its_answers_are_kept_with_figures():
    outputs = [output for cell in code_cells() for output in cell["outputs"]]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 3
    assert not [output for output in outputs if output["output_type"] == "error"]
    printed = ["".join(output.get("text", "")) for output in outputs]
    assert "\x1b" not in "".join(printed) and len(printed) < 60  # no frames of a bar that moved


def test_its_cells_run(tmp_path, data_dir, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shown = []
    monkeypatch.setattr(plt, "show", lambda: (shown.append(plt.gcf()), plt.close()))
    names = {}
    with running_eagerly():
        for cell in code_cells():
            code = "".join(cell["source"])
            exec(code, names)
            if "SETTINGS = " in code:
                settings = [*SMALL, f"data.data_dir={data_dir}"]
                names["config"] = names["lstm_zoo"].load_config("moving_shapes_cnn_lstm.yaml", settings)
    printed = capsys.readouterr().out
    assert len(shown) >= 3 and "top-1:" in printed and "(1, 2)" in printed
    assert names["exported"].path.suffix == ".onnx"
