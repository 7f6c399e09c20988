"""`lstmzoo eval`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import ExitStack
from enum import StrEnum
from typing import Annotated, Any

import typer

from .errors import user_errors
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
    wanted_of,
)
from .printing import show, show_json

_LONGEST_NAME = 60


class Split(StrEnum):
    """The splits of a data set, and all of them together."""

    train = "train"
    val = "val"
    test = "test"
    all = "all"


def evaluate(
    run: RunOption = None,
    exported: ExportedOption = None,
    split: Annotated[Split, typer.Option(help="Which examples; all: nothing is dealt.")] = Split.test,
    set: SetOption = None,
    as_json: JsonOption = False,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    cpus_per_worker: CpusOption = 1,
    gpus_per_worker: GpusOption = 0,
) -> None:
    """Evaluate a run, or what was exported from it, on a split, beside the floor."""
    with user_errors() as loaded, ExitStack() as stack:
        wanted = wanted_of(workers, cluster, cpus_per_worker, gpus_per_worker)
        from ..disk.sending import kept_in_store

        folder = run_folder(run)
        stack.enter_context(kept_in_store(exported.parent if exported else folder))
        network = open_network(folder, set, exported)
        loaded(network.config)
        from ..contracts import named_place
        from ..reporting.tables import class_table, evaluation_table, single_numbers
        from ..runs.evaluation import evaluate

        name = name_of(split.value, set or ())

        def show_scores(scores: dict[str, Any]) -> None:
            if as_json:
                show_json({"run": named_place(network.path), "split": split.value, **scores})
                return
            if single_numbers(scores):
                show(evaluation_table(scores, f"{_short(network.path.name)} on {name}"))
            if "per_class" in scores:
                task = network.config.task
                show(class_table(scores["per_class"], task.score_of_class, task.class_noun))
            for remark in scores.get("remarks", ()):
                show(remark)

        if wanted:
            from ..cluster.evaluation import by_workers

            network = stack.enter_context(by_workers(network, wanted))
        evaluate(network, split.value, name=name, show=show_scores)
        if not as_json:
            show(f"report: {named_place(network.folder / 'report.html')}")


def _short(name: str) -> str:
    """Return the name of a run, with the first digits of its commit or hash alone."""
    return re.sub(r"([0-9a-f]{12})[0-9a-f]{28,}", r"\1", name)


def name_of(split: str, overrides: Sequence[str]) -> str:
    """Return under what name an evaluation is kept: a file's name, for each split and settings another."""
    text = "_".join([split, *overrides])
    name = "".join(letter if letter.isalnum() or letter in "-=." else "_" for letter in text)
    if name == text and len(name.encode()) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - 9]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
