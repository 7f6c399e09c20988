"""Evaluation: the run's best weights on a split, beside the floors: what trivial predictors get."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from .contracts import InputError, Spec, Splits
from .features import first_input, on_features
from .layers.recurrent.implementation import ENCODER
from .run import add_metrics

if TYPE_CHECKING:
    import tensorflow as tf

    from .config import Config
    from .exporting.artifact import Artifact, Runner
    from .run import Run


def evaluate(run: Run, split: str = "test", *, splits: Splits | None = None, name: str = "") -> dict[str, Any]:
    """Evaluate a run on a split; keeps the figures, each prediction and the report in the run directory.

    Args:
        run: The run.
        split: `train`, `val` or `test`.
        splits: The loaded data; None loads what the run's config names, with labels numbered as in the run.
        name: Under what name to keep the figures; the split's by default.

    Returns:
        The task's figures, with `floors` beside them, ready for JSON.

    Raises:
        InputError: The split has no examples, or the data hold a class that the run does not know.
    """
    from .report import write_report

    splits = _checked(splits or run.config.data.load(like=run.spec), run.spec, split)
    outputs = predict_split(run, splits, split)
    targets = splits.targets(split)
    task = run.config.task
    figures = task.evaluate(outputs, targets, run.spec) | splits.judge(split, outputs)
    figures["floors"] = task.floors(splits, split, lambda other: features_of(run, splits, other))
    name = name or split
    run.add_metrics(name, figures)
    _write_predictions(run.path, name, splits.names(split), task.rows(outputs, targets, run.spec))
    write_report(run, splits, split, name, outputs)
    return figures


def evaluate_exported(artifact: Artifact, split: str = "test", *, name: str = "") -> dict[str, Any]:
    """Evaluate an exported file itself on a split; keeps the figures and each prediction beside the file.

    Args:
        artifact: The file.
        split: `train`, `val` or `test`.
        name: Under what name to keep the figures; the split's by default.

    Returns:
        The task's figures, with `floors` beside them (but those that need the network's encoder), ready for JSON.

    Raises:
        InputError: The split has no examples, or the data hold a class that the run does not know.
        ExportError: The file does not run.
    """
    config, task = artifact.config, artifact.config.task
    splits = _checked(config.data.load(like=artifact.spec), artifact.spec, split)
    outputs = task.collect(splits.merged(split, predicted(artifact.inference, shown(config, splits, split))))
    targets = splits.targets(split)
    figures = task.evaluate(outputs, targets, artifact.spec) | splits.judge(split, outputs)
    figures["floors"] = task.floors(splits, split, None)
    name = name or split
    add_metrics(artifact.path.parent, name, figures)
    _write_predictions(artifact.path.parent, name, splits.names(split), task.rows(outputs, targets, artifact.spec))
    return figures


def _checked(splits: Splits, spec: Spec, split: str) -> Splits:
    """Return splits, or raise an InputError if they are not for a network or have no examples."""
    if not splits.size(split):
        raise InputError("data", f"the split '{split}' has no examples; choose another with --split")
    if splits.spec.input_shape != spec.input_shape:
        raise InputError(
            "data",
            f"gives inputs of {splits.spec.input_shape}, but the run was trained on {spec.input_shape}; their size "
            "and number of frames have to stay as they were",
        )
    return splits


def predict_split(run: Run, splits: Splits, split: str) -> Any:
    """Return the outputs for each example, as the task collects them."""
    model, streams = on_features(run.config, run.model, splits)
    network = run.config.task.inference(model)
    batches = predicted(network, shown(run.config, streams, split))
    return run.config.task.collect(streams.merged(split, batches))


def predicted(network: keras.Model | Runner, batches: Iterable[Any], size: int = 0) -> Iterator[Any]:
    """Yield a network's outputs for each batch of inputs, as NumPy arrays; one batch at a time is in memory.

    Args:
        network: The network as it is used.
        batches: Its inputs.
        size: Rows that a batch is to have at least; a smaller one is filled up, for each size is traced anew.
    """
    for batch in batches:
        inputs = np.asarray(batch)
        rows = len(inputs)
        if rows < size:
            inputs = np.concatenate([inputs, np.repeat(inputs[-1:], size - rows, axis=0)])
        size = max(size, rows)
        outputs = network.predict_on_batch(inputs)
        yield keras.tree.map_structure(lambda one, rows=rows: keras.ops.convert_to_numpy(one)[:rows], outputs)


def features_of(run: Run, splits: Splits, split: str) -> np.ndarray:
    """Return what the run's encoder makes of each example, averaged over its regions and views; (examples, D)."""
    _, streams = on_features(run.config, run.model, splits)
    encoder = None  # where features stand in a file
    if streams is splits:
        encoder = keras.Model(run.model.inputs[0], run.model.get_layer(ENCODER).output)
    means = []
    inputs = shown(run.config, streams, split)
    for features in inputs.as_numpy_iterator() if encoder is None else predicted(encoder, inputs):
        means.append(features.mean(axis=tuple(range(1, features.ndim - 1))))  # of regions, at once: all are many GB
    return np.stack(list(splits.merged(split, means)))


def shown(config: Config, splits: Splits, split: str) -> tf.data.Dataset:
    """Return one pass over what a network in use sees: the first of its inputs."""
    return splits.eval_stream(split, config.train.batch_size).map(lambda inputs, _: first_input(inputs))


def _write_predictions(folder: Path, name: str, names: list[str], rows: Iterator[dict[str, Any]]) -> None:
    """Write one row an example: its name, and what the task says of it."""
    with (folder / f"predictions-{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for number, (example, row) in enumerate(zip(names, rows, strict=True)):
            if number == 0:
                writer.writerow(["name", *row])
            writer.writerow([example, *row.values()])
