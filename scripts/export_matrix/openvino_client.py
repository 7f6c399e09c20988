"""Runs a file in OpenVINO. Usage: python openvino_client.py FILE INPUTS OUTPUTS (folders, an array a file)."""

import sys
from pathlib import Path

import numpy as np
import openvino

file, given, answers = map(Path, sys.argv[1:])
network = openvino.Core().compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def array(port):
    """Return the input of a port; in LiteRT files, its name stands within another."""
    (path,) = [one for one in given.iterdir() if any(one.stem in name.split(":")[0].split("_") for name in port.names)]
    return np.load(path).astype(port.element_type.to_dtype())


outputs = network([array(port) for port in network.inputs])
for number, port in enumerate(network.outputs):
    np.save(answers / f"{port.any_name.replace('/', '_')}.npy", outputs[number])
