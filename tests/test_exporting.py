import json
import subprocess
import sys

import numpy as np
import pytest

from lstm_zoo import exporting
from lstm_zoo.contracts import InputError
from lstm_zoo.run import Run


def test_a_saved_model_runs_without_this_package(smoke_run, tmp_path):
    result = smoke_run.export("tf_saved_model", tmp_path)
    assert result["max_difference"] <= 1e-5 and result["examples"] == "test examples"
    (facts,) = tmp_path.glob("*.json")
    assert json.loads(facts.read_text())["class_names"] == list(smoke_run.spec.class_names)
    code = (
        "import sys, numpy as np, tensorflow as tf\n"
        f"served = tf.saved_model.load({result['path']!r})\n"
        "for size in (1, 5):\n"
        "    y = np.asarray(served.serve(np.zeros((size, 4, 16, 16, 3), np.uint8)))\n"
        "    assert y.shape == (size, 8) and abs(y.sum(1) - 1).max() < 1e-5\n"
        "assert not any(name.startswith('lstm_zoo') for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


def test_a_keras_file_loads_in_safe_mode(smoke_run):
    result = Run.open(smoke_run.path).export("keras")
    assert result["max_difference"] <= 1e-5
    assert (smoke_run.path / "exports" / "cnn_lstm.keras").is_file()


def test_a_file_that_differs_is_removed(smoke_run, tmp_path, monkeypatch):
    def wrong(path, format, inputs):
        return {"outputs": np.full((3, 8), 0.5)}

    monkeypatch.setattr(exporting, "_run_elsewhere", wrong)
    with pytest.raises(exporting.ExportError, match=r"its outputs differ from the run's by .* \(tolerance 0.0001\)"):
        smoke_run.export("keras", tmp_path)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(exporting, "_run_elsewhere", lambda *args: {"outputs": np.full((3, 1), 1 / 8)})
    with pytest.raises(exporting.ExportError, match=r"outputs have the shape \(3, 1\), the run's \(3, 8\)"):
        smoke_run.export("keras", tmp_path)
    monkeypatch.setattr(exporting, "_run_elsewhere", lambda *args: {"outputs": np.full((3, 8), np.nan)})
    with pytest.raises(exporting.ExportError, match="nan"):
        smoke_run.export("keras", tmp_path)


def test_a_file_that_does_not_run_is_removed(smoke_run, tmp_path, monkeypatch):
    monkeypatch.setitem(exporting.FORMATS, "keras", (".keras", lambda model, path, run: path.write_bytes(b"nothing")))
    with pytest.raises(exporting.ExportError, match="does not run in a fresh process"):
        smoke_run.export("keras", tmp_path)
    assert not list(tmp_path.iterdir())


def test_without_the_data_random_pixels_are_compared(smoke_run, monkeypatch):
    def missing(self, like=None):
        raise InputError("data.root", "gone")

    monkeypatch.setattr(type(smoke_run.config.data), "load", missing)
    inputs, examples = exporting._example_inputs(smoke_run)
    assert inputs.shape == (3, 4, 16, 16, 3) and examples == "random pixels"


def test_unknown_formats_are_refused(smoke_run):
    with pytest.raises(InputError, match="expected one of keras, tf_saved_model"):
        smoke_run.export("h5")


def test_recurrent_layers_are_exported_without_cudnn(smoke_run):
    model = exporting._exportable(smoke_run)
    layers = list(exporting.recurrent_layers(model))
    assert layers and all(layer.use_cudnn is False for layer in layers)
