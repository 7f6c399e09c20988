"""Programs of others that run exported files, each installed from the package registries into a place of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import textwrap
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).parent
PLACES = Path("build/clients")
TOLERANCE = 1e-5  # of numbers up to 1; of outputs that are all smaller, as much of the largest
CONVERTS = ("tfjs_convert.py", "tensorflowjs")
_NO_WORDS = re.compile(r"at |Node\.js v|[\^}\]]")
_PLACES_OF_ERRORS = re.compile(
    r"(?:[\w.]*(?:[Ee]rror|Exception): |OpenCV\S+ |\w+\.(?:cpp|cc|h):\d+: |\(-\d+:[^)]*\) )+"
)
Arrays = dict[str, np.ndarray]


class Client(NamedTuple):
    """A program that runs exported files."""

    column: str
    """Of the table."""
    format: str
    """Of the files that it is given."""
    script: str
    """What has it run a file: called with the file, and folders of inputs and outputs, an .npy file an array."""
    package: str = ""
    """What is installed for that, with what it needs; nothing: it runs in this Python, where lstm_zoo is."""
    static: bool = False
    """Whether it takes files alone that have no free sizes."""
    converts: tuple[str, str] | None = None
    """What makes its own files of these: a script, called with the file and the new one, and the package for it."""


CLIENTS = (
    Client("ONNX Runtime, Python", "onnx", "onnxruntime_client.py", "onnxruntime"),
    Client("ONNX Runtime, Node.js", "onnx", "onnx_client.mjs", "onnxruntime-node"),
    Client("ONNX Runtime, browser", "onnx", "onnx_client.mjs", "onnxruntime-web"),
    Client("OpenVINO, ONNX", "onnx", "openvino_client.py", "openvino"),
    Client("OpenVINO, LiteRT", "litert", "openvino_client.py", "openvino"),
    Client("OpenCV, ONNX", "onnx", "opencv_client.py", "opencv-python-headless", static=True),
    Client("LiteRT, CompiledModel", "litert", "litert_client.py", "ai-edge-litert"),
    Client("TensorFlow, SavedModel", "tf_saved_model", "saved_model_client.py", "tensorflowjs"),
    Client("TensorFlow.js", "tf_saved_model", "tfjs_client.mjs", "@tensorflow/tfjs", converts=CONVERTS),
    Client("Keras", "keras", "keras_client.py"),
)


def judged(client: Client, file: Path, inputs: Arrays, expected: Arrays) -> str:
    """Return "yes" if a program gives the expected answers, or what it said, or by how much they differ."""
    try:
        found = answers(client, file, inputs)
    except subprocess.CalledProcessError as error:
        return _reason(error.stderr or error.output)
    for name, values in expected.items():
        if (same := _named(found, name, values)) is None:
            return f"no: it gives no {name}"
        apart = np.abs(same - values.astype(np.float64)).max()
        if not apart <= TOLERANCE * min(1.0, np.abs(values).max()):
            return f"no: its {name} differ by {apart:.0e}"
    return "yes"


def answers(client: Client, file: Path, inputs: Arrays) -> Arrays:
    """Return a program's answers to inputs."""
    with tempfile.TemporaryDirectory() as folder:
        given, answered = Path(folder, "given"), Path(folder, "answered")
        for one in (given, answered):
            one.mkdir()
        for name, values in inputs.items():
            np.save(given / f"{name}.npy", values)
        if client.converts:
            _run_script(*client.converts, file.absolute(), file := Path(folder, "converted"))
        _run_script(client.script, client.package, file.absolute(), given, answered)
        return {one.stem: np.load(one) for one in answered.iterdir()}


def _run_script(script: str, package: str, *arguments: Path) -> None:
    """Run a script where a package is installed."""
    runs, place = _installed(script.endswith(".mjs"), package)
    _run([*runs, HERE / script, *arguments], cwd=place)


@cache
def _installed(by_npm: bool, package: str) -> tuple[list[str], Path]:
    """Install a package, unless that is done; return what runs scripts with it, and where."""
    if not package:
        return [sys.executable, "-P"], Path.cwd()
    place = (PLACES / package).absolute()
    if by_npm:
        if not (place / "node_modules").is_dir():
            place.mkdir(parents=True, exist_ok=True)
            _run(["npm", "install", "--silent", "--ignore-scripts", "--prefix", place, package])
        return ["node"], place
    python = place / "bin" / "python"
    if not python.exists():
        _run([sys.executable, "-m", "venv", place])
        _run([python, "-m", "pip", "install", "--quiet", "numpy", package])
    return [str(python), "-P"], place


def _run(command: list[Any], cwd: Path | None = None) -> None:
    subprocess.run(list(map(str, command)), cwd=cwd, check=True, capture_output=True, text=True)


def _named(found: Arrays, name: str, values: np.ndarray) -> np.ndarray | None:
    """Return an answer by its name; a LiteRT file's have others, and are found by their shape."""
    if name in found:
        return found[name] if found[name].shape == values.shape else None
    alike = [one for one in found.values() if (one.shape, one.dtype.kind) == (values.shape, values.dtype.kind)]
    return alike[0] if len(alike) == 1 else None


def _reason(said: str) -> str:
    """Return what a program last said, without kinds of errors, places in its source, and folders of this machine."""
    lines = [" ".join(line.split()) for line in said.splitlines()]
    words = [line for line in lines if line and not _NO_WORDS.match(line)] or ["it ended without a word"]
    told = re.split(r" in function |[.;] ", _PLACES_OF_ERRORS.sub("", re.sub(r"/\S+/", "", words[-1])))[0]
    return f"no: {textwrap.shorten(told.rstrip('.'), 60, placeholder=' ...').replace('|', '/')}"
