"""Evaluation by workers: they answer to batches of a split, and judges at the head see what one process shows them.

A batch holds the rows that it holds in one process, and outputs come back in order: floors, tables, figures and report
are made by the code of one process. Answers are the same to the last bit where workers are alike and have as many cores
as that process: libraries divide sums by threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import keras

from ..contracts import Outputs, Splits
from ..runs.network import Asking, Inputs, Network
from ..streaming.step import Stream
from .dealing import dealt_to
from .room import Wanted, connected
from .workers import Workers

_PARTS = 4  # of each worker's share, so that none waits long for another
_MOST_BATCHES = 8  # of a part, whose outputs are in memory at once
Answering = Callable[[range], list[Outputs]]
_VARIABLES = ("TF_ENABLE_ONEDNN_OPTS", "XLA_FLAGS")  # which decide how sums are rounded


@contextmanager
def by_workers(network: Network, wanted: Wanted) -> Iterator[Network]:
    """Yield a network whose answers workers give, each of which opens it for itself.

    Raises:
        InputError: There is no such cluster.
        WorkersError: Workers die again and again.
    """
    environment = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    with connected(wanted), Workers(wanted, {"KERAS_BACKEND": keras.backend.backend(), **environment}) as workers:
        yield _DealtNetwork(network, workers)


def parts_of(num_batches: int, num_workers: int) -> Iterator[range]:
    """Yield the numbers of batches in parts that are dealt: each one is a stream of its own."""
    length = min(max(num_batches // (_PARTS * num_workers), 1), _MOST_BATCHES)
    for first in range(0, num_batches, length):
        yield range(first, min(first + length, num_batches))


class _DealtNetwork(Network):
    """A network that workers ask.

    Args:
        network: What they open; it was not asked yet.
        workers: Who answers.
    """

    def __init__(self, network: Network, workers: Workers):
        super().__init__(network.config, network.spec, network.path, network.folder)
        self._network, self._workers = network, workers

    @property
    def encodes(self) -> bool:
        """Whether it has an encoder that can be asked apart."""
        return self._network.encodes

    def answer(self, inputs: Inputs) -> Outputs:
        """Return the outputs for a batch of inputs, here."""
        return self._network.answer(inputs)

    def stream(self) -> Stream:
        """Return the network for one frame at a time, here."""
        return self._network.stream()

    def answering(self, splits: Splits, split: str) -> Asking:
        """Return what has workers answer to the examples of a split."""
        return lambda _: self._dealt(splits, split, partial(_answering, self._network, split))

    def encoding(self, splits: Splits, split: str) -> Asking:
        """Return what has workers give the `FEATURES` of the examples of a split."""
        return lambda _: self._dealt(splits, split, partial(_encoding, self._network, split))

    def _dealt(self, splits: Splits, split: str, begin: Callable[[], Answering]) -> Iterator[Outputs]:
        num_batches = int(splits.eval_stream(split, self.config.train.batch_size).cardinality())
        for _, found in dealt_to(self._workers, begin, parts_of(num_batches, len(self._workers.actors))):
            yield from found


def _answering(network: Network, split: str) -> Answering:
    """Return what answers to batches of a split at a worker."""
    ask = network.answering(network.config.data.load(like=network.spec, splits=(split,)), split)
    return lambda batches: list(ask(batches))


def _encoding(network: Network, split: str) -> Answering:
    """Return what encodes batches of a split at a worker."""
    ask = network.encoding(network.config.data.load(like=network.spec, splits=(split,)), split)
    return lambda batches: list(ask(batches))
