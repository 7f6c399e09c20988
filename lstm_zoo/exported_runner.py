"""Runs an exported file as its user would, in a process of its own.

Usage: `python -P exported_runner.py FORMAT FILE INPUTS OUTPUTS` (`-P`: no module of this folder is to shadow another).
A SavedModel is run by TensorFlow alone; a `.keras` file needs the package's layers and nothing else of it.
"""

import sys
from collections.abc import Callable

import numpy as np


def main(format: str, path: str, inputs_file: str, outputs_file: str) -> None:
    """Run the file on one example and on all of them, and keep the outputs."""
    inputs = np.load(inputs_file)
    artifact = None
    if format == "keras":
        import keras

        import lstm_zoo.layers  # noqa: F401 (registers the layers)

        model = keras.saving.load_model(path, compile=False)
    else:
        sys.modules["lstm_zoo"] = None  # type: ignore[assignment]  # whoever imports it fails
        import tensorflow as tf

        artifact = tf.saved_model.load(path)  # it owns the variables: it has to outlive its function
        model = artifact.serve
    outputs = run_in_parts(model, inputs)
    if hasattr(artifact, "from_encoded"):
        files = np.array([tf.io.encode_png(pixels).numpy() for pixels in inputs], object)
        served = run_in_parts(lambda part: artifact.from_encoded(tf.constant(part)), files)
        outputs |= {f"{name} from encoded files": values for name, values in served.items()}
    np.savez(outputs_file, **{name: as_plain(values) for name, values in outputs.items()})


def run_in_parts(model: Callable, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Return the outputs by name, from one example alone and then the others."""
    parts = [model(part) for part in (inputs[:1], inputs[1:])]
    named = [part if isinstance(part, dict) else {"outputs": part} for part in parts]
    return {name: np.concatenate([np.asarray(part[name]) for part in named]) for name in named[0]}


def as_plain(values: np.ndarray) -> np.ndarray:
    """Return text as fixed-length bytes, which a file without pickles can hold."""
    return values.astype(bytes) if values.dtype == object else values


if __name__ == "__main__":
    main(*sys.argv[1:])
