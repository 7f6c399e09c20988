"""A network in use: what evaluation and prediction ask, whether it is a run's or an exported file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

import keras
import numpy as np

from ..config.recipe import Config
from ..contracts import FEATURES, Outputs, Spec, Splits, unbatched
from ..reporting.memory import refuse_giants
from ..streaming.step import Stream, step_network, stream_of
from .directory import Run, memory_of
from .features import encoder_of, on_features
from .weights import take_kept_weights

Inputs = dict[str, np.ndarray]


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

    @abstractmethod
    def answer(self, inputs: Inputs) -> Outputs:
        """Return the outputs for a batch of inputs."""

    @abstractmethod
    def stream(self) -> Stream:
        """Return the network for one frame at a time, with a memory of the frames before.

        Raises:
            InputError: It cannot be shown single frames.
        """

    def answers(self, splits: Splits, split: str) -> Iterator[Outputs]:
        """Yield the outputs for each example of a split."""
        return splits.merged(split, in_batches(self.answer, shown(splits, split, self.config.train.batch_size)))

    def features(self, splits: Splits, split: str) -> Iterator[np.ndarray] | None:
        """Yield what the encoder makes of each example, (D,), a mean over regions and views; None: it has none."""
        del splits, split
        return None

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

    @cached_property
    def model(self) -> keras.Model:
        """The network as it is trained; it returns logits."""
        refuse_giants(self.config, self.spec)
        model = self.config.model.build(self.spec, pretrained=False)
        take_kept_weights(model, self.run.weights_file)
        return model

    @cached_property
    def used(self) -> keras.Model:
        """The network as it is used: from inputs to outputs that mean something to a user."""
        return self.config.task.network(self.model, self.spec)

    def answer(self, inputs: Inputs) -> Outputs:
        """Return the outputs for a batch of inputs."""
        return _answer(self.used, inputs)

    def answers(self, splits: Splits, split: str) -> Iterator[Outputs]:
        """Yield the outputs for each example of a split; what a frozen encoder makes of them is kept."""
        model, streams = on_features(self.config, self.model, splits)
        if streams is splits:
            return super().answers(splits, split)
        head = self.config.task.network(model, self.spec)
        batches = shown(streams, split, self.config.train.batch_size)
        return splits.merged(split, in_batches(lambda inputs: _answer(head, inputs), batches))

    def features(self, splits: Splits, split: str) -> Iterator[np.ndarray] | None:
        """Yield what the encoder makes of each example, (D,), a mean over regions and views; None: it has none."""
        if self.config.model.encoder is None:
            return None
        _, streams = on_features(self.config, self.model, splits)
        batches: Iterable[Outputs] = shown(streams, split, self.config.train.batch_size)
        if streams is splits:
            encoder = encoder_of(self.config, self.model, splits)
            batches = in_batches(lambda inputs: _answer(encoder, inputs), batches)
        means = ({FEATURES: _mean_of_regions(batch[FEATURES])} for batch in batches)  # of all, they are many GB
        return (example[FEATURES] for example in splits.merged(split, means))

    def stream(self) -> Stream:
        """Return the network for one frame at a time, with a memory of the frames before."""
        return stream_of(step_network(self.used, self.config.model))


def shown(splits: Splits, split: str, batch_size: int) -> Iterator[Inputs]:
    """Yield what a network in use sees of a split: batches without hints and targets."""
    hints = splits.spec.hints
    stream = splits.eval_stream(split, batch_size)
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
    outputs = network.predict_on_batch(inputs)
    return {name: keras.ops.convert_to_numpy(one) for name, one in outputs.items()}


def _mean_of_regions(features: np.ndarray) -> np.ndarray:
    return features.mean(axis=tuple(range(1, features.ndim - 1)))
