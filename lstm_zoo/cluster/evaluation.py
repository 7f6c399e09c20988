"""Evaluation by workers: they answer to batches of a split, and judges at the head see what one process shows them.

A batch holds the rows that it holds in one process, and outputs come back in order: floors, tables, figures and report
are made by the code of one process. Answers are the same to the last bit where workers are alike and have as many cores
as that process: libraries divide sums by threads. Features of a frozen encoder are dealt, too, and kept by the head
where the data are; a node that does not share that folder computes them for itself.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path

import keras
import numpy as np

from ..contracts import FEATURES, Outputs, Splits
from ..data.pipeline.features import BATCH_ROWS
from ..runs.features import keeps_features, on_features
from ..runs.network import Asking, Inputs, Network, RunNetwork
from ..streaming.stream import Stream
from .dealing import dealt
from .room import Wanted, connected
from .workers import Workers

_PARTS = 4  # of each worker's share, so that none waits long for another
_MOST_BATCHES = 8  # of a part, whose outputs are in memory at once


@contextmanager
def by_workers(network: Network, wanted: Wanted) -> Iterator[Network]:
    """Yield a network whose answers workers give, each of which opens it for itself.

    Raises:
        InputError: There is no such cluster.
        WorkersError: Workers die again and again.
    """
    with connected(wanted), Workers(wanted, {"KERAS_BACKEND": keras.backend.backend()}) as workers:
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
        self._network, self._workers, self._pickled = network, workers, pickle.dumps(network)

    @property
    def weights(self) -> Path:
        """Where its weights lie."""
        return self._network.weights

    def answer(self, inputs: Inputs) -> Outputs:
        """Return the outputs for a batch of inputs, here."""
        return self._network.answer(inputs)

    def steps(self) -> Stream:
        """Return the network as a step with a memory of the frames before, here."""
        return self._network.steps()

    def answering(self, splits: Splits, split: str) -> Asking:
        """Return what has workers answer to the examples of a split."""
        return self._asking(lambda network, *of: network.answering(*of), splits, split)

    def encoding(self, splits: Splits, split: str) -> Asking | None:
        """Return what has workers give the `FEATURES` of the examples of a split."""
        if not isinstance(self._network, RunNetwork) or self.config.model.encoder is None:
            return None
        return self._asking(lambda network, *of: network.encoding(*of), splits, split)

    def _asking(self, asking: Callable, splits: Splits, split: str) -> Asking:
        self._keep_features(splits, split)
        return lambda _: self._dealt(asking, splits, split, self.config.train.batch_size)

    def _keep_features(self, splits: Splits, split: str) -> None:
        """Have workers encode a split once, where features are kept; each of them would do all of it for itself."""
        if not (isinstance(self._network, RunNetwork) and keeps_features(self.config)):
            return

        def encoded(split: str) -> Iterator[np.ndarray]:
            batches = self._dealt(lambda network, *of: network.encoding_to_keep(*of), splits, split, BATCH_ROWS)
            return (batch[FEATURES] for batch in batches)

        _, streams = on_features(self.config, self._network.model, splits, encoded=encoded)
        streams.eval_stream(split, 1)  # keeps them

    def _dealt(self, asking: Callable, splits: Splits, split: str, batch_size: int) -> Iterator[Outputs]:
        num_batches = int(splits.eval_stream(split, batch_size).cardinality())
        parts = parts_of(num_batches, len(self._workers.actors))
        for _, found in dealt(self._workers, partial(_asked, self._pickled, asking, split), parts):
            yield from found


def _asked(
    pickled: bytes, asking: Callable[[Network, Splits, str], Asking], split: str
) -> Callable[[range], list[Outputs]]:
    """Return what a worker does with batches of a split: ask a network, which was pickled."""
    network, splits = _opened(pickled, split)
    ask = asking(network, splits, split)
    return lambda batches: list(ask(batches))


@lru_cache(1)
def _opened(pickled: bytes, split: str) -> tuple[Network, Splits]:
    """Return a network and its data, for all that a worker is asked."""
    network: Network = pickle.loads(pickled)
    return network, network.config.data.load(like=network.spec, splits=(split,))
