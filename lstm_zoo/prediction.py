"""Prediction: the user's own files through a finished run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from .contracts import InputError
from .data.listing import videos_below

if TYPE_CHECKING:
    from .run import Run


def predict(run: Run, files: Sequence[str | Path]) -> list[dict[str, Any]]:
    """Predict video files, and all videos in folders.

    Args:
        run: The run.
        files: Files and folders.

    Returns:
        For each file its path (`file`) and what the task decodes (`classes`), and for a video much longer than the
        training clips the same over time (`windows`, each with `start` and `end` in seconds). A file that cannot be
        read has its reason (`error`) instead.

    Raises:
        InputError: A path does not exist, or a folder holds no videos.
    """
    return [_predict_one(run, path) for path in _expand(files)]


def _predict_one(run: Run, path: Path) -> dict[str, Any]:
    task = run.config.task
    try:
        views = run.config.data.read(path, run.spec)
    except InputError as error:
        return {"file": str(path), "error": error.message.removeprefix(f"{path}: ")}
    outputs = _scores(run, np.concatenate([views.inputs, views.windows]))
    num_views = len(views.inputs)
    result = {"file": str(path), **task.decode(outputs[:num_views].mean(axis=0, keepdims=True), run.spec)[0]}
    if views.times:
        decoded = task.decode(outputs[num_views:], run.spec)
        result["windows"] = [
            {"start": start, "end": end, **one} for (start, end), one in zip(views.times, decoded, strict=True)
        ]
    return result


def _scores(run: Run, inputs: np.ndarray) -> np.ndarray:
    logits = run.model.predict(inputs, batch_size=run.config.train.batch_size, verbose=0)
    return keras.ops.convert_to_numpy(run.config.task.activate(logits))


def _expand(files: Sequence[str | Path]) -> list[Path]:
    """Return the files, with each folder replaced by the videos in it."""
    found: list[Path] = []
    for path in map(Path, files):
        if path.is_dir():
            inside = videos_below(path)
            if not inside:
                raise InputError("", f"no videos in {path}")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise InputError("", f"no file {path}")
    return found
