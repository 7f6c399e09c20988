"""Keras' own tests of recurrent layers, which its package holds, with the layers of lstm_zoo in the place of Keras'.

Usage: python scripts/keras_tests [--backends tensorflow jax torch]
Prints for each backend how many pass with Keras' layers and how many with ours. Exits with 1, and names them, if tests
that pass with Keras' layers do not with ours.
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
TESTS = ("lstm", "gru", "simple_rnn", "conv_lstm2d", "rnn", "bidirectional", "time_distributed", "stacked_rnn_cells")


def main() -> None:
    """Run the tests with both, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backends", nargs="+", choices=("tensorflow", "jax", "torch"), default=["tensorflow", "jax"])
    lost = []
    for backend in parser.parse_args().backends:
        of_keras, ours = (passed(backend, options) for options in ([], ["-p", "replaced_layers"]))
        print(
            f"{backend}: {len(of_keras)} pass with Keras' layers, {len(ours & of_keras)} of them with ours", flush=True
        )
        lost += [f"{backend}: {name}" for name in sorted(of_keras - ours)]
    if lost:
        sys.exit("\n".join(lost))


def passed(backend: str, options: list[str]) -> set[str]:
    """Return the names of the tests that pass on a backend."""
    path = os.pathsep.join([str(HERE), str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    modules = [f"keras.src.layers.rnn.{name}_test" for name in TESTS]
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "--tb=no", "-p", "no:cacheprovider", *options, "--pyargs"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*command, *modules],
            cwd=folder,
            capture_output=True,
            text=True,
            env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": path},
        )
    found = set(re.findall(r"^PASSED (\S+)", done.stdout, re.MULTILINE))
    if not found:
        sys.exit(f"keras_tests: no test ran on {backend}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return found


if __name__ == "__main__":
    main()
