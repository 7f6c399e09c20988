"""Prediction: the user's own files through a network."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..console.text import first_line
from ..contracts import DataConfig, InputError, Result, Views
from ..tasks.figures.canvas import png_of
from .network import Inputs, Network


class Prediction(NamedTuple):
    """What a network says of one file."""

    file: str
    facts: dict[str, Any]
    """`file` and what the task tells (`classes`, `caption`), over time for a video much longer than the training clips
    (`windows`, each with `start` and `end` in seconds), and where what was saved lies (`figure`, `labels`); or `error`,
    why the file cannot be read. Ready for JSON."""
    text: str
    """The same for people."""

    @property
    def failed(self) -> bool:
        """Whether the file cannot be read."""
        return "error" in self.facts


def predict(network: Network, files: Sequence[str | Path], save_to: str | Path | None = None) -> Iterator[Prediction]:
    """Predict files, and all files in folders, one after the other.

    Args:
        network: A run's, or an exported file.
        files: Files and folders.
        save_to: Folder for what the task makes of a file: a picture of what the network saw (attention over an image,
            classes of all pixels), and label maps.

    Raises:
        InputError: A path does not exist, or a folder holds nothing to read.
    """
    paths = _expanded(files, network.config.data)
    folder = None if save_to is None else Path(save_to)
    return (
        _predicted(network, path, None if folder is None else folder / f"{number:03d}-{path.stem}")
        for number, path in enumerate(paths, 1)
    )


def _predicted(network: Network, path: Path, save_as: Path | None) -> Prediction:
    facts: dict[str, Any] = {"file": str(path)}
    try:
        views = network.config.data.views(path, network.spec)
    except InputError as error:
        facts["error"] = error.message.removeprefix(f"{path}: ")
        return Prediction(str(path), facts, f"cannot be read: {facts['error']}")
    most, rows = network.config.train.batch_size, list(_rows(views))
    size = min(most, 2 ** math.ceil(math.log2(len(rows))))  # files of many lengths are traced for a few sizes
    task, spec = network.config.task, network.spec
    result = task.result(views.merge(network.on_rows(rows, size)), spec, views.picture, network.memory)
    saved = {} if save_as is None else _saved(result, save_as)
    windows = [
        (start, end, task.result(outputs, spec, memory=network.memory))
        for start, end, outputs in _over_time(network, views, most)
    ]
    facts |= {**result.facts, **saved}
    if windows:
        facts["windows"] = [{"start": start, "end": end, **part.facts} for start, end, part in windows]
    lines = [result.text, *(f"{start:.1f}-{end:.1f} s: {part.answer}" for start, end, part in windows)]
    return Prediction(str(path), facts, "\n".join([*lines, *(f"{name}: {place}" for name, place in saved.items())]))


def _rows(views: Views) -> Iterator[Inputs]:
    """Yield the views one by one."""
    for values in zip(*views.inputs.values(), strict=True):
        yield dict(zip(views.inputs, values, strict=True))


def _over_time(network: Network, views: Views, batch_size: int) -> Iterator[tuple[float, float, Any]]:
    """Yield start, end and outputs of each stretch of a long file; a batch of them is in memory."""
    parts: list[tuple[float, float, Views, int]] = []

    def rows() -> Iterator[Inputs]:
        for start, end, part in views.stretches:
            count = len(next(iter(part.inputs.values())))
            parts.append((start, end, part._replace(inputs={}), count))
            yield from _rows(part)

    outputs, told = [], 0
    for one in network.on_rows(rows(), batch_size):
        outputs.append(one)
        start, end, part, count = parts[told]
        if len(outputs) == count:
            yield start, end, part.merge(iter(outputs))
            outputs, told = [], told + 1


def _saved(result: Result, save_as: Path) -> dict[str, str]:
    """Write what the task makes of a file, a picture and others; return where each lies."""
    contents, saved = dict(result.files), {}
    if result.figure is not None:
        contents["figure.png"] = png_of(result.figure())
    for end, content in contents.items():
        file = save_as.with_name(f"{save_as.name}-{end}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        except OSError as error:
            print(f"{file} cannot be written ({first_line(error)})", file=sys.stderr)
            continue
        saved[end.split(".")[0]] = str(file)
    return saved


def _expanded(files: Iterable[str | Path], data: DataConfig) -> list[Path]:
    """Return the files, with each folder replaced by those in it that the data set can read."""
    found: list[Path] = []
    for path in map(Path, files):
        if path.is_dir():
            inside = data.files_below(path)
            if not inside:
                raise InputError("", f"no {data.media} in {path}")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise InputError("", f"no file {path}")
    return found
