"""Answers of a network to files: these are read ahead of it, several at once, and batched together."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..contracts import InputError, Outputs, Part, Result, Views
from ..data.pipeline.several_at_once import in_threads
from ..media.errors import MediaError
from .saved_answers import what_of

if TYPE_CHECKING:
    from .network import Inputs, Network

_LEAST_ROWS = 8  # of a batch, be they filled up: many batches, and those of few files, are then of one size


class Answered(NamedTuple):
    """A file, and what is said of it."""

    views: Views
    whole: Result | None
    """What is said of it as a whole; None: its parts alone are shown."""
    parts: Sequence[tuple[Part, Result | None]]
    """Its parts, without their views, and what is said of each; None where it has none."""


class _Piece(NamedTuple):
    """A file as a whole, or one part of it."""

    number: int
    """That of the file."""
    file: Views | InputError
    part: Part | None
    """Without its views."""
    views: Views | None
    """What the network is shown; None: nothing is."""

    @property
    def num_rows(self) -> int:
        """Number of its views."""
        return len(next(iter(self.views.inputs.values()))) if self.views else 0


def answers_to(network: Network, paths: Sequence[Path]) -> Iterator[Answered | InputError]:
    """Yield what a network says of each file, in order, or why that cannot be said; few are in memory."""
    for _, of_file in groupby(_results(network, _pieces(network, paths)), key=lambda one: one[0].number):
        (first, whole), *others = of_file
        parts = [(piece.part, result) for piece, result in others]
        errors = (one for one in (first.file, whole, *(result for _, result in parts)) if isinstance(one, InputError))
        yield next(errors, None) or Answered(first.file, whole, parts)  # type: ignore[arg-type]


def _pieces(network: Network, paths: Sequence[Path]) -> Iterator[_Piece]:
    """Yield each file as a whole, then its parts one by one, while threads read the next ones."""
    data, spec = network.config.data, network.spec

    def read(path: Path) -> Views | InputError:
        try:
            return data.views(path, spec)
        except InputError as error:
            return error

    for number, (_, file) in enumerate(in_threads(read, paths, data.at_once)):
        assert not isinstance(file, MediaError)
        if isinstance(file, InputError):
            yield _Piece(number, file, None, None)
            continue
        yield _Piece(number, file, None, file if file.inputs else None)
        for part in file.parts:
            yield _Piece(number, file, part._replace(views=None), part.views)


def _results(network: Network, pieces: Iterable[_Piece]) -> Iterator[tuple[_Piece, Result | InputError | None]]:
    """Yield each piece, now without its views, with its result; batches are of few sizes, for each is traced anew."""
    size = 0
    for batch in _batches(pieces, network.config.train.batch_size):
        num_rows = max(_LEAST_ROWS, sum(piece.num_rows for piece in batch))
        size = max(size, min(network.config.train.batch_size, 2 ** math.ceil(math.log2(num_rows))))
        try:
            results: Sequence[Result | InputError | None] = _results_of(network, batch, size)
        except InputError:  # of one of them
            results = [_result_alone(network, piece, size) for piece in batch]
        yield from zip((piece._replace(views=None) for piece in batch), results, strict=True)


def _batches(pieces: Iterable[_Piece], size: int) -> Iterator[list[_Piece]]:
    """Yield some pieces at a time that have as many rows together as a batch, or one that has more."""
    batch: list[_Piece] = []
    rows = 0
    for piece in pieces:
        more = max(1, piece.num_rows)  # files that cannot be read do not pile up, either
        if batch and rows + more > size:
            yield batch
            batch, rows = [], 0
        batch.append(piece)
        rows += more
        if rows >= size:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


def _result_alone(network: Network, piece: _Piece, size: int) -> Result | InputError | None:
    try:
        return _results_of(network, [piece], size)[0]
    except InputError as error:
        return error


def _results_of(network: Network, pieces: Sequence[_Piece], size: int) -> list[Result | None]:
    """Return what is said of some pieces, whose rows are asked `size` at a time."""
    outputs = network.on_rows(chain.from_iterable(_rows(piece.views) for piece in pieces if piece.views), size)
    results = []
    for piece in pieces:
        of_piece = islice(outputs, piece.num_rows)
        results.append(piece.views and _result(network, piece.part, piece.views, piece.views.merge(of_piece)))
        deque(of_piece, maxlen=0)  # what merging has not asked for
    return results


def _result(network: Network, part: Part | None, views: Views, outputs: Outputs) -> Result:
    task, spec = network.config.task, network.spec
    result = task.result(outputs, spec, views.picture, network.memory)
    if part is not None:
        return result
    own = views.own_files(outputs)
    others = {end: content for end, content in result.files.items() if what_of(end) not in map(what_of, own)}
    return result._replace(files={**others, **own})


def _rows(views: Views) -> Iterator[Inputs]:
    """Yield the views one by one."""
    for values in zip(*views.inputs.values(), strict=True):
        yield dict(zip(views.inputs, values, strict=True))
