"""The best and the worst answers, for the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...contracts import Pictures


def extremes(scores: Sequence[float], examples: Sequence[int], most: int, pictures: Pictures) -> Iterator[tuple]:
    """Yield which examples are the best and the worst: (`Best 1`, `best-1`, its number, its picture), and so on.

    Args:
        scores: What examples got, higher is better.
        examples: The numbers of those that were scored.
        most: How many of each to show.
        pictures: Gives examples as they are shown to people.
    """
    order = sorted(examples, key=lambda number: -scores[number])
    best, worst = order[:most], order[most:][-most:][::-1]
    shown: dict[int, np.ndarray] = pictures([*best, *worst])
    for title, chosen in (("Best", best), ("Worst", worst)):
        for rank, number in enumerate(chosen, 1):
            yield f"{title} {rank}", f"{title.lower()}-{rank}", number, shown[number]
