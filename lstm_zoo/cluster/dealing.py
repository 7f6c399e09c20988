"""Tasks dealt to workers: each is done once, and those of a worker that dies are done again by another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any, Generic, TypeVar

from ..console.visible import tell
from .room import num_places, ray_module
from .workers import Workers, WorkersError

_AHEAD = 2  # tasks of a worker at a time: it never waits for the next one
_WINDOW = 8  # tasks for each worker whose results may wait for one before them
_LOOK = 10.0  # seconds between two looks at the nodes, where nothing is done
_kinds = count()  # of tasks: workers may do several at once
T = TypeVar("T")
R = TypeVar("R")


def dealt(
    workers: Workers,
    begin: Callable[[], Callable[[T], R]],
    tasks: Iterable[T],
    *,
    in_order: bool = True,
    max_failures: int = 3,
    called: Callable[[T], str] = str,
) -> Iterator[tuple[T, R]]:
    """Yield tasks with what workers make of them; few results wait in memory.

    Args:
        workers: Who does them.
        begin: Called once by each worker, returns the function for its tasks; it is pickled.
        tasks: What the function takes, one by one; asked for as workers need them.
        in_order: Yield in the order of the tasks; else in that in which they are done.
        max_failures: How many workers may die, each replaced by another.
        called: Gives the name of a task, for messages.

    Raises:
        WorkersError: More of them die.
        Exception: What the function raises, or `begin`.
    """
    dealing = _Dealing(workers, begin, tasks, max_failures, called)
    waiting: dict[int, tuple[T, R]] = {}
    next_one = 0
    while (done := dealing.next(next_one + _WINDOW * len(workers.actors) if in_order else None)) is not None:
        number, task, result = done
        if not in_order:
            yield task, result
            continue
        waiting[number] = task, result
        while next_one in waiting:
            yield waiting.pop(next_one)
            next_one += 1


class _Dealing(Generic[T, R]):
    """Which tasks are to be done, and which are at which worker."""

    def __init__(
        self,
        workers: Workers,
        begin: Callable[[], Callable[[T], R]],
        tasks: Iterable[T],
        max_failures: int,
        called: Callable[[T], str],
    ):
        self._ray, self._workers, self._begin = ray_module(), workers, begin
        self._tasks, self._again, self._begun = enumerate(tasks), deque[tuple[int, T]](), 0
        self._all_begun = False
        self._failures, self._max_failures, self._called = 0, max_failures, called
        self._kind = next(_kinds)
        self._actors = list(workers.actors)
        self._at: list[dict[Any, tuple[int, T] | None]] = [{} for _ in workers.actors]  # None: it gets ready
        for place in range(len(workers.actors)):
            self._get_ready(place)

    def next(self, below: int | None) -> tuple[int, T, R] | None:
        """Return number, task and result of the next one that is done; None: all are.

        Args:
            below: Number of the first task that must not be begun yet.
        """
        while True:
            for place in range(len(self._at)):
                self._deal(place, below)
            pending = [ref for at in self._at for ref in at]
            if self._all_begun and not self._again and not any(task for at in self._at for task in at.values()):
                return None
            ref = self._first_done(pending)
            place = next(place for place, at in enumerate(self._at) if ref in at)
            try:
                result = self._ray.get(ref)
            except self._ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except self._ray.exceptions.RayError:  # it is dead, was killed for its memory, or its node is gone
                self._replace(place)
            else:
                if (done := self._at[place].pop(ref)) is not None:
                    return *done, result

    def _first_done(self, pending: list[Any]) -> Any:
        while not (done := self._ray.wait(pending, num_returns=1, timeout=_LOOK)[0]):
            if not num_places(self._workers.wanted):
                raise WorkersError("no node is left that has room for a worker")
        return done[0]

    def _get_ready(self, place: int) -> None:
        self._actors[place] = self._workers.actors[place]
        self._at[place] = {self._actors[place].prepare.remote(self._kind, self._begin): None}

    def _deal(self, place: int, below: int | None) -> None:
        """Give a worker that is ready what it needs to be busy; one that has no room may never be."""
        at = self._at[place]
        if None in at.values():
            return
        while sum(task is not None for task in at.values()) < _AHEAD and (task := self._next_task(below)) is not None:
            at[self._actors[place].do.remote(self._kind, task[1])] = task

    def _next_task(self, below: int | None) -> tuple[int, T] | None:
        if self._again:
            return self._again.popleft()
        if below is not None and self._begun >= below:
            return None
        if (task := next(self._tasks, None)) is None:
            self._all_begun = True
            return None
        self._begun += 1
        return task

    def _replace(self, place: int) -> None:
        """Start another worker in the place of one that is dead, and have its tasks done again."""
        self._failures += 1
        lost = [task for task in self._at[place].values() if task is not None]
        if self._failures > self._max_failures:
            at = f", the last one at {' or '.join(self._called(task) for _, task in lost)}" if lost else ""
            raise WorkersError(f"{self._failures} workers have died{at}; `ray logs` shows why")
        tell(f"a worker has died; another does its {len(lost)} tasks again ({self._failures}. time)")
        self._again.extend(lost)
        if self._workers.actors[place] is self._actors[place]:  # else it was replaced for other tasks already
            self._workers.replace(place)
        self._get_ready(place)
