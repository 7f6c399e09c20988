"""Training by workers of a Ray cluster: they join as a group of processes, and do so again when one is lost.

A group that has lost a process cannot go on. So all of it is ended, and as many workers as there is room for begin anew
at the last checkpoint, whose end is that of a training which was never disturbed.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ..config.recipe import Config
from ..console.signals import Stops
from ..console.visible import tell
from ..contracts import InputError, WorkError
from ..runs.directory import Run
from ..runs.kept import CONFIG
from ..training.fit import finish
from ..training.group import Group, check_shared
from ..training.processes import GroupError
from . import taking_part
from .room import Wanted, connected, num_places, ray_module
from .workers import Workers, WorkersError

_LOOK = 1.0  # seconds between two looks at the workers
_OTHERS = 10.0  # seconds in which the others end, too, after one has
_LAST_STEP = 120.0  # seconds in which workers that are to stop may finish a step and write a checkpoint


class Patience(NamedTuple):
    """What is borne before a training is given up."""

    stall_minutes: float = 10.0
    """Minutes without a step after which workers count as lost."""
    max_failures: int = 3
    """How many times workers may be lost."""


class _LostError(WorkError):
    """A worker is dead, or none makes a step."""


def train_by_workers(config: Config, path: Path, wanted: Wanted, how: taking_part.How, patience: Patience) -> Run:
    """Train by workers; the head evaluates, and returns the run.

    Args:
        config: The recipe.
        path: The run directory; all nodes see it.
        wanted: How many workers, and what each of them takes.
        how: How the training begins.
        patience: What is borne.

    Raises:
        InputError: The recipe cannot be shared, there is no such cluster, or what `training.fit.train` raises.
        WorkersError: Workers are lost too often.
        Stopped: A signal has asked to stop; the run goes on with `resume`.
    """
    path = path.absolute()
    path.mkdir(parents=True, exist_ok=True)
    try:
        check_shared(config, wanted.workers)
        with connected(wanted), Stops() as stops:  # Ray would make another exception of one that a signal raises
            until_done(config, path, wanted, how, patience, stops)
    finally:
        with suppress(OSError):  # it is not empty, or not there
            path.rmdir()
    finish(run := Run.open(path))
    return run


def room_for(wanted: Wanted, places: int, batch_size: int) -> Wanted:
    """Return as many of the wanted workers as there are places for, and as can share batches evenly."""
    fitting = (number for number in range(min(wanted.workers, places), 0, -1) if batch_size % number == 0)
    if not (most := next(fitting, 0)):
        raise WorkersError("no node is left that has room for a worker")
    return wanted._replace(workers=most)


def until_done(
    config: Config, path: Path, wanted: Wanted, how: taking_part.How, patience: Patience, stops: Stops
) -> None:
    """Have workers train, and others after them where some are lost."""
    failures, now = 0, wanted
    environment = {"KERAS_BACKEND": "jax", **({} if wanted.gpus else {"JAX_PLATFORMS": "cpu"})}
    while not stops.asked:
        try:
            with Workers(now, environment, at_once=2) as workers:
                return _Attempt(workers, patience.stall_minutes, stops).end(config, path, how)
        except _LostError as error:
            lost = error
        except ray_module().exceptions.RayActorError:
            lost = _LostError("a worker has died before it took part")
        except WorkersError as error:
            if not failures:
                raise
            lost = _LostError(str(error))  # a node that was lost may have counted as there
        failures += 1
        if failures > patience.max_failures:
            raise WorkersError(f"{lost}; that is more than --max-failures {patience.max_failures}; go on with --resume")
        if (path / CONFIG).exists():  # with it, there is a run, which knows what it was started from
            how = how._replace(resume=True, init=None)
        now = room_for(wanted, num_places(wanted), config.train.batch_size)
        tell(
            f"{lost}; {now.workers} of {wanted.workers} workers go on from the last checkpoint "
            f"(failure {failures} of at most {patience.max_failures})"
        )


class _Attempt:
    """One group of workers that trains, until all are done or one is lost."""

    def __init__(self, workers: Workers, stall_minutes: float, stops: Stops):
        self._ray, self._actors, self._stops = ray_module(), workers.actors, stops
        self._where = [address for _, address, _ in workers.asked(lambda one: one.where.remote())]
        self._stall = 60 * stall_minutes
        self._at_work: dict[Any, int] = {}
        self._looking: Any = None
        self._last, self._moved_at = 0, time.monotonic()

    def end(self, config: Config, path: Path, how: taking_part.How) -> None:
        """Have them train, and wait for the end."""
        first = self._actors[0]
        if not self._ray.get(first.run.remote(os.path.isdir, str(path))):
            raise InputError(
                "", f"--run-dir {path} is not to be seen on {self._where[0]}; choose one that all nodes share"
            )
        size = len(self._actors)
        coordinator = f"{self._where[0]}:{self._ray.get(first.run.remote(taking_part.free_port))}"
        for number, actor in enumerate(self._actors):
            group = Group(coordinator, size, number) if size > 1 else None
            self._at_work[actor.run.remote(taking_part.take_part, config, path, how, group)] = number
        self._wait()

    def _wait(self) -> None:
        """Wait for all to end, show what the first one tells, and look whether they make steps."""
        until = float("inf")
        while self._at_work and time.monotonic() < until:
            done, _ = self._ray.wait(list(self._at_work), num_returns=1, timeout=_LOOK)
            self._look()
            for ref in done:
                self._take(ref)
            if self._stops.asked and until == float("inf"):
                until = time.monotonic() + _LAST_STEP
                for actor in self._actors:
                    actor.run.remote(taking_part.stop, self._stops.asked)
        for looking in (self._looking, self._actors[0].run.remote(taking_part.seen)):
            if looking is not None:  # asked before the end, and not answered then
                self._show(looking)

    def _take(self, ref: Any) -> None:
        """Take note of one that has ended."""
        number = self._at_work.pop(ref)
        if (failure := self._failure(ref, number)) is None:
            return
        ended, _ = (
            self._ray.wait(list(self._at_work), num_returns=len(self._at_work), timeout=_OTHERS)
            if self._at_work
            else ([], [])
        )
        failures = [failure, *filter(None, (self._failure(one, self._at_work[one]) for one in ended))]
        raise next((one for one in failures if not isinstance(one, _LostError)), failure)

    def _failure(self, ref: Any, number: int) -> Exception | None:
        """Return why one has failed; a LostError where others may do better."""
        name = f"worker {number} on {self._where[number]}"
        try:
            self._ray.get(ref)
        except self._ray.exceptions.RayTaskError as error:
            cause = error.cause
            return _LostError(f"{name}: {cause}") if isinstance(cause, GroupError) else cause
        except self._ray.exceptions.RayError:  # also where Ray has killed it for its memory
            return _LostError(f"{name} has died")
        return None

    def _look(self) -> None:
        """Show what the first worker has told since, and see whether it has made a step.

        Raises:
            _LostError: It has not for too long.
        """
        if self._looking is None:
            self._looking = self._actors[0].run.remote(taking_part.seen)
        if self._ray.wait([self._looking], timeout=0)[0]:
            steps = self._show(self._looking)
            if steps is None or steps != self._last:
                self._last, self._moved_at = steps, time.monotonic()
            self._looking = None
        if time.monotonic() - self._moved_at > self._stall:
            raise _LostError(f"no step was made for {self._stall / 60:g} minutes")

    def _show(self, looking: Any) -> int | None:
        """Show what the first worker has told; return how many steps it has made."""
        with suppress(self._ray.exceptions.RayError):  # it is dead, which is told by what it was to do
            lines, steps = self._ray.get(looking)
            for line in lines:
                tell(line)
            return steps
        return None
