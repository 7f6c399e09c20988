"""`lstmzoo train`."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..console.visible import tell
from .errors import user_errors
from .options import (
    RUN,
    ClusterOption,
    ConfigOption,
    CpusOption,
    GpusOption,
    SetOption,
    WorkersOption,
    load_recipe,
    run_folder,
    typed_path,
    wanted_of,
)
from .printing import show

if TYPE_CHECKING:
    from ..runs.directory import Run


def train(
    context: typer.Context,
    config: ConfigOption,
    set: SetOption = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            parser=typed_path, metavar="PATH", help="Where to keep the run; a new one below runs/ by default."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the interrupted run of this recipe.")] = False,
    resume_anyway: Annotated[
        bool,
        typer.Option("--resume-anyway", help="The same, though recipe, data or programs differ; the run keeps how."),
    ] = False,
    init: Annotated[
        str | None,
        typer.Option(
            metavar="RUN", help=f"A run of the same model to start from: {RUN}; what it learned is carried on."
        ),
    ] = None,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    cpus_per_worker: CpusOption = 1,
    gpus_per_worker: GpusOption = 0,
    stall_minutes: Annotated[
        float, typer.Option(min=0.1, help="Minutes without a step after which workers count as lost.")
    ] = 10.0,
    max_failures: Annotated[int, typer.Option(min=0, help="How many times workers may be lost.")] = 3,
) -> None:
    """Train a network, and write a run directory."""
    place: list[Path] = []  # known once the recipe is
    group = None

    def after_a_stop() -> str:
        if group and group.number:
            return "stopped with the others"
        if not place or not (place[0] / "config.yaml").is_file():
            return "stopped before there was a run; the same command starts it"
        return f"stopped; to go on: {_command_to_go_on(context, place[0])}"

    with user_errors(after_a_stop, elsewhere="--run-dir") as loaded:
        wanted = wanted_of(workers, cluster, cpus_per_worker, gpus_per_worker)
        recipe = loaded(load_recipe(config, set))
        from ..contracts import named_place
        from ..disk.sending import kept_in_store
        from ..runs.directory import CHECKPOINTS
        from ..runs.finding import new_path, newest
        from ..training.fit import train
        from ..training.group import group_of

        group, goes_on = None if wanted else group_of(os.environ), resume or resume_anyway
        before = run_folder(init)
        how = {"resume": goes_on, "anyway": resume_anyway, "init": before and named_place(before)}
        if group and group.number:  # another process tells and writes all that there is
            with _left_at_once():
                train(recipe, run_dir, **how, group=group)
            return
        place.append(run_dir or (newest(recipe.name) if goes_on else new_path(recipe)))
        with _left_at_once(), kept_in_store(place[0], CHECKPOINTS):
            if wanted:
                from ..cluster.taking_part import How
                from ..cluster.training import Patience, train_by_workers

                run = train_by_workers(recipe, place[0], wanted, How(**how), Patience(stall_minutes, max_failures))
            else:
                run = train(recipe, place[0], **how, group=group)
        _show_run(run)


@contextmanager
def _left_at_once() -> Iterator[None]:
    """End the process where another one of its group is lost: JAX would wait for that at the end, and then abort."""
    from ..training.processes import GroupError

    try:
        yield
    except GroupError as error:
        tell(str(error))
        sys.stderr.flush()
        os._exit(1)


def _show_run(run: Run) -> None:
    from ..contracts import named_place
    from ..reporting.tables import evaluation_table, single_numbers

    place = named_place(run.path)
    for split, scores in run.metrics.items():
        if single_numbers(scores):
            show(evaluation_table(scores, f"{run.config.model.kind} on {split}"))
        else:
            for remark in scores.get("remarks", ()):
                show(remark)
    for line in (f"run: {place}", f"report: {place}/report.html", f"next: lstmzoo eval --run {place}"):
        show(line)


def _command_to_go_on(context: typer.Context, run_dir: Path) -> str:
    """Return the command that goes on with a run, as one types it."""
    from ..contracts import named_place

    given = context.params
    words = [word for file in context.find_root().params["plugin"] or () for word in ("--plugin", str(file))]
    words += ["train", "--config", given["config"]]
    words += [word for setting in given["set"] or () for word in ("--set", setting)]
    defaults = {one.name: one.default for one in context.command.params}
    asked = ("workers", "cluster", "cpus_per_worker", "gpus_per_worker", "stall_minutes", "max_failures")
    for name in (name for name in asked if given[name] != defaults[name]):
        words += [f"--{name.replace('_', '-')}", str(given[name])]
    go_on = "--resume-anyway" if given["resume_anyway"] else "--resume"
    return shlex.join(["lstmzoo", *words, "--run-dir", named_place(run_dir), go_on])
