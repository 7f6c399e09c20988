"""Pictures that are made here: which there are, and where their chance comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ..contracts import SPLITS

if TYPE_CHECKING:
    import numpy as np


LOOKS = 1  # raise it when drawing changes: pictures made before are then drawn anew


class Drawn(NamedTuple):
    """A picture that is made here."""

    name: str
    """Split and number: `train/00017`."""

    @property
    def split(self) -> str:
        """The split it belongs to."""
        return self.name.split("/")[0]

    def random(self, seed: int) -> np.random.Generator:
        """Return the source of all that is random in it."""
        import numpy as np

        split, number = self.name.split("/")
        return np.random.default_rng([seed, SPLITS.index(split), int(number)])


def drawn(sizes: Mapping[str, int]) -> dict[str, list[Drawn]]:
    """Return the pictures of splits of these sizes."""
    return {split: [Drawn(f"{split}/{number:05d}") for number in range(size)] for split, size in sizes.items()}
