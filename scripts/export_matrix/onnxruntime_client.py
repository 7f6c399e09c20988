"""Runs a file in Python's ONNX Runtime.

Usage: python onnxruntime_client.py FILE INPUTS OUTPUTS (folders, an array a file).
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime

file, given, answers = map(Path, sys.argv[1:])
session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
names = [one.name for one in session.get_outputs()]
for name, values in zip(names, session.run(names, {path.stem: np.load(path) for path in given.iterdir()}), strict=True):
    np.save(answers / f"{name}.npy", values)
