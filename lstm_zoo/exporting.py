"""Export: the network as a file that runs without this package, loaded again in a fresh process and compared."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from .contracts import InputError
from .features import first_input
from .layers.implementation import recurrent_layers

if TYPE_CHECKING:
    from .run import Run

TOLERANCE = 1e-4
_EXAMPLES = 3


class ExportError(RuntimeError):
    """An exported file that does not do what the run does."""


def _save_keras(model: keras.Model, path: Path, run: Run) -> None:
    del run
    model.save(path)


def _save_saved_model(model: keras.Model, path: Path, run: Run) -> None:
    """Write a SavedModel that takes pixels (`serve`), and encoded files (`from_encoded`) where the data are images."""
    import tensorflow as tf

    decode = run.config.data.from_encoded(run.spec)
    if decode and keras.backend.backend() != "tensorflow":
        raise InputError("", "a SavedModel that reads image files is written on Keras' TensorFlow backend alone")
    archive = keras.export.ExportArchive()
    archive.track(model)
    pixels = tf.TensorSpec(model.inputs[0].shape, model.inputs[0].dtype, name="inputs")
    archive.add_endpoint("serve", model.__call__, input_signature=[pixels])
    if decode:

        def from_encoded(encoded: tf.Tensor) -> Any:
            return run.config.task.served(model(decode(encoded)), run.spec)

        files = tf.TensorSpec([None], tf.string, name="encoded")
        archive.add_endpoint("from_encoded", from_encoded, input_signature=[files])
    archive.write_out(str(path), verbose=False)


FORMATS: dict[str, tuple[str, Callable[[keras.Model, Path, Run], None]]] = {
    "keras": (".keras", _save_keras),
    "tf_saved_model": ("", _save_saved_model),
}


def export(run: Run, format: str = "keras", to: str | Path | None = None) -> dict[str, Any]:
    """Export a run's network: uint8 in, the task's outputs (probabilities, captions) out, batch size free.

    The network is rebuilt so that no recurrent layer uses cuDNN's kernels, written, loaded again in a fresh process
    that sees no GPU, and compared with the run's own outputs.

    Args:
        run: The run.
        format: One of `FORMATS`.
        to: Directory for the file; None: `exports/` of the run.

    Returns:
        `path`, `format`, `max_difference`, `tolerance` and `examples` ("test examples" or "random pixels").

    Raises:
        InputError: There is no such format.
        ExportError: The file could not be loaded, or differs by more than 1e-4; it is removed.
    """
    if format not in FORMATS:
        raise InputError("", f"--format {format}: expected one of {', '.join(FORMATS)}")
    suffix, save = FORMATS[format]
    folder = Path(to) if to is not None else run.path / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run.config.model.kind}{suffix or '_saved_model'}"
    draft = folder / f"draft-{path.name}"  # an older file stays until the new one is proved
    inputs, examples = _example_inputs(run)
    expected = _expected(run, inputs, format)
    try:
        save(_exportable(run), draft, run)
        difference = _difference(expected, _run_elsewhere(draft, format, inputs), format)
        _remove(path)
        draft.rename(path)
    finally:
        _remove(draft)
    result = {
        "path": str(path),
        "format": format,
        "max_difference": difference,
        "tolerance": TOLERANCE,
        "examples": examples,
    }
    (folder / f"{path.stem}.{format}.json").write_text(
        json.dumps({**result, "run": str(run.path), **run.spec.model_dump(mode="json")}, indent=2), encoding="utf-8"
    )
    return result


def _expected(run: Run, inputs: np.ndarray, format: str) -> dict[str, np.ndarray]:
    """Return the run's own outputs by name; a single one is called `outputs`."""
    outputs = run.inference.predict_on_batch(inputs)
    named = outputs if isinstance(outputs, dict) else {"outputs": outputs}
    if format != "tf_saved_model" or not run.config.data.from_encoded(run.spec):
        return named
    served: dict[str, Any] = run.config.task.served(named, run.spec)
    return {**named, **{f"{name} from encoded files": np.asarray(values) for name, values in served.items()}}


def _difference(expected: dict[str, np.ndarray], actual: dict[str, np.ndarray], format: str) -> float:
    """Return the largest difference, or raise an ExportError if it is above the tolerance or no number."""
    largest = 0.0
    for name, values in expected.items():
        shape = actual[name].shape if name in actual else None
        if shape != values.shape:
            raise ExportError(f"{format}: its {name} have the shape {shape}, the run's {values.shape}")
        if values.dtype.kind in "SUO":  # text
            difference = float((actual[name].astype(bytes) != values.astype(bytes)).any())
        else:
            difference = float(np.abs(actual[name] - values).max())
        if not difference <= TOLERANCE:
            raise ExportError(
                f"{format}: its {name} differ from the run's by {difference:.2e} (tolerance {TOLERANCE:g})"
            )
        largest = max(largest, difference)
    return largest


def _exportable(run: Run) -> keras.Model:
    """Return a second copy of the network as it is used, free of cuDNN."""
    model = run.config.model.build(run.spec, pretrained=False)
    for layer in recurrent_layers(model):
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False
    model.set_weights(run.model.get_weights())
    return run.config.task.inference(model)


def _example_inputs(run: Run) -> tuple[np.ndarray, str]:
    """Return a few test examples, or random pixels where the data are not at hand."""
    try:
        splits = run.config.data.load(like=run.spec)
        split = next(split for split in ("test", "val", "train") if splits.size(split))
        stream = splits.eval_stream(split, 1).unbatch().take(_EXAMPLES)
        return np.stack([first_input(inputs) for inputs, _ in stream.as_numpy_iterator()]), f"{split} examples"
    except InputError:
        shape = (_EXAMPLES, *run.spec.input_shape)
        return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8), "random pixels"


def _run_elsewhere(path: Path, format: str, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Run an exported file in a fresh process without a GPU: one example, then all of them."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "inputs.npy"), Path(folder, "outputs.npz")
        np.save(source, inputs)
        script = Path(__file__).with_name("exported_runner.py")
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, "-P", str(script), format, str(path), str(source), str(target)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            raise ExportError(f"{format}: the file does not run in a fresh process:\n{done.stderr.strip()[-2000:]}")
        with np.load(target) as outputs:
            return dict(outputs)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
