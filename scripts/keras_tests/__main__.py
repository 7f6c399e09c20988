"""Keras' own tests of recurrent layers, which its package holds, with the layers of lstm_zoo in the place of Keras'.

Usage: python scripts/keras_tests [--backends tensorflow jax torch]
Prints for each backend how many pass with Keras' layers and how many with ours, and how many of the package's own tests
of what every layer owes (tests/layers/test_every_layer.py) pass there. Exits with 1, and names them, if tests that pass
with Keras' layers do not with ours, or one of those does not. PyTorch is needed for its backend alone; an environment
of Keras, PyTorch, pydantic and pytest, without TensorFlow, will do for that.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OWN = HERE.parents[1] / "tests" / "layers" / "test_every_layer.py"
TESTS = ("lstm", "gru", "simple_rnn", "conv_lstm2d", "rnn", "bidirectional", "time_distributed", "stacked_rnn_cells")


def main() -> None:
    """Run the tests with both, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backends", nargs="+", choices=("tensorflow", "jax", "torch"), default=["tensorflow", "jax"])
    lost = []
    modules = [f"keras.src.layers.rnn.{name}_test" for name in TESTS]
    for backend in parser.parse_args().backends:
        of_keras, with_ours = (
            outcomes(backend, [*options, "--pyargs", *modules]) for options in ([], ["-p", "replaced_layers"])
        )
        own = outcomes(backend, ["--noconftest", "-c", os.devnull, "--rootdir", str(OWN.parent), str(OWN)])
        both = of_keras["PASSED"] & with_ours["PASSED"]
        told = f"{len(of_keras['PASSED'])} pass with Keras' layers, {len(both)} of them with ours"
        every = len(own["PASSED"] | own["FAILED"])
        print(f"{backend}: {told}; {len(own['PASSED'])} of {every} of what every layer owes", flush=True)
        lost += [f"{backend}: {name}" for name in sorted(of_keras["PASSED"] - both | own["FAILED"])]
    if lost:
        sys.exit("\n".join(lost))


def outcomes(backend: str, arguments: list[str]) -> dict[str, set[str]]:
    """Return the names of the tests that passed on a backend, and of those that failed."""
    path = os.pathsep.join([str(HERE), str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "--tb=no", "-p", "no:cacheprovider", *arguments]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            env={**os.environ, "KERAS_BACKEND": backend, "JAX_ENABLE_X64": "1", "PYTHONPATH": path},
        )
    found = {kind: set(re.findall(rf"^{kind} (\S+)", done.stdout, re.MULTILINE)) for kind in ("PASSED", "FAILED")}
    if not found["PASSED"] or done.returncode > 1:  # 1: tests failed
        sys.exit(f"keras_tests: tests did not run on {backend}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return found


if __name__ == "__main__":
    main()
