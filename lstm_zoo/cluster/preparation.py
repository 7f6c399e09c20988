"""Preparation by workers: they read and decode files, the head writes the shards by the very code of one process.

Few files of one task stand together in the order in which they are stored, so the head takes what comes as it comes:
names, order, fingerprint, shards and tables are those of one process, whatever workers die.

Where it bends: the head. Measured, in CPU milliseconds an example: a clip of two seconds takes 175 to read, and 3.3 at
the head (0.3 to fetch its 0.6 MB, 3.0 to write), so one head keeps about 50 workers busy, and writes 200 MB a second; a
photo with captions takes 2.7 and 0.6, so four workers are enough. A picture with a label map (240 x 180) takes 6 and 9,
since TFDS packs arrays where they are written: workers do not make that quicker. Shards that workers write would need
the lengths of all records first, or other shards than one process makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cache

from ..contracts import DataConfig, Splits
from ..data.pipeline.family import Item, Record
from ..data.pipeline.prepared_data import PreparedData
from ..data.pipeline.several_at_once import in_threads
from ..media.errors import MediaError
from .dealing import ENDS_WORKERS, Parts, dealt
from .room import Wanted, connected
from .workers import Workers

_FILES = 8  # of a task, for each core of a worker; where they are so large that few are read at once, 1
_MOST_ITEMS = 64  # of a task: a file may hold thousands
Found = Sequence[tuple[Item, Record | MediaError]]


def prepare(data: DataConfig, wanted: Wanted) -> Splits:
    """Prepare a data set by workers, if it was not, and return its splits.

    Raises:
        InputError: As `DataConfig.load`; or the data are not dealt, or there is no such cluster.
        WorkersError: Workers die again and again.
    """

    def reading(items: Sequence[Item]) -> Iterator[tuple[Item, Record | MediaError]]:
        assert isinstance(data, PreparedData)
        at_once = min(wanted.cpus, data.at_once or wanted.cpus)
        groups = grouped(items, data.file_of, at_once * (1 if data.at_once else _FILES))
        parts = Parts[Sequence[Item], Found](lambda group: grouped(group, data.file_of, 1), _failed)
        for _, found in dealt(workers(), _reader(data, at_once), groups, called=_called, parts=parts):
            yield from found

    @cache
    def workers() -> Workers:  # only where something is to be read
        stack.enter_context(connected(wanted))
        return stack.enter_context(Workers(wanted))

    with ExitStack() as stack:
        return data.read_by(reading).load()


def grouped(items: Sequence[Item], file_of: Callable[[Item], str], num_files: int) -> Iterator[list[Item]]:
    """Yield items in groups for a worker: those of so many files, one after the other."""
    group, files = list[Item](), set[str]()
    for item in items:
        if group and (len(files | {file_of(item)}) > num_files or len(group) == _MOST_ITEMS):
            yield group
            group, files = [], set()
        group.append(item)
        files.add(file_of(item))
    if group:
        yield group


def _called(items: Sequence[Item]) -> str:
    """Return the names of items, for messages."""
    return f"one of {', '.join(item.name for item in items)}"


def _failed(items: Sequence[Item]) -> Found:
    """Return what is found in a file that ends the workers that read it."""
    return [(item, MediaError(ENDS_WORKERS)) for item in items]


def _reader(data: PreparedData, at_once: int) -> Callable[[], Callable[[Sequence[Item]], Found]]:
    """Return what a worker begins with: it makes the function that reads a group."""

    def begin() -> Callable[[Sequence[Item]], Found]:
        read = data.careful_reader()
        return lambda items: list(in_threads(read, items, at_once))

    return begin
