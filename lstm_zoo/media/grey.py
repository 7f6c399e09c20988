"""Values of any range as grey values of 8 bits."""

from __future__ import annotations

import numpy as np

Limits = tuple[float, float]
"""Values that become 0 and 255, the lower first."""
PERCENTILES = (0.5, 99.5)
"""Those of values that become 0 and 255 where nothing better is known."""


def spread(values: np.ndarray) -> Limits:
    """Return the percentiles of values; they may be the same."""
    low, high = np.percentile(values, PERCENTILES)
    return float(low), float(high)


def in_grey(values: np.ndarray, low: float | np.ndarray, high: float | np.ndarray) -> np.ndarray:
    """Map values to 0..255, linearly between two limits; what lies beyond them becomes 0 or 255.

    Args:
        values: (N, ...).
        low: What becomes 0; in an array (C,), of each of the last axis.
        high: What becomes 255.

    Returns:
        Grey values (N, ...), uint8.
    """
    grey = np.empty(values.shape, np.uint8)
    for number, part in enumerate(values):  # one at a time, for pictures and volumes are large
        grey[number] = np.rint(((part.astype(np.float64) - low) / (high - low)).clip(0, 1) * 255)
    return grey
