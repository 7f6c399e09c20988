"""Runs an exported file as its user would, in a process of its own.

Usage: `python -P exported_runner.py FORMAT FILE INPUTS OUTPUTS` (`-P`: no module of this folder is to shadow another).
A SavedModel is run by TensorFlow alone; a `.keras` file needs the package's layers and nothing else of it.
"""

import sys

import numpy as np


def main(format: str, path: str, inputs_file: str, outputs_file: str) -> None:
    """Run the file on one example and on all of them, and keep the outputs."""
    inputs = np.load(inputs_file)
    if format == "keras":
        import keras

        import lstm_zoo.layers  # noqa: F401 (registers the layers)

        model = keras.saving.load_model(path, compile=False)
    else:
        sys.modules["lstm_zoo"] = None  # type: ignore[assignment]  # whoever imports it fails
        import tensorflow as tf

        artifact = tf.saved_model.load(path)  # it owns the variables: it has to outlive its function
        model = artifact.serve
    parts = [model(part) for part in (inputs[:1], inputs[1:])]
    names = parts[0].keys() if isinstance(parts[0], dict) else ["outputs"]
    outputs = {
        name: np.concatenate([np.asarray(part[name] if isinstance(part, dict) else part) for part in parts])
        for name in names
    }
    np.savez(outputs_file, **outputs)


if __name__ == "__main__":
    main(*sys.argv[1:])
