"""Tasks dealt to workers: each is done once, and those of a worker that dies are done again by another.

A task whose worker dies may be what kills it: a file that no decoder survives, or one that takes all memory. So it is
done again part by part, each alone at a worker; a part that ends this one, too, has failed. Where memory has run out,
Ray may have ended another worker than the one that takes it, so each part is done while nothing else is.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any, Generic, NamedTuple, TypeVar

from ..console.visible import tell
from .room import num_places, ray_module
from .workers import Workers, WorkersError

_AHEAD = 2  # tasks of a worker at a time: it never waits for the next one
_WINDOW = 8  # tasks for each worker whose results may wait for one before them
_LOOK = 10.0  # seconds between two looks at the nodes, where nothing is done
_kinds = count()  # of tasks: workers may do several at once
ENDS_WORKERS = "ends the process that reads it, each time: it is damaged, or takes more memory than there is"
"""Why a file has failed that was a part by itself."""
T = TypeVar("T")
R = TypeVar("R")


class Parts(NamedTuple, Generic[T, R]):
    """How tasks are taken apart whose workers have died."""

    of: Callable[[T], Iterable[T]]
    """Gives the parts of a task, in order, which are tasks, too."""
    failed: Callable[[T], R]
    """Gives the result of a part that has failed."""


class _Task(NamedTuple, Generic[T]):
    number: int
    task: T
    part: int = 0
    """Which part of the numbered task it is."""
    of: int = 1
    """How many parts this has."""
    again: bool = False
    """Whether a worker has died at the whole task: nothing else is at its worker, now."""
    alone: bool = False
    """Whether nothing else is at any worker."""


def dealt(
    workers: Workers,
    begin: Callable[[], Callable[[T], R]],
    tasks: Iterable[T],
    *,
    in_order: bool = True,
    max_failures: int = 3,
    called: Callable[[T], str] = str,
    parts: Parts[T, R] | None = None,
) -> Iterator[tuple[T, R]]:
    """Yield tasks with what workers make of them; few results wait in memory.

    Args:
        workers: Who does them.
        begin: Called once by each worker, returns the function for its tasks; it is pickled.
        tasks: What the function takes, one by one; asked for as workers need them.
        in_order: Yield in the order of the tasks; else in that in which they are done.
        max_failures: How many workers may die, each replaced by another. Where tasks have parts, those that die at a
            part do not count, nor those that die at a task after anything was done.
        called: Gives the name of a task, for messages.
        parts: How a task is taken apart whose worker has died: its parts are yielded, then. None: it is done again.

    Raises:
        WorkersError: More of them die.
        Exception: What the function raises, or `begin`.
    """
    dealing = _Dealing(workers, begin, tasks, max_failures, called, parts)
    waiting = defaultdict[int, dict[int, tuple[T, R]]](dict)
    whole, next_one = set[int](), 0
    while (done := dealing.next(next_one + _WINDOW * len(workers.actors) if in_order else None)) is not None:
        task, result = done
        if not in_order:
            yield task.task, result
            continue
        parts_done = waiting[task.number]
        parts_done[task.part] = task.task, result
        if len(parts_done) == task.of:
            whole.add(task.number)
        while next_one in whole:
            whole.remove(next_one)
            of_next = waiting.pop(next_one)
            yield from (of_next[part] for part in sorted(of_next))
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
        parts: Parts[T, R] | None,
    ):
        self._ray, self._workers, self._begin = ray_module(), workers, begin
        self._tasks, self._again, self._begun = enumerate(tasks), deque[_Task[T]](), 0
        self._done, self._any_done, self._all_begun = deque[tuple[_Task[T], R]](), False, False
        self._failures, self._max_failures, self._called, self._parts = 0, max_failures, called, parts
        self._kind = next(_kinds)
        self._heard: int | None = None  # the place whose worker has answered just now
        self._actors = list(workers.actors)
        self._at: list[dict[Any, _Task[T] | None]] = [{} for _ in workers.actors]  # None: it gets ready
        for place in range(len(workers.actors)):
            self._get_ready(place)

    def next(self, below: int | None) -> tuple[_Task[T], R] | None:
        """Return the next task that is done, with its result; None: all are.

        Args:
            below: Number of the first task that must not be begun yet.
        """
        while not self._done:
            for place in range(len(self._at)):
                self._deal(place, below)
            self._heard = None
            if self._all_begun and not self._again and not self._at_work():
                return None
            ref = self._first_done([ref for at in self._at for ref in at])
            place = next(place for place, at in enumerate(self._at) if ref in at)
            try:
                result = self._ray.get(ref)
            except self._ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except self._ray.exceptions.RayError as error:  # it is dead, or its node is gone
                self._replace(place, memory=isinstance(error, self._ray.exceptions.OutOfMemoryError))
            else:
                self._heard = place
                if (task := self._at[place].pop(ref)) is not None:
                    self._done.append((task, result))
                    self._any_done = True
        return self._done.popleft()

    def _at_work(self) -> list[_Task[T]]:
        return [task for at in self._at for task in at.values() if task is not None]

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
        while len(at) < _AHEAD and (task := self._next_task(place, below)) is not None:
            at[self._actors[place].do.remote(self._kind, task.task)] = task

    def _next_task(self, place: int, below: int | None) -> _Task[T] | None:
        at_work = self._at_work()
        if any(task.alone for task in at_work) or any(task and task.again for task in self._at[place].values()):
            return None
        if self._again:
            return self._next_again(place, at_work)
        if below is not None and self._begun >= below:
            return None
        if (task := next(self._tasks, None)) is None:
            self._all_begun = True
            return None
        self._begun += 1
        return _Task(*task)

    def _next_again(self, place: int, at_work: list[_Task[T]]) -> _Task[T] | None:
        """Return what is to be done again; a part goes to a worker that is there: it is to blame for its end."""
        task = self._again[0]
        if task.again:
            if self._at[place] or (task.alone and at_work):
                return None
            if self._heard != place:
                self._at[place] = {self._actors[place].where.remote(): None}
                return None
        return self._again.popleft()

    def _replace(self, place: int, memory: bool) -> None:
        """Start another worker in the place of one that is dead, and see to what this was at."""
        lost = [task for task in self._at[place].values() if task is not None]
        if not (self._parts and lost and (lost[0].again or self._any_done)):
            self._failures += 1
            if self._failures > self._max_failures:
                at = f", the last one at {' or '.join(self._called(task.task) for task in lost)}" if lost else ""
                raise WorkersError(f"{self._failures} workers have died{at}; `ray logs` shows why")
        if self._parts and lost:
            self._blame(lost, memory, self._parts)
        else:
            tell(f"a worker has died; another does its {len(lost)} tasks again ({self._failures}. time)")
            self._again.extend(lost)
        if self._workers.actors[place] is self._actors[place]:  # else it was replaced for other tasks already
            self._workers.replace(place)
        self._get_ready(place)

    def _blame(self, lost: list[_Task[T]], memory: bool, parts: Parts[T, R]) -> None:
        """Have what a worker has died at done part by part; or if it was a part, this has failed."""
        if lost[0].again:
            self._done.append((lost[0], parts.failed(lost[0].task)))
            return
        again = [
            _Task(number, one, part, len(of_task), again=True, alone=memory)
            for number, task, *_ in lost
            for of_task in [list(parts.of(task))]
            for part, one in enumerate(of_task)
        ]
        self._again.extend(again)
        tell(f"a worker has died; what it had is done again, file by file ({len(again)} of them)")
