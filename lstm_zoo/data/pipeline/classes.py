"""Families whose examples have one class each, known without opening them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .family import TARGET, Family, Record, Row, target_of


class ClassFamily(Family):
    """A base of families: one class an example, by its name in `Item.target`."""

    def facts(self, rows: Sequence[Row]) -> Any:
        """Return the labels, (examples,) int32."""
        numbers = {name: number for number, name in enumerate(self.spec.class_names)}
        return np.array([numbers[target_of(row)] for row in rows], np.int32)

    def classes(self, record: Record, target: str) -> dict[str, int]:
        return {target: 1}

    def known(self, facts: Any, numbers: np.ndarray, epoch: int) -> dict[str, np.ndarray]:
        return {TARGET: facts[numbers]}

    def truths(self, rows: Sequence[Row], records: Callable[[], Iterable[Record]]) -> Iterator[Any]:
        yield from self.facts(rows).tolist()

    def counts(self, facts: Any, truths: Callable[[], Iterable[Any]]) -> dict[str, int]:
        found = Counter(facts.tolist())
        return {name: found[label] for label, name in enumerate(self.spec.class_names)}
