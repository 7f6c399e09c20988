"""Prediction: the user's own files through a finished run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from . import figures as draw
from .contracts import DataConfig, InputError
from .evaluation import mean_over_views
from .network import first_line

if TYPE_CHECKING:
    from .run import Run


def predict(run: Run, files: Sequence[str | Path], save_to: Path | None = None) -> list[dict[str, Any]]:
    """Predict files, and all files in folders.

    Args:
        run: The run.
        files: Files and folders.
        save_to: Folder for pictures of what the network saw, where the task has them (attention over an image).

    Returns:
        For each file its path (`file`) and what the task decodes (`classes`, `caption`), and for a video much longer
        than the training clips the same over time (`windows`, each with `start` and `end` in seconds), and the path of
        its picture (`figure`). A file that cannot be read has its reason (`error`) instead.

    Raises:
        InputError: A path does not exist, or a folder holds nothing to read.
    """
    paths = _expand(files, run.config.data)
    pictures = [save_to and save_to / f"{number:03d}-{path.stem}.png" for number, path in enumerate(paths, 1)]
    return [_predict_one(run, path, picture) for path, picture in zip(paths, pictures, strict=True)]


def _predict_one(run: Run, path: Path, picture: Path | None) -> dict[str, Any]:
    task = run.config.task
    try:
        views = run.config.data.read(path, run.spec)
    except InputError as error:
        return {"file": str(path), "error": error.message.removeprefix(f"{path}: ")}
    rows = np.concatenate([views.inputs, views.windows])
    outputs = run.inference.predict(rows, batch_size=run.config.train.batch_size, verbose=0)
    num_views = len(views.inputs)
    of_file = mean_over_views(keras.tree.map_structure(lambda one: one[:num_views], outputs), num_views)
    result = {"file": str(path), **task.decode(of_file, run.spec)[0]}
    if picture is not None and _draw(run, views.inputs[0], of_file, picture):
        result["figure"] = str(picture)
    if views.times:
        decoded = task.decode(keras.tree.map_structure(lambda one: one[num_views:], outputs), run.spec)
        result["windows"] = [
            {"start": start, "end": end, **one} for (start, end), one in zip(views.times, decoded, strict=True)
        ]
    return result


def _draw(run: Run, inputs: np.ndarray, outputs: Any, file: Path) -> bool:
    """Write the task's picture of what the network made of a file; False where it has none."""
    figure = run.config.task.picture(keras.tree.map_structure(lambda one: one[0], outputs), inputs, run.spec)
    if figure is None:
        return False
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draw.save(figure, file)
    except OSError as error:
        print(
            f"no picture of where the network looked: {file} cannot be written ({first_line(error)})", file=sys.stderr
        )
        return False
    return True


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
