"""`lstmzoo export`."""

from __future__ import annotations

import re
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .errors import user_errors
from .options import JsonOption, RunOption, SetOption, open_run, run_folder, typed_path
from .printing import show, show_json


class Format(StrEnum):
    """The formats of an export."""

    keras = "keras"
    tf_saved_model = "tf_saved_model"
    onnx = "onnx"
    litert = "litert"


class Quantization(StrEnum):
    """How an export's weights are stored."""

    none = "none"
    float16 = "float16"
    dynamic_int8 = "dynamic_int8"


def _sizes(text: str) -> dict[str, int]:
    """Return sizes by the names of their axes, of `batch=1,frames=16`."""
    sizes = dict(re.findall(r"(?:^|,)\s*([a-z]+)=([1-9][0-9]{0,6})(?=\s*,|\s*$)", text))
    if len(sizes) != text.count(",") + 1:
        raise typer.BadParameter(f"{text}: expected sizes such as batch=1,frames=16")
    return {axis: int(size) for axis, size in sizes.items()}


def export(
    format: Annotated[Format, typer.Option(help="What to write.")] = Format.tf_saved_model,
    run: RunOption = None,
    set: SetOption = None,
    quantize: Annotated[Quantization, typer.Option(help="Smaller weights, for litert.")] = Quantization.none,
    streaming: Annotated[
        bool, typer.Option("--streaming", help="One frame at a time, with the recurrent states going in and out.")
    ] = False,
    allow_flex: Annotated[
        bool, typer.Option("--allow-flex", help="Let a litert file hold TensorFlow operations (Flex).")
    ] = False,
    portable: Annotated[
        bool,
        typer.Option("--portable", help="Make a keras file of Keras' own layers alone; it loads without lstm_zoo."),
    ] = False,
    static_shape: Annotated[
        dict[str, int] | None,
        typer.Option(
            "--static-shape",
            parser=_sizes,
            metavar="batch=1,frames=16",
            help="Fix sizes that are free, for runtimes that take no others.",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            parser=typed_path, metavar="PATH", help="Folder for the file; one in exports/ of the run by default."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Export a run, and prove in a fresh process that the file gives the same answers."""
    from ..contracts import named_place
    from ..disk.sending import kept_in_store

    with user_errors(elsewhere="--to"), ExitStack() as stack:
        folder = run_folder(run)
        stack.enter_context(kept_in_store(to or folder))
        network = open_run(folder, set)
        from ..exporting.export import export
        from ..reporting.tables import export_table

        options = {
            "quantize": quantize.value,
            "streaming": streaming,
            "allow_flex": allow_flex,
            "portable": portable,
            "static_shape": static_shape,
        }
        exported = export(network, format.value, to, **options)
        if as_json:
            show_json({"path": named_place(exported.path), **exported.about})
            return
        show(export_table(exported.about))
        show(named_place(exported.path))
