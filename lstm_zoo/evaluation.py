"""Evaluation: the run's best weights on a split, beside the floor of a trivial predictor."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from .contracts import InputError, Splits
from .features import on_features

if TYPE_CHECKING:
    from .run import Run


def evaluate(run: Run, split: str = "test", *, splits: Splits | None = None, name: str = "") -> dict[str, Any]:
    """Evaluate a run on a split; keeps the figures, each prediction and the report in the run directory.

    Args:
        run: The run.
        split: `train`, `val` or `test`.
        splits: The loaded data; None loads what the run's config names, with labels numbered as in the run.
        name: Under what name to keep the figures; the split's by default.

    Returns:
        The task's figures, with `floor` beside them, ready for JSON.

    Raises:
        InputError: The split has no examples, or the data hold a class that the run does not know.
    """
    from .report import write_report

    splits = splits or run.config.data.load(like=run.spec)
    if not splits.size(split):
        raise InputError("data", f"the split '{split}' has no examples; choose another with --split")
    if splits.spec.input_shape != run.spec.input_shape:
        raise InputError(
            "data.clip",
            f"gives inputs of {splits.spec.input_shape}, but the run was trained on {run.spec.input_shape}; num_frames "
            "and size have to stay as they were",
        )
    outputs = predict_split(run, splits, split)
    targets = splits.targets(split)
    figures = run.config.task.evaluate(outputs, targets, run.spec)
    figures["floor"] = run.config.task.floor(splits, split)
    name = name or split
    run.add_metrics(name, figures)
    _write_predictions(run, name, splits.names(split), outputs, targets)
    write_report(run, splits, split, name, outputs)
    return figures


def predict_split(run: Run, splits: Splits, split: str) -> np.ndarray:
    """Return the activated outputs of each example, averaged over its views; (examples, ...)."""
    model, streams = on_features(run.config, run.model, splits)
    logits = model.predict(streams.eval_stream(split, run.config.train.batch_size), verbose=0)
    outputs = keras.ops.convert_to_numpy(run.config.task.activate(logits))
    return outputs.reshape(-1, splits.num_views, *outputs.shape[1:]).mean(axis=1)


def pick_examples(splits: Splits, split: str, indices: list[int]) -> dict[int, np.ndarray]:
    """Return the first view of some examples of a split, by their number."""
    rows = splits.eval_stream(split, 1).unbatch().enumerate()
    wanted = {index * splits.num_views: index for index in indices}
    found = {}
    for row, (inputs, _) in rows.take(max(wanted, default=-1) + 1).as_numpy_iterator():
        if row in wanted:
            found[wanted[row]] = inputs
    return found


def _write_predictions(run: Run, name: str, names: list[str], outputs: np.ndarray, targets: np.ndarray) -> None:
    """Write one row an example: name, truth, prediction and its probability."""
    with (run.path / f"predictions-{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "truth", "prediction", "probability"])
        for example, row, target in zip(names, outputs, targets, strict=True):
            best = int(row.argmax())
            writer.writerow([example, run.spec.class_names[target], run.spec.class_names[best], f"{row[best]:.6f}"])
