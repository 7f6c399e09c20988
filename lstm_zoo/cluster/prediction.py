"""Prediction by workers: files are dealt to them in small groups, and results come as these are done."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr
from functools import partial
from typing import TYPE_CHECKING

from ..console.visible import tell
from ..contracts import InputError
from ..runs.prediction import Asked, Prediction, prediction_of, predictions
from .dealing import ENDS_WORKERS, Parts, dealt
from .room import Wanted, connected
from .workers import Workers

if TYPE_CHECKING:
    from ..runs.network import Network

_PARTS = 4  # of each worker's share, so that none waits long for another
_MOST_BATCHES = 4  # of a group: reading ahead of the network begins anew with each
Group = Sequence[Asked]
Done = tuple[list[Prediction], list[str]]
"""What is said of the files of a group, and what their user should know beside it."""


def predictions_by(wanted: Wanted, network: Network, asked: Sequence[Asked]) -> Iterator[Prediction]:
    """Yield what workers say of files as soon as it is said; each opens the network once for itself.

    Args:
        wanted: How many workers, and what each of them takes.
        network: What they open; it was not asked yet.
        asked: The files; workers have to find them by the same paths, and where what is made of them is saved.

    Raises:
        InputError: There is no such cluster.
        WorkersError: Workers die again and again.
    """
    import keras

    groups = groups_of(asked, wanted.workers, network.config.train.batch_size)
    with connected(wanted), Workers(wanted, {"KERAS_BACKEND": keras.backend.backend()}) as workers:
        begin, parts = partial(_predicting, network), Parts(_one_by_one, _failed)
        for _, (told, said) in dealt(workers, begin, groups, in_order=False, called=_called, parts=parts):
            for line in said:
                tell(line)
            yield from told


def groups_of(asked: Sequence[Asked], num_workers: int, batch_size: int) -> Iterator[Group]:
    """Yield files in groups that are dealt: some batches, if there are as many, so that these are full."""
    num_batches = min(max(len(asked) // (_PARTS * num_workers * batch_size), 1), _MOST_BATCHES)
    size = min(num_batches * batch_size, -(-len(asked) // num_workers))
    for first in range(0, len(asked), max(size, 1)):
        yield asked[first : first + size]


def _called(group: Group) -> str:
    """Return the names of the files of a group, for messages."""
    return f"one of {', '.join(str(one.path) for one in group)}"


def _one_by_one(group: Group) -> list[Group]:
    return [[one] for one in group]


def _failed(group: Group) -> Done:
    """Return what is said of files that end the workers that read them."""
    return [prediction_of(one, InputError("", ENDS_WORKERS)) for one in group], []


def _predicting(network: Network) -> Callable[[Group], Done]:
    """Return what predicts a group at a worker."""

    def predict(group: Group) -> Done:
        with redirect_stderr(io.StringIO()) as said:
            told = list(predictions(network, group))
        return told, said.getvalue().splitlines()

    return predict
