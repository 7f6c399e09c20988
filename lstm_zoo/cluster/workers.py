"""Workers: processes of a cluster that call functions; and tasks dealt to them, none lost with a worker that dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ..config.kinds import plugin_files, use_plugin
from ..console.cores import CORES
from ..contracts import WorkError
from ..media import limits
from .room import Wanted, ray_module

_SECONDS = 60.0  # until workers are placed where there is room
_VARIABLES = (
    *("JAX_COMPILATION_CACHE_DIR", "TFDS_DATA_DIR"),  # where things lie
    *(limits.SECONDS, limits.GIB),  # what a file may take
    *("TF_ENABLE_ONEDNN_OPTS", "XLA_FLAGS"),  # how sums are rounded
)
_THREADS = (
    *(CORES, "OMP_NUM_THREADS"),  # those that this package starts, and most libraries
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
    "NPROC",  # XLA's
)
"""Variables that say how many threads to start. Workers are bound to no cores: nobody knows which others keep to."""
R = TypeVar("R")


class WorkersError(WorkError):
    """Workers that die more often than is allowed."""


class Head(NamedTuple):
    """What workers have to know of the process that started them."""

    command: Sequence[str]
    """Its command line, which runs keep."""
    path: Sequence[str]
    """Where it finds modules."""
    folder: str
    """Its working directory: relative paths mean the same to its workers."""
    plugins: Sequence[Path]
    """Files with kinds of the user's own."""
    variables: Mapping[str, str]
    """Those of its environment by which work differs."""

    @classmethod
    def here(cls) -> Head:
        """Return this process."""
        variables = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
        return cls(sys.argv, sys.path, os.getcwd(), plugin_files(), variables)


class Worker:
    """What runs in the process of a worker, as a Ray actor.

    Args:
        head: Where the command runs.
        environment: Further variables to set before anything heavy is imported.

    Raises:
        InputError: A plugin of the command is not there.
    """

    def __init__(self, head: Head, environment: Mapping[str, str]):
        sys.argv[:] = head.command
        sys.path[:] = list(dict.fromkeys([*sys.path, *head.path]))
        os.environ.update({**head.variables, **environment})
        if os.path.isdir(head.folder):  # else all paths have to be absolute
            os.chdir(head.folder)
        for file in head.plugins:
            use_plugin(file)
        self._makes: dict[int, Callable[[Any], Any]] = {}

    def where(self) -> tuple[str, str, int]:
        """Return node, address, and process."""
        ray = ray_module()
        return ray.get_runtime_context().get_node_id(), ray.util.get_node_ip_address(), os.getpid()

    def run(self, function: Callable[..., R], *args: Any) -> R:
        """Return what a function returns."""
        return function(*args)

    def prepare(self, kind: int, begin: Callable[[], Callable[[Any], Any]]) -> None:
        """Get ready for tasks of a kind: call what returns the function for them."""
        self._makes[kind] = begin()

    def do(self, kind: int, task: Any) -> Any:
        """Return what becomes of a task."""
        return self._makes[kind](task)


class Workers:
    """Workers on a connected cluster, each in its place; those that are left are stopped at the end.

    Args:
        wanted: How many, and what each of them takes.
        environment: Variables of their processes, beside those of this one that count.
        at_once: How many calls of one worker run at once.

    Raises:
        WorkersError: There is no room for them, since others use the cluster.
    """

    def __init__(self, wanted: Wanted, environment: Mapping[str, str] = {}, at_once: int = 1):
        self._ray = ray_module()
        self.wanted = wanted
        """How many, and what each of them takes."""
        self._environment = {**dict.fromkeys(_THREADS, str(wanted.cpus)), **environment}
        self._at_once = at_once
        self._places = self._ray.util.placement_group([wanted.bundle] * wanted.workers, "PACK")
        self.actors: list[Any] = []
        """Handles of `Worker`, by place."""

    def __enter__(self) -> Workers:
        try:
            if not self._places.wait(_SECONDS):
                many = self.wanted.workers
                raise WorkersError(f"no room for {many} workers within {_SECONDS:.0f} s: others use the cluster")
            self.actors = [self._started(place) for place in range(self.wanted.workers)]
            self.asked(lambda one: one.where.remote())  # waits until they have started
        except self._ray.exceptions.RayError as error:  # it has died, or was ended for want of memory
            self.__exit__()
            raise WorkersError(f"a worker cannot start: {str(error).strip().splitlines()[-1].strip()}") from None
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if not self._ray.is_initialized():  # the cluster is left already, and with it all workers
            return
        for actor in self.actors:
            with suppress(Exception):  # it is dead
                self._ray.kill(actor)
        with suppress(Exception):
            self._ray.util.remove_placement_group(self._places)

    def replace(self, place: int) -> None:
        """Start another worker in the place of one that is dead, or of no use."""
        with suppress(Exception):  # it is dead
            self._ray.kill(self.actors[place])
        self.actors[place] = self._started(place)

    def _started(self, place: int) -> Any:
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        kind = self._ray.remote(
            num_cpus=self.wanted.cpus,
            num_gpus=self.wanted.gpus,
            max_concurrency=self._at_once,
            scheduling_strategy=PlacementGroupSchedulingStrategy(self._places, place),
        )
        return kind(Worker).remote(Head.here(), self._environment)

    def asked(self, question: Callable[[Any], Any]) -> Sequence[Any]:
        """Return what all workers answer to the call of a method."""
        return self._ray.get([question(actor) for actor in self.actors])
