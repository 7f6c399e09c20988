"""`lstmzoo predict`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..console.visible import visible
from ..disk.whole_files import replace_file
from .errors import input_error, user_errors
from .options import ExportedOption, JsonOption, RunOption, SetOption, open_network
from .printing import show, show_json, written

if TYPE_CHECKING:
    from ..runs.network import Network
    from ..runs.prediction import Prediction


def predict(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Videos, images or transcribed pages (XML), as the run was trained on, or folders."),
    ] = None,
    run: RunOption = None,
    exported: ExportedOption = None,
    set: SetOption = None,
    as_json: JsonOption = False,
    as_lines: Annotated[
        bool,
        typer.Option(
            "--jsonl", help="Print one JSON object a file as it comes; pictures are drawn for --save-to alone."
        ),
    ] = False,
    save_to: Annotated[Path | None, typer.Option(help="Folder for one JSON file each input, and for pictures.")] = None,
    stream: Annotated[
        str | None,
        typer.Option(metavar="VIDEO|-", help="Watch a video frame by frame, or one that comes on standard input (-)."),
    ] = None,
    fps: Annotated[
        float | None, typer.Option(help="Frames of a stream a second; by default as in training, where that is known.")
    ] = None,
    restart: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Forget a stream's frames every so often; never by default.")
    ] = None,
) -> None:
    """Say what files show, or what a live video shows so far."""
    with user_errors(elsewhere="--save-to"):
        if stream is not None:
            if files or save_to:
                raise input_error("--stream takes one video; leave out the files and --save-to")
            os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # its kernels take longer to start than a single frame needs
            _watch(open_network(run, set, exported), stream, fps, restart, as_json)
            return
        if not files or fps is not None or restart is not None:
            raise input_error("name the files to predict" if not files else "--fps and --restart go with --stream")
        if as_json and as_lines:
            raise input_error("--json and --jsonl: name one of them")
        network = open_network(run, set, exported)
        from ..runs.prediction import predict

        drawn_in = save_to or (None if as_lines else network.folder / "predictions")
        told = _print_and_save(predict(network, files, drawn_in), save_to, as_json, as_lines)
        if as_json:
            show_json({"run": str(network.path), "predictions": [one.facts for one in told]})
        if any(one.failed for one in told):
            raise typer.Exit(2)


def _print_and_save(
    predictions: Iterable[Prediction], save_to: Path | None, as_json: bool, as_lines: bool
) -> list[Prediction]:
    """Print predictions as they come, and write them into files; return all."""
    told = []
    for number, one in enumerate(predictions, 1):
        told.append(one)
        if save_to is not None:
            save_to.mkdir(parents=True, exist_ok=True)
            text = visible(json.dumps(one.facts, indent=2, ensure_ascii=False), lines=True)
            replace_file(save_to / f"{number:03d}-{Path(one.file).stem}.json", text)
        if as_lines:
            show_json(one.facts)
        elif not as_json:
            for line in (one.file, *(f"  {line}" for line in one.text.split("\n"))):
                show(line)
    return told


def _watch(network: Network, source: str, fps: float | None, restart: float | None, as_json: bool) -> None:
    """Print what a live video shows, line by line."""
    from ..streaming.live import lines, records, watch

    video = sys.stdin.buffer if source == "-" else Path(source)
    config = network.config
    seen = watch(network.stream(), config.data, config.task, network.spec, video, fps=fps, restart=restart)
    told = (json.dumps(one, ensure_ascii=False) for one in records(seen)) if as_json else lines(seen)
    for line in told:
        with written():
            print(visible(line))
