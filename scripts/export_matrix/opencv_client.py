"""Runs an ONNX file in OpenCV. Usage: python opencv_client.py FILE INPUTS OUTPUTS (folders, an array a file)."""

import sys
from pathlib import Path

import cv2
import numpy as np

file, given, answers = map(Path, sys.argv[1:])
network = cv2.dnn.readNetFromONNX(str(file))
for path in given.iterdir():
    network.setInput(np.load(path), path.stem)
names = network.getUnconnectedOutLayersNames()
for name, values in zip(names, network.forward(names), strict=True):
    np.save(answers / f"{name}.npy", values)
