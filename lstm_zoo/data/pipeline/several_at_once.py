"""Several items read at once, and what becomes of them in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ...console.cores import num_cores
from ...media.errors import MediaError
from .family import Item, Record

Reading = Callable[[Sequence[Item]], Iterator[tuple[Item, Record | MediaError]]]
"""Yields items, in their order, with what is stored of each, or why it cannot be used."""
T = TypeVar("T")
R = TypeVar("R")


def in_threads(
    read: Callable[[T], R], items: Sequence[T], at_once: int | None = None
) -> Iterator[tuple[T, R | MediaError]]:
    """Yield each item with what is read of it, in order; few results wait in memory.

    Args:
        read: Reads an item, or raises a MediaError; called in several threads.
        items: What is read.
        at_once: How many of them at the most; None: one a core.
    """
    workers = min(num_cores(), at_once or len(items) or 1)
    waiting: deque[tuple[T, Future[R]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append((item, pool.submit(read, item)))
                if len(waiting) > 2 * workers:
                    yield _found(*waiting.popleft())
            for item, future in waiting:
                yield _found(item, future)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _found(item: T, future: Future[R]) -> tuple[T, R | MediaError]:
    error = future.exception()
    if error and not isinstance(error, MediaError):
        raise error
    return item, error or future.result()
