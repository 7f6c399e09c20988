"""A network in use: what evaluation and prediction ask, whether it is a run's or an exported file."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

import keras
import numpy as np

from ..config.recipe import Config
from ..contracts import FEATURES, Normal, Outputs, Spec, Splits, unbatched
from ..data.pipeline.features import BATCH_ROWS, encoding_of
from ..disk.hashes import hash_of
from ..reporting.memory import refuse_giants
from ..streaming.step import folded, step_network, stream_of
from ..streaming.stream import Stream
from ..streaming.window import Window
from .directory import Run
from .features import encoder_of, on_features
from .kept import memory_of
from .weights import take_kept_weights

Inputs = dict[str, np.ndarray]
Asking = Callable[[range | None], Iterator[Outputs]]
"""Yields the outputs for batches of a split, some by their numbers, or all."""


class Network(ABC):
    """A network in use.

    Args:
        config: The recipe that it was made by.
        spec: What the data told it.
        path: Where it lies: a run directory, or an exported file.
        folder: Where its evaluations are kept.
    """

    def __init__(self, config: Config, spec: Spec, path: Path, folder: Path):
        self.config = config
        self.spec = spec
        self.path = path
        self.folder = folder

    @property
    @abstractmethod
    def weights(self) -> Path:
        """File, or folder, that holds its weights."""

    @cached_property
    def fingerprint(self) -> str:
        """What its answers depend on: weights and settings; changes whenever one of them does."""
        settings = self.config.to_yaml().encode()
        return hashlib.sha256(b"".join([hash_of(self.weights).encode(), settings])).hexdigest()[:16]

    @abstractmethod
    def answer(self, inputs: Inputs) -> Outputs:
        """Return the outputs for a batch of inputs."""

    @abstractmethod
    def steps(self) -> Stream:
        """Return the network as a step with a memory of the frames before.

        Raises:
            InputError: It cannot be shown single frames.
        """

    def stream(self) -> Stream:
        """Return the network for live video: clips that end at each frame where these are judged, else `steps`."""
        if isinstance(self.spec.target, Normal):
            return Window(self.answering_often(), self.spec)
        return self.steps()

    def answering_often(self) -> Callable[[Inputs], Outputs]:
        """Return what answers to batches of one size, again and again."""
        return self.answer

    def answers(self, splits: Splits, split: str) -> Iterator[Outputs]:
        """Yield the outputs for each example of a split."""
        return splits.merged(split, self.answering(splits, split)(None))

    def features(self, splits: Splits, split: str) -> Iterator[np.ndarray] | None:
        """Yield what the encoder makes of each example, (D,), a mean over regions and views; None: it has none."""
        encode = self.encoding(splits, split)
        return encode and (example[FEATURES] for example in splits.merged(split, encode(None)))

    def answering(self, splits: Splits, split: str) -> Asking:
        """Return what answers to the examples of a split."""
        return self.asking(self.answer, splits, split)

    def encoding(self, splits: Splits, split: str) -> Asking | None:
        """Return what gives the `FEATURES` of the examples of a split, (D,) each, a mean over regions.

        None: it has no encoder that can be asked apart.
        """
        del splits, split
        return None

    def asking(self, answer: Callable[[Inputs], Outputs], splits: Splits, split: str) -> Asking:
        """Return what asks a function about the examples of a split."""
        size = self.config.train.batch_size

        def ask(batches: range | None) -> Iterator[Outputs]:
            of_first = size if batches and batches.start else 0  # rows that all batches are filled up to
            return in_batches(answer, shown(splits, split, size, batches), of_first)

        return ask

    @cached_property
    def memory(self) -> dict[str, np.ndarray] | None:
        """Return what floors know of the training examples; None where it is not kept."""
        return memory_of(self.folder)

    def on_rows(self, rows: Iterable[Inputs], size: int) -> Iterator[Outputs]:
        """Yield the outputs for single inputs, asked `size` at a time."""

        def batches() -> Iterator[Inputs]:
            left = iter(rows)
            while some := list(islice(left, size)):
                yield {name: _stacked([row[name] for row in some]) for name in some[0]}

        for outputs in in_batches(self.answer, batches(), size):
            yield from unbatched([outputs])


class RunNetwork(Network):
    """The network of a run, with its best weights.

    Args:
        run: The run.
    """

    def __init__(self, run: Run):
        super().__init__(run.config, run.spec, run.path, run.path)
        self.run = run

    @property
    def weights(self) -> Path:
        """File of its best weights."""
        return self.run.weights_file

    @cached_property
    def model(self) -> keras.Model:
        """The network as it is trained; it returns logits."""
        refuse_giants(self.config, self.spec)
        model = self.config.model.build(self.spec, pretrained=False)
        take_kept_weights(model, self.weights)
        return model

    @cached_property
    def used(self) -> keras.Model:
        """The network as it is used: from inputs to outputs that mean something to a user."""
        return self.config.task.network(self.model, self.spec)

    def answer(self, inputs: Inputs) -> Outputs:
        """Return the outputs for a batch of inputs."""
        return _answer(self.used, inputs)

    def answering(self, splits: Splits, split: str) -> Asking:
        """Return what answers to the examples of a split; what a frozen encoder makes of them is kept."""
        model, streams = on_features(self.config, self.model, splits)
        head = self.used if streams is splits else self.config.task.network(model, self.spec)
        return self.asking(lambda inputs: _answer(head, inputs), streams, split)

    def encoding(self, splits: Splits, split: str) -> Asking | None:
        """Return what gives the `FEATURES` of the examples of a split, (D,) each, a mean over regions."""
        if self.config.model.encoder is None:
            return None
        _, streams = on_features(self.config, self.model, splits)
        if streams is not splits:
            return self.asking(_means_of_regions, streams, split)
        encoder = encoder_of(self.config, self.model, splits)
        return self.asking(lambda inputs: _means_of_regions(_answer(encoder, inputs)), splits, split)

    def encoding_to_keep(self, splits: Splits, split: str) -> Asking:
        """Return what gives the `FEATURES` of the examples of a split as they are kept, in batches of `BATCH_ROWS`."""
        features_of = encoding_of(encoder_of(self.config, self.model, splits))

        def encode(batches: range | None) -> Iterator[Outputs]:
            return ({FEATURES: features_of(inputs)} for inputs in shown(splits, split, BATCH_ROWS, batches))

        return encode

    def answering_often(self) -> Callable[[Inputs], Outputs]:
        """Return what answers to batches of one size, again and again."""
        answer = folded(self.used)
        return lambda inputs: _as_arrays(answer(inputs))

    def steps(self) -> Stream:
        """Return the network as a step with a memory of the frames before."""
        return stream_of(step_network(self.used, self.config.model))


def shown(splits: Splits, split: str, batch_size: int, batches: range | None = None) -> Iterator[Inputs]:
    """Yield what a network in use sees of a split, or of some batches of it: without hints and targets."""
    hints = splits.spec.hints
    stream = splits.eval_stream(split, batch_size, batches=batches)
    inputs = stream.map(lambda inputs, _: {name: one for name, one in inputs.items() if name not in hints})
    yield from inputs.as_numpy_iterator()  # type: ignore[misc]


def in_batches(answer: Callable[[Inputs], Outputs], batches: Iterable[Inputs], size: int = 0) -> Iterator[Outputs]:
    """Yield the outputs for each batch; one at a time is in memory.

    Args:
        answer: Gives the outputs for a batch.
        batches: Inputs.
        size: Rows that a batch is to have at least; a smaller one is filled up, for each size is traced anew.
    """
    for inputs in batches:
        rows = len(next(iter(inputs.values())))
        if rows < size:
            inputs = {
                name: np.concatenate([values, np.repeat(values[-1:], size - rows, axis=0)])
                for name, values in inputs.items()
            }
        size = max(size, rows)
        yield {name: values[:rows] for name, values in answer(inputs).items()}


def _stacked(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Return arrays as one, with zeros behind the ends of shorter ones."""
    sizes = np.array([row.shape for row in rows], int)
    missing = sizes.max(axis=0) - sizes
    if not missing.any():
        return np.stack(rows)
    return np.stack([np.pad(row, [(0, more) for more in less]) for row, less in zip(rows, missing, strict=True)])


def _answer(network: keras.Model, inputs: Inputs) -> Outputs:
    return _as_arrays(network.predict_on_batch(inputs))


def _as_arrays(outputs: Outputs) -> Outputs:
    return {name: keras.ops.convert_to_numpy(one) for name, one in outputs.items()}


def _means_of_regions(batch: Outputs) -> Outputs:
    """Return the features of each row as means over its regions: those of all are many GB."""
    features = batch[FEATURES]
    return {FEATURES: features.mean(axis=tuple(range(1, features.ndim - 1)))}
