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
TOLERANCE = 1e-5
Arrays = dict[str, np.ndarray]


class Client(NamedTuple):
    """A program that runs exported files."""

    column: str
    """Of the table."""
    format: str
    """Of the files that it is given."""
    script: str
    """What has it run a file: called with the file, and folders of inputs and outputs, an .npy file an array."""
    packages: tuple[str, ...]
    static: bool = False
    """Whether it takes files alone that have no free sizes."""


CLIENTS = (
    Client("OpenVINO, ONNX", "onnx", "openvino_client.py", ("openvino",)),
    Client("OpenVINO, LiteRT", "litert", "openvino_client.py", ("openvino",)),
    Client("OpenCV, ONNX", "onnx", "opencv_client.py", ("opencv-python-headless",), static=True),
    Client("browser, ONNX", "onnx", "web_client.mjs", ("onnxruntime-web",)),
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
        if not apart <= TOLERANCE:
            return f"no: its {name} differ by {apart:.0e}"
    return "yes"


def answers(client: Client, file: Path, inputs: Arrays) -> Arrays:
    """Return a program's answers to inputs."""
    runs, place = _installed(client.script, client.packages)
    with tempfile.TemporaryDirectory() as folder:
        given, answered = Path(folder, "given"), Path(folder, "answered")
        for one in (given, answered):
            one.mkdir()
        for name, values in inputs.items():
            np.save(given / f"{name}.npy", values)
        _run([*runs, HERE / client.script, file.absolute(), given, answered], cwd=place)
        return {one.stem: np.load(one) for one in answered.iterdir()}


@cache
def _installed(script: str, packages: tuple[str, ...]) -> tuple[list[str], Path]:
    """Install packages, unless that is done; return what runs a script with them, and where."""
    place = (PLACES / packages[0]).absolute()
    if script.endswith(".mjs"):
        if not (place / "node_modules").is_dir():
            place.mkdir(parents=True, exist_ok=True)
            _run(["npm", "install", "--silent", "--ignore-scripts", "--prefix", place, *packages])
        return ["node"], place
    python = place / "bin" / "python"
    if not python.exists():
        _run([sys.executable, "-m", "venv", place])
        _run([python, "-m", "pip", "install", "--quiet", "numpy", *packages])
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
    """Return the last line of a program's last words, without folders of this machine."""
    lines = [" ".join(line.split()) for line in said.splitlines() if line.strip()]
    last = re.sub(r"/\S+/", "", (lines or ["it ended without a word"])[-1])
    return f"no: {textwrap.shorten(last, 110, placeholder=' ...').replace('|', '/')}"
