"""The formats of an export: what each needs, and what it can do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import keras
from packaging.requirements import Requirement

from ..contracts import InputError
from ..runs.network import RunNetwork
from . import keras_file, litert_file, onnx_file, saved_model
from .options import QUANTIZATIONS, Options


class Format(NamedTuple):
    """One format."""

    suffix: str
    """End of the file's name."""
    save: Callable[[keras.Model, Path, RunNetwork, Options], dict[str, Any]]
    """Write a network to a path; returns what is worth telling of it."""
    any_length: bool = True
    """Whether clips may have any number of frames."""
    quantizations: tuple[str, ...] = ("none",)
    """What `--quantize` may be."""
    packages: tuple[str, ...] = ()
    """Packages of the extra `export` that it needs; their modules bear the same names."""


FORMATS: dict[str, Format] = {
    "keras": Format(".keras", keras_file.save),
    "tf_saved_model": Format("_saved_model", saved_model.save),
    "onnx": Format(".onnx", onnx_file.save, packages=("tf2onnx", "onnx", "onnxruntime")),
    "litert": Format(
        ".tflite", litert_file.save, any_length=False, quantizations=QUANTIZATIONS, packages=("ai-edge-litert",)
    ),
}


def checked(format: str, options: Options) -> Format:
    """Return a format.

    Raises:
        InputError: There is none of that name, it does not go with an option, or a package is missing.
    """
    if format not in FORMATS:
        raise InputError("", f"--format {format}: expected one of {', '.join(FORMATS)}")
    found = FORMATS[format]
    if options.quantize not in found.quantizations:
        can = ", ".join(name for name, one in FORMATS.items() if options.quantize in one.quantizations)
        expected = f"expected none{f', or --format {can}' * bool(can)}"
        raise InputError("", f"--quantize {options.quantize}: not for --format {format}; {expected}")
    if options.allow_flex and format != "litert":
        raise InputError("", f"--allow-flex: Flex operations are LiteRT's; --format {format} has none. Leave it out")
    if options.portable and format != "keras":
        raise InputError("", f"--portable: is about .keras files; no --format {format} needs lstm_zoo. Leave it out")
    check_packages(format)
    backend = keras.backend.backend()
    if format != "keras" and backend != "tensorflow":
        raise InputError(
            "",
            f"Keras runs on {backend}; --format {format} is written on its TensorFlow backend alone: "
            "KERAS_BACKEND=tensorflow lstmzoo export ... (a run goes with any backend)",
        )
    return found


def check_packages(format: str) -> None:
    """Raise an InputError if a package is missing, or too old, that a format needs to be written or run."""
    packages = FORMATS[format].packages
    lacking = [name for name in packages if find_spec(name.replace("-", "_")) is None] or _too_old(packages)
    if lacking:
        mend = "install them with pip install --upgrade 'lstm-zoo[export]'"
        raise InputError("", f"format {format} needs {', '.join(lacking)}: {mend}")


def _too_old(packages: Iterable[str]) -> list[str]:
    """Return packages that are older than the extra `export` asks for, each with both versions."""
    if _version("lstm-zoo") is None:
        return []
    asked = (Requirement(one) for one in metadata.requires("lstm-zoo") or ())
    of_extra = (one for one in asked if one.marker and one.marker.evaluate({"extra": "export"}))
    there = [(one, _version(one.name)) for one in of_extra if one.name in packages]
    return [
        f"{one.name}{one.specifier} (here is {version})"
        for one, version in there
        if version and not one.specifier.contains(version, prereleases=True)
    ]


def _version(package: str) -> str | None:
    """Return the version of a package; None: its modules came by another name, such as onnxruntime-gpu."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
