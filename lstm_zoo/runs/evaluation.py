"""Evaluation: a network on a split, beside the floors: what trivial predictors get."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..console.text import first_line
from ..contracts import FEATURES, InputError, Judge, Judged, Memory, Outputs, Predictor, Splits
from ..disk.failures import DiskError, explained
from ..disk.whole_files import remove_drafts, replace_file
from ..reporting.report import write_report
from ..reporting.tables import single_numbers
from .kept import MEMORY, added_metrics, metrics_of
from .network import Network

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 (the wide ones count, too)


def evaluate(
    network: Network,
    split: str = "test",
    *,
    splits: Splits | None = None,
    name: str = "",
    show: Callable[[dict[str, Any]], None] = lambda scores: None,
) -> dict[str, Any]:
    """Evaluate a network on a split; keeps the scores, each prediction and the report in the network's folder.

    Args:
        network: A run's, or an exported file.
        split: `train`, `val` or `test`; or `all`, whatever splits the data have, nothing dealt.
        splits: The loaded data; None loads what the recipe names, with labels numbered as in the run.
        name: Under what name to keep the scores; the split's by default.
        show: Is given the scores before they are kept, which may fail.

    Returns:
        The task's scores, with `floors` beside them, ready for JSON.

    Raises:
        InputError: The split has no examples, or the data do not fit the network.
        DiskError: The scores cannot be kept.
    """
    config, spec, name = network.config, network.spec, name or split
    metrics_of(network.folder)  # a damaged file is told before the work
    splits = splits or config.data.load(like=spec, splits=(split,))
    if not splits.size(split):
        raise InputError("data", f"the split '{split}' has no examples; choose another with --split")
    features = network.features(splits, split) if config.task.floors_need_features else None
    memory, predictors = network.memory, {}
    if memory is not None:
        known = {key: values for key, values in memory.items() if features or key != FEATURES}
        predictors = _floors(network, known)
    panel, floors = _Panel.of(network), {title: _Panel.of(network) for title in predictors}
    examples = with_features(splits.judged(split), features)
    for outputs, judged in zip(network.answers(splits, split), examples, strict=True):
        panel.add(outputs, judged)
        for title, predict in predictors.items():
            floors[title].add(predict(judged), judged)
    scores = panel.scores()
    if told := [*config.data.remarks(), *splits.remarks(), *scores.get("remarks", ())]:
        scores["remarks"] = told
    scores["floors"] = {title: single_numbers(judges.scores()) for title, judges in floors.items()}
    show(scores)
    try:
        _keep(network, name, scores, panel, lambda indices: splits.pictures(split, indices))
    except OSError as error:
        if line := explained(error, network.folder):
            raise DiskError(f"{line}. Scores and report of this evaluation are not kept") from error
        raise
    return scores


def _keep(network: Network, name: str, scores: dict[str, Any], panel: _Panel, pictures: Callable) -> None:
    """Write scores, predictions and report; what killed processes have left of them is removed."""
    predictions = network.folder / f"predictions-{name}.csv"
    with added_metrics(network.folder, name, scores) as metrics:
        for place in (predictions, network.folder / "figures", network.folder / "report.html"):
            remove_drafts(place)
        if rows := list(panel.task.rows()):
            _write_predictions(predictions, panel.names, rows)
        write_report(
            network.folder,
            title=network.path.name,
            name=name,
            metrics=metrics,
            config_yaml=network.config.to_yaml(),
            of_classes=f"{network.config.task.score_of_class} of each {network.config.task.class_noun}",
            figures=panel.task.figures(pictures),
        )


def _floors(network: Network, known: Memory) -> Mapping[str, Predictor]:
    try:
        return network.config.task.floors(network.spec, known)
    except (LookupError, TypeError, ValueError) as error:
        file = network.folder / MEMORY
        raise InputError("", f"{file} is damaged ({first_line(error)}); restore it, or train again") from error


class _Panel(NamedTuple):
    """All judges of a set of answers."""

    task: Judge
    data: Sequence[Judge]
    names: list[str]

    @classmethod
    def of(cls, network: Network) -> _Panel:
        """Return judges that have seen nothing yet."""
        return cls(
            network.config.task.judge(network.spec, network.memory), network.config.data.judges(network.spec), []
        )

    def add(self, outputs: Outputs, judged: Judged) -> None:
        """Take the outputs for one example."""
        self.names.append(judged.name)
        for judge in (self.task, *self.data):
            judge.add(outputs, judged)

    def scores(self) -> dict[str, Any]:
        """Return the scores of all examples so far."""
        scores = {"examples": len(self.names), **self.task.scores()}
        for judge in self.data:
            scores |= judge.scores()
        return scores


def with_features(examples: Iterator[Judged], features: Iterator[np.ndarray] | None) -> Iterator[Judged]:
    """Yield examples with what an encoder makes of each."""
    if features is None:
        yield from examples
    else:
        for judged, of_example in zip(examples, features, strict=True):
            yield judged._replace(features=of_example)


def _write_predictions(file: Path, names: list[str], rows: list[dict[str, Any]]) -> None:
    """Write one row an example: its name, and what the task says of it.

    Text that a spreadsheet would take for a formula has an apostrophe in front, as such programs show text.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["name", *rows[0]])
    for name, row in zip(names, rows, strict=True):
        writer.writerow([_as_text(cell) for cell in (name, *row.values())])
    replace_file(file, text.getvalue())


def _as_text(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
