"""The formats of an export: what each needs, and what it can do."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module, util
from typing import TYPE_CHECKING, Any, NamedTuple

import keras

from ..contracts import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from ..run import Run

QUANTIZATIONS = ("none", "float16", "dynamic_int8")


class ExportError(RuntimeError):
    """A file that cannot be made, or does not do what the run does."""


class Options(NamedTuple):
    """What is asked of an export beside its format."""

    quantize: str = "none"
    """`none`, `float16` or `dynamic_int8`."""
    streaming: bool = False
    """Whether the network takes one frame at a time."""
    allow_flex: bool = False
    """Whether a LiteRT file may hold TensorFlow's operations."""


class Format(NamedTuple):
    """One format."""

    suffix: str
    """End of the file's name."""
    module: str
    """Module of this package whose `save` writes it."""
    any_length: bool
    """Whether clips may have any number of frames."""
    quantizations: tuple[str, ...] = ("none",)
    """What `--quantize` may be."""
    packages: dict[str, str] = {}
    """Packages of the extra `export` that it needs, with the modules they hold."""

    @property
    def save(self) -> Callable[[keras.Model, Path, Run, Options], dict[str, Any]]:
        """Write a network to a path; returns what is worth telling of it."""
        return import_module(f".{self.module}", __package__).save


FORMATS: dict[str, Format] = {
    "keras": Format(".keras", "keras_file", any_length=True),
    "tf_saved_model": Format("_saved_model", "saved_model", any_length=True),
    "onnx": Format(
        ".onnx", "onnx_file", any_length=True, packages={name: name for name in ("tf2onnx", "onnx", "onnxruntime")}
    ),
    "litert": Format(
        ".tflite",
        "litert_file",
        any_length=False,
        quantizations=QUANTIZATIONS,
        packages={"ai-edge-litert": "ai_edge_litert"},
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
        raise InputError(
            "",
            f"--quantize {options.quantize}: not for --format {format}; expected none"
            + f", or --format {can}" * bool(can),
        )
    if options.allow_flex and format != "litert":
        raise InputError("", f"--allow-flex: Flex operations are LiteRT's; --format {format} has none. Leave it out")
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
    """Raise an InputError if a package is missing that a format needs to be written or run."""
    packages = FORMATS[format].packages
    if missing := [name for name, module in packages.items() if util.find_spec(module) is None]:
        raise InputError(
            "", f"format {format} needs {', '.join(missing)}: install them with pip install 'lstm-zoo[export]'"
        )
