"""Workers: processes of a cluster that call functions; and tasks dealt to them, none lost with a worker that dies."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from ..contracts import WorkError
from .room import Wanted, ray_module

_SECONDS = 60.0  # until workers are placed where there is room
R = TypeVar("R")


class WorkersError(WorkError):
    """Workers that die more often than is allowed."""


class Worker:
    """What runs in the process of a worker, as a Ray actor.

    Args:
        path: Where Python finds modules at the head, plugins among them.
        environment: Variables to set before anything heavy is imported.
    """

    def __init__(self, path: list[str], environment: Mapping[str, str]):
        sys.path[:] = list(dict.fromkeys([*sys.path, *path]))
        os.environ.update(environment)
        self._make: Callable[[Any], Any] | None = None

    def where(self) -> tuple[str, str, int]:
        """Return node, address, and process."""
        ray = ray_module()
        return ray.get_runtime_context().get_node_id(), ray.util.get_node_ip_address(), os.getpid()

    def pin(self, first: int, cores: int) -> None:
        """Keep to some cores of the node, from a first one on, if it has them: libraries take all that they see."""
        there = sorted(os.sched_getaffinity(0))
        if first + cores <= len(there):
            os.sched_setaffinity(0, there[first : first + cores])

    def run(self, function: Callable[..., R], *args: Any) -> R:
        """Return what a function returns."""
        return function(*args)

    def prepare(self, begin: Callable[[], Callable[[Any], Any]]) -> None:
        """Get ready for tasks: call what returns the function for them."""
        self._make = begin()

    def do(self, task: Any) -> Any:
        """Return what becomes of a task."""
        assert self._make is not None
        return self._make(task)


class Workers:
    """Workers on a connected cluster, each in its place; those that are left are stopped at the end.

    Args:
        wanted: How many, and what each of them takes.
        environment: Variables of their processes.
        at_once: How many calls of one worker run at once.

    Raises:
        WorkersError: There is no room for them, since others use the cluster.
    """

    def __init__(self, wanted: Wanted, environment: Mapping[str, str] = {}, at_once: int = 1):
        self._ray, self._wanted = ray_module(), wanted
        self._environment, self._at_once = dict(environment), at_once
        self._places = self._ray.util.placement_group([wanted.bundle] * wanted.workers, "PACK")
        self.actors: list[Any] = []
        """Handles of `Worker`, by place."""

    def __enter__(self) -> Workers:
        try:
            if not self._places.wait(_SECONDS):
                many = self._wanted.workers
                raise WorkersError(f"no room for {many} workers within {_SECONDS:.0f} s: others use the cluster")
            self.actors = [self._started(place) for place in range(self._wanted.workers)]
            self._pin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        for actor in self.actors:
            with suppress(Exception):  # it is dead
                self._ray.kill(actor)
        with suppress(Exception):
            self._ray.util.remove_placement_group(self._places)

    def replace(self, place: int) -> None:
        """Start another worker in the place of one that is dead."""
        self.actors[place] = self._started(place)

    def _started(self, place: int) -> Any:
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        kind = self._ray.remote(
            num_cpus=self._wanted.cpus,
            num_gpus=self._wanted.gpus,
            max_concurrency=self._at_once,
            scheduling_strategy=PlacementGroupSchedulingStrategy(self._places, place),
        )
        return kind(Worker).remote(sys.path, self._environment)

    def _pin(self) -> None:
        """Give each worker cores of its own on its node."""
        on_node: dict[str, int] = defaultdict(int)
        pinned = []
        for actor, (node, _, _) in zip(self.actors, self.asked(lambda one: one.where.remote()), strict=True):
            pinned.append(actor.pin.remote(on_node[node], self._wanted.cpus))
            on_node[node] += self._wanted.cpus
        self._ray.get(pinned)

    def asked(self, question: Callable[[Any], Any]) -> Sequence[Any]:
        """Return what all workers answer to the call of a method."""
        return self._ray.get([question(actor) for actor in self.actors])
