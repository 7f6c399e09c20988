"""Pictures that were scaled down: answers in their own size, and the size in which they are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from ...contracts import PROBABILITIES, Judge, Judged, Outputs
from ...media.likeliest import likeliest


def in_size(outputs: Outputs, size: tuple[int, int]) -> Outputs:
    """Return outputs with the label map in another size (height, width), the probabilities as they are.

    Probabilities are interpolated before the class is chosen.
    """
    classes = (
        Image.fromarray(np.ascontiguousarray(one, np.float32)) for one in np.moveaxis(outputs[PROBABILITIES], -1, 0)
    )
    scaled = (np.asarray(one.resize((size[1], size[0]), Image.Resampling.BILINEAR)) for one in classes)
    return {**outputs, "labels": likeliest(scaled)}


class ComparedSize(Judge):
    """Says in which size label maps are compared.

    Args:
        max_side: The longer side that pictures were scaled down to.
    """

    def __init__(self, max_side: int):
        self._max_side = max_side
        self._sizes: set[tuple[int, int]] = set()

    def add(self, outputs: Outputs, judged: Judged) -> None:
        """Take the size of one label map."""
        del outputs
        height, width = judged.truth.shape
        self._sizes.add((width, height))

    def scores(self) -> dict[str, Any]:
        """Return the sizes, in words."""
        sizes = [f"{width} x {height}" for width, height in sorted({min(self._sizes), max(self._sizes)})]
        return {
            "remarks": [f"compared in the size that data.max_side={self._max_side} leaves: {' to '.join(sizes)} pixels"]
        }
