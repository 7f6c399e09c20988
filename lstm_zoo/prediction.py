"""Prediction: the user's own files through a finished run."""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import figures as draw
from .console.text import first_line
from .contracts import DataConfig, InputError, unbatched
from .evaluation import predicted

if TYPE_CHECKING:
    from .exporting import Artifact
    from .run import Run


def predict(run: Run | Artifact, files: Sequence[str | Path], save_to: Path | None = None) -> list[dict[str, Any]]:
    """Predict files, and all files in folders.

    Args:
        run: The run, or what was exported from it.
        files: Files and folders.
        save_to: Folder for what the task makes of a file: a picture of what the network saw (attention over an image,
            classes of all pixels), and label maps.

    Returns:
        For each file its path (`file`) and what the task decodes (`classes`, `caption`), and for a video much longer
        than the training clips the same over time (`windows`, each with `start` and `end` in seconds), and the paths of
        what was saved (`figure`, `labels`). A file that cannot be read has its reason (`error`) instead.

    Raises:
        InputError: A path does not exist, or a folder holds nothing to read.
    """
    paths = _expand(files, run.config.data)
    return [
        _predict_one(run, path, save_to and save_to / f"{number:03d}-{path.stem}")
        for number, path in enumerate(paths, 1)
    ]


def _predict_one(run: Run | Artifact, path: Path, save_as: Path | None) -> dict[str, Any]:
    task = run.config.task
    try:
        views = run.config.data.read(path, run.spec)
    except InputError as error:
        return {"file": str(path), "error": error.message.removeprefix(f"{path}: ")}
    of_file = task.collect([views.merge(_outputs(run, views.inputs))])
    result = {"file": str(path), **task.decode(of_file, run.spec)[0]}
    if save_as is not None:
        picture = views.inputs[0] if views.picture is None else views.picture
        result |= _save(run, picture, next(unbatched([of_file])), save_as)
    if views.times:
        decoded = task.decode(task.collect(_outputs(run, views.windows)), run.spec)
        result["windows"] = [
            {"start": start, "end": end, **one} for (start, end), one in zip(views.times, decoded, strict=True)
        ]
    return result


def _outputs(run: Run | Artifact, rows: np.ndarray | Sequence) -> Iterator[Any]:
    """Yield the network's outputs for each row of inputs; one batch at a time is in memory."""
    most = run.config.train.batch_size
    batches = (rows[first : first + most] for first in range(0, len(rows), most))
    size = min(most, 2 ** math.ceil(math.log2(len(rows))))  # files of many lengths are traced for a few sizes
    return unbatched(predicted(run.inference, batches, size))


def _save(run: Run | Artifact, picture: np.ndarray, outputs: Any, save_as: Path) -> dict[str, str]:
    """Write what the task makes of a file, a picture and others; return where each lies."""
    task, saved = run.config.task, {}
    contents = task.files(outputs)
    figure = task.picture(outputs, picture, run.spec)
    if figure is not None:
        png = io.BytesIO()
        draw.save(figure, png)
        contents["figure.png"] = png.getvalue()
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


def _expand(files: Sequence[str | Path], data: DataConfig) -> list[Path]:
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
