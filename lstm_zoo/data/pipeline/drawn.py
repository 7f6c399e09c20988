"""Examples that are made here: which there are, and where their chance comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, NonNegativeInt

from ...contracts import SPLITS, InputError, Sample
from .family import Item, Record
from .prepared_data import PreparedData

if TYPE_CHECKING:
    import numpy as np

Count = Annotated[int, Field(ge=1, le=10_000_000)]
"""A number of examples; they are listed before they are drawn."""
_LOOKS = 1  # raise it when drawing changes: pictures made before are then drawn anew


class DrawnData(PreparedData):
    """What data sets share whose examples are made here."""

    drawn_by: ClassVar[tuple[str, ...]] = ("side", "seed")
    """Names of the settings that decide how an item is drawn."""

    num_train: Count
    num_val: Count
    num_test: Count
    seed: NonNegativeInt = 0
    """Seed of the examples; the same seed gives the same ones."""

    def target_to_draw(self, number: int) -> Any:
        """Return what an example of that number shows, where that is known before it is drawn."""
        del number

    def items(self) -> dict[str, list[Item]]:
        """Return the examples of each split."""
        sizes = zip(SPLITS, (self.num_train, self.num_val, self.num_test), strict=True)
        return {split: self.items_of(split, size) for split, size in sizes}

    def items_of(self, split: str, size: int) -> list[Item]:
        """Return the first examples of a split; their names are split and number: `train/00017`."""
        return [Item(f"{split}/{number:05d}", self.target_to_draw(number)) for number in range(size)]

    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        del items  # they are drawn from their names
        return (_LOOKS, *(getattr(self, name) for name in self.drawn_by))

    def samples(self, split: str, count: int) -> Iterator[tuple[str, Sample]]:
        size = getattr(self, f"num_{split}")
        if count > size:
            raise InputError(f"data.num_{split}", f"is {size}, but {count} examples are asked for; raise it")
        read = self.reader()
        for item in self.items_of(split, count):
            yield item.name, self.sample(item, read(item))

    def sample(self, item: Item, record: Record) -> Sample:
        """Return an example as a file; read again, it shows the same, as nearly as the file's format allows."""
        raise InputError("data.kind", f"'{self.kind}' writes no files")

    def random(self, item: Item) -> np.random.Generator:
        """Return the source of all that is random in an example."""
        import numpy as np

        split, number = item.name.split("/")
        return np.random.default_rng([self.seed, SPLITS.index(split), int(number)])
