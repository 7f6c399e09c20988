"""Runs a SavedModel in TensorFlow.

Usage: python saved_model_client.py FILE INPUTS OUTPUTS (folders, an array a file).
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

file, given, answers = map(Path, sys.argv[1:])
loaded = tf.saved_model.load(str(file))
inputs = {path.stem: tf.constant(np.load(path)) for path in given.iterdir()}
for name, values in loaded.signatures["serving_default"](**inputs).items():
    if values.dtype != tf.string:
        np.save(answers / f"{name}.npy", values.numpy())
