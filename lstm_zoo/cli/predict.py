"""`lstmzoo predict`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..console.visible import tell, visible, visible_json
from ..disk.whole_files import replace_file
from .errors import input_error, user_errors
from .options import (
    ClusterOption,
    CpusOption,
    ExportedOption,
    GpusOption,
    JsonOption,
    RunOption,
    SetOption,
    WorkersOption,
    open_network,
    run_folder,
    typed_path,
    wanted_of,
)
from .printing import show, show_json, written

if TYPE_CHECKING:
    from ..cluster.room import Wanted
    from ..runs.network import Network
    from ..runs.prediction import Asked, Prediction


def predict(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            parser=typed_path,
            metavar="[FILES]...",
            help="Videos, images or transcribed pages (XML), as the run was trained on, or folders.",
        ),
    ] = None,
    run: RunOption = None,
    exported: ExportedOption = None,
    set: SetOption = None,
    as_json: JsonOption = False,
    as_lines: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a file as it comes.")] = False,
    to: Annotated[
        Path | None,
        typer.Option(
            parser=typed_path,
            metavar="FILE.jsonl",
            help="Write each result into a file as it comes; files that are in it are left out.",
        ),
    ] = None,
    save_to: Annotated[
        Path | None,
        typer.Option(
            parser=typed_path,
            metavar="PATH",
            help="Folder for one JSON file each input, and for pictures, which --jsonl and --to omit else.",
        ),
    ] = None,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    cpus_per_worker: CpusOption = 1,
    gpus_per_worker: GpusOption = 0,
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
    with user_errors(lambda: _after_a_stop(to), elsewhere="--to, --save-to"), ExitStack() as stack:
        wanted = wanted_of(workers, cluster, cpus_per_worker, gpus_per_worker)
        if stream is not None:
            if files or save_to or to or wanted:
                raise input_error("--stream takes one video; leave out the files, --to, --save-to and --workers")
            os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # its kernels take longer to start than a single frame needs
            _watch(open_network(run_folder(run), set, exported), stream, fps, restart, as_json)
            return
        if not files or fps is not None or restart is not None:
            raise input_error("name the files to predict" if not files else "--fps and --restart go with --stream")
        if as_json and (as_lines or to):
            raise input_error(f"--json and {'--jsonl' if as_lines else '--to'}: name one of them")
        from ..contracts import named_place
        from ..disk.sending import fetched, kept_in_store

        drawn_in_run = not (as_lines or to or save_to)
        folder = run_folder(run)
        for place in (to, save_to, (exported.parent if exported else folder) if drawn_in_run else None):
            stack.enter_context(kept_in_store(place))
        network = open_network(folder, set, exported)
        from ..runs.prediction import asked_for

        drawn_in = network.folder / "predictions" if drawn_in_run else save_to
        asked = asked_for(network.config.data, network.spec, [*map(fetched, files)], drawn_in)
        told, failed = [], False
        for one in _all_of(network, asked, to, wanted):
            failed |= one.failed
            if save_to is not None:
                _save(one, save_to)
            if as_json:
                told.append(one.facts)
            else:
                _show(one, as_lines)
        if as_json:
            show_json({"run": named_place(network.path), "predictions": told})
        if failed:
            raise typer.Exit(2)


def _all_of(network: Network, asked: Sequence[Asked], to: Path | None, wanted: Wanted | None) -> Iterator[Prediction]:
    """Yield what is said of files, once it is in the file of results; what this holds already is left out."""
    from ..runs.result_lines import ResultLines

    if to is None:
        yield from _predictions(network, asked, wanted)
        return
    with ResultLines.opened(to, network.fingerprint) as lines:
        left = [one for one in asked if one.path not in lines]
        if len(left) < len(asked):
            tell(f"{len(asked) - len(left)} of {len(asked)} files are in {to} already")
        for one in _predictions(network, left, wanted):
            lines.add(one.facts)
            yield one


def _predictions(network: Network, asked: Sequence[Asked], wanted: Wanted | None) -> Iterator[Prediction]:
    """Return what is said of files: in their order, or by workers, as they are done."""
    if wanted is None or not asked:
        from ..runs.prediction import predictions

        return predictions(network, asked)
    from ..cluster.prediction import predictions_by

    return predictions_by(wanted, network, asked)


def _after_a_stop(to: Path | None) -> str:
    return "stopped" if to is None else f"stopped; the same command goes on with the files that are not in {to}"


def _save(prediction: Prediction, folder: Path) -> None:
    """Write what is said of a file as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    text = visible_json(prediction.facts, indent=2)
    replace_file(folder / f"{prediction.number:03d}-{Path(prediction.file).stem}.json", text)


def _show(prediction: Prediction, as_line: bool) -> None:
    """Print what is said of a file, for people or as a line of JSON."""
    if as_line:
        show_json(prediction.facts)
        return
    for line in (prediction.file, *(f"  {line}" for line in prediction.text.split("\n"))):
        show(line)


def _watch(network: Network, source: str, fps: float | None, restart: float | None, as_json: bool) -> None:
    """Print what a live video shows, line by line."""
    from ..streaming.live import lines, records, watch

    video = sys.stdin.buffer if source == "-" else Path(source)
    config = network.config
    watcher = config.task.watcher(network.spec, network.memory)
    seen = watch(network.stream(), config.data, watcher, network.spec, video, fps=fps, restart=restart)
    for line in map(visible_json, records(seen)) if as_json else map(visible, lines(seen)):
        with written():
            print(line)
