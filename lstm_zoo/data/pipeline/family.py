"""What differs between families of data: how one example is stored, and how it is shown."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from ...contracts import Outputs, Spec

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

Record = dict[str, Any]
"""What is stored of one example, by name."""
Row = Mapping[str, str]
"""What the table beside the records says of one example."""
TARGET = "target"
"""Name of an example's target among its tensors."""


class Item(NamedTuple):
    """One example before any file is opened."""

    name: str
    """Path of its file below the root of the data set, or another unique name."""
    target: Any = None
    """What is to be answered, as far as it is known without opening a file; ready for JSON."""
    group: str = ""
    """What it shares with others of the same source; a group never stands in two splits."""
    notes: str = ""
    """What is known beyond it."""
    others: tuple[str, ...] = ()
    """Further files of it, such as those of a scan's other channels: paths below the root."""


class Stretch(NamedTuple):
    """A part of a long example."""

    start: float
    """In seconds."""
    end: float
    record: Record


class Family(ABC):
    """How the examples of one family are stored and shown.

    What a file holds (`train`, `show`: what an encoder sees, in a TensorFlow graph) is apart from what is known
    without opening it (`known`: targets and hints, in NumPy). A target that is cut along with its picture belongs to
    the former.

    Args:
        spec: What the network is told.
    """

    keep: ClassVar[Literal["never", "memory", "disk"]] = "never"
    """Where unpacked training records are kept: in memory, where there is room for them; on disk, in any case."""
    augmented: bool = False
    """Whether a training example differs from epoch to epoch."""
    trained_as_evaluated: bool = False
    """Whether training shows media just as evaluation does."""
    shown_by: str = ""
    """All settings that `train` and `show` depend on."""
    known_by: str = ""
    """All settings that `known` depends on."""

    def __init__(self, spec: Spec):
        self.spec = spec

    @abstractmethod
    def features(self) -> dict[str, Any]:
        """Return the TFDS features of a record."""

    def row(self, record: Record) -> dict[str, str]:
        """Return further columns of the table for a record that was read."""
        del record
        return {}

    def content(self, record: Record) -> Iterable[bytes | np.ndarray]:
        """Return what makes two records the same example, whatever their labels."""
        return (record[name] for name in self.features())

    def measures(self, record: Record, target: Any) -> dict[str, float]:
        """Return how large and how long a record and the target of its item are, by name."""
        del record, target
        return {}

    def classes(self, record: Record, target: Any) -> dict[str, int]:
        """Return what a record holds of each class, by name: its own one once, or pixels."""
        del record, target
        return {}

    def examples_of(self, item: Item, record: Record) -> Iterator[tuple[Item, Record]]:
        """Yield what is stored of an item that was read: itself, or the examples that it is cut into."""
        yield item, record

    def check(self, rows: Sequence[Row]) -> None:
        """Raise an InputError if stored examples of a split cannot be shown."""
        del rows

    def complete(self, rows: Sequence[Row]) -> Spec:
        """Return the spec with what only the prepared training examples tell."""
        del rows
        return self.spec

    def lengths(self, rows: Sequence[Row]) -> np.ndarray | None:
        """Return how long each example is, (n,), where only that differs in shape; None: all are of one shape.

        Examples of alike lengths are then shown together, with zeros behind the end of the shorter ones; `keep` has to
        be `disk`.
        """
        del rows
        return None

    def facts(self, rows: Sequence[Row]) -> Any:
        """Return what `known` needs of the examples of a split; asked for once."""
        return rows

    def known(self, facts: Any, numbers: np.ndarray, epoch: int) -> dict[str, np.ndarray]:
        """Return hints and targets of some examples in an epoch, (n, ...) each; all of one shape."""
        del facts, numbers, epoch
        return {}

    def unpacked_bytes(self, rows: Sequence[Row], stored_bytes: int) -> int:
        """Return how many bytes unpacked records take, at the least."""
        del rows
        return stored_bytes

    def unpacked(self, record: Record) -> Record:
        """Return a record as `train` takes it in less time: decoded as far as all epochs share, uint8."""
        return record

    @abstractmethod
    def train(self, record: Record, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return what training shows of a record (or of an unpacked one), varied by a seed, (2,) int64."""

    @abstractmethod
    def show(self, record: Record) -> dict[str, tf.Tensor]:
        """Return the views by which a record is judged, (N, ...)."""

    def shown(self, records: tf.data.Dataset, threads: int) -> tf.data.Dataset:
        """Return the views of records, in their order, one after the other."""
        return records.map(self.show, num_parallel_calls=threads).unbatch()

    def example(self, record: Record) -> dict[str, np.ndarray]:
        """Return one view of a record that was just read, for people."""
        return {name: views[0] for name, views in shown_of(self, self.needed(record)).items()}

    def num_views(self, row: Row) -> int:
        """Return the number N of an example's views."""
        del row
        return 1

    def merge(self, row: Row, views: Iterator[Outputs]) -> Outputs:
        """Return the outputs for an example from those for its views: their means."""
        del row
        return mean(views)

    @abstractmethod
    def truths(self, rows: Sequence[Row], records: Callable[[], Iterable[Record]]) -> Iterator[Any]:
        """Yield what the answers to examples are judged by.

        Args:
            rows: What the table says of each.
            records: Reads what is stored of each, in order.
        """

    @abstractmethod
    def counts(self, facts: Any, truths: Callable[[], Iterable[Any]]) -> dict[str, int]:
        """Return what a split holds, by name."""

    def picture(self, record: Record, shown: Mapping[str, np.ndarray] | None = None) -> np.ndarray | None:
        """Return a record as it is shown to people; None: it is no picture.

        Args:
            record: As it is stored.
            shown: What `show` gives of it, where it has been asked already.
        """
        del record, shown
        return None

    def needed(self, record: Record) -> Record:
        """Return what `show` and `picture` need of a record that was just read."""
        return record

    def stretches(self, record: Record) -> Iterator[Stretch]:
        """Yield consecutive parts of a record that is much longer than those of training; see `of_stretches`."""
        del record
        return iter(())

    def of_stretches(self) -> Family:
        """Return how stretches are shown."""
        return self


def mean(views: Iterable[Outputs]) -> Outputs:
    """Return the mean of each output over views."""
    first, *others = views
    if not others:
        return first
    return {name: sum((view[name] for view in others), first[name]) / (1 + len(others)) for name in first}


def shown_of(family: Family, needed: Record) -> dict[str, np.ndarray]:
    """Return what `show` gives of what it needs of a record, out of a graph."""
    import tensorflow as tf

    shown: dict[str, Any] = family.show({name: tf.constant(part) for name, part in needed.items()})
    return {name: views.numpy() for name, views in shown.items()}


def row_of(split: str, item: Item, record: Record, family: Family) -> dict[str, str]:
    """Return what the table says of an item that was read."""
    return {"split": split, **item._asdict(), "target": json.dumps(item.target), **family.row(record)}


def target_of(row: Row) -> Any:
    """Return the target of an item, as its row holds it."""
    return json.loads(row["target"])
