"""Runs a file in LiteRT's CompiledModel, one example after the other: in Python it takes no batch of another size.

Usage: python litert_client.py FILE INPUTS OUTPUTS (folders, an array a file)
"""

import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.compiled_model import CompiledModel

SIGNATURE = "serving_default"
file, given, answers = map(Path, sys.argv[1:])
network = CompiledModel.from_file(str(file))
arrays = {path.stem: np.load(path) for path in given.iterdir()}
outputs = network.get_output_tensor_details(SIGNATURE)
inputs = {name: network.create_input_buffer_by_name(SIGNATURE, name) for name in arrays}
buffers = {name: network.create_output_buffer_by_name(SIGNATURE, name) for name in outputs}
found = {name: [] for name in outputs}
for row in range(len(next(iter(arrays.values())))):
    for name, values in arrays.items():
        inputs[name].write(values[row : row + 1])
    network.run_by_name(SIGNATURE, inputs, buffers)
    for name, buffer in buffers.items():
        shape = outputs[name]["shape"]
        found[name].append(buffer.read(int(np.prod(shape)), np.dtype(outputs[name]["dtype"])).reshape(shape))
for name, rows in found.items():
    np.save(answers / f"{name}.npy", np.concatenate(rows))
