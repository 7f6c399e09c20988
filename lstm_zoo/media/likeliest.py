"""The likeliest class of each pixel or voxel, where probabilities are interpolated first."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def likeliest(probabilities: Iterable[np.ndarray]) -> np.ndarray:
    """Return the class with the greatest probability, the first of several, (...) uint8.

    Args:
        probabilities: Those of each class, (...) float32, made one after the other: those of all classes of a large
            picture would take gigabytes.
    """
    greatest = labels = None
    for label, values in enumerate(probabilities):
        if greatest is None or labels is None:
            greatest, labels = np.array(values), np.zeros(values.shape, np.uint8)
        labels[values > greatest] = label
        np.maximum(greatest, values, out=greatest)
    assert labels is not None, "there is no class"
    return labels
