"""Runs a .keras file in Keras. Usage: python keras_client.py FILE INPUTS OUTPUTS (folders, an array a file)."""

import sys
from pathlib import Path

import keras
import numpy as np

import lstm_zoo  # noqa: F401 (it has the layers)

file, given, answers = map(Path, sys.argv[1:])
network = keras.saving.load_model(file)
for name, values in network.predict({path.stem: np.load(path) for path in given.iterdir()}, verbose=0).items():
    np.save(answers / f"{name}.npy", values)
