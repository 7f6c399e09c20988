"""What an exported file answers beside what its run answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..contracts import PROBABILITIES, Outputs
from .options import ExportError

_SHARE = 0.01  # of the spread of the run's answers: a network that says nearly the same of everything proves little
_NOISE = 1e-6  # of the largest value, which float32 cannot be held to
_LABELS = "labels"  # most probable classes


def compared(pairs: list[tuple[Outputs, Outputs]], format: str, tolerance: float | None) -> dict[str, Any]:
    """Compare answers.

    Args:
        pairs: Answers of the run and of the file to the same inputs, by the names of the outputs.
        format: The file's format, for messages.
        tolerance: Largest difference of floats, lowered to 1 % of the spread of the run's answers where that is
            smaller, and then words have to be equal too; None: a quantised file, whose differences are only told.

    Returns:
        `max_difference` and `mean_difference` of all floats, their `spread` over the examples, and `agreement`, the
        share of equal answers: of the most probable class (of each pixel), or of whole captions; where there are
        numbers alone, of those that differ by less than 1 % of their spread.

    Raises:
        ExportError: The file's answers have other shapes, are no numbers, or differ by more than is allowed.
    """
    for expected, actual in pairs:
        _check_shapes(expected, actual, format)
    differences, spreads, agreements, near = [np.zeros(0)], [], [], []
    by_class = any(PROBABILITIES in expected for expected, _ in pairs)
    for name, values, found in _stacked(pairs):
        if values.dtype.kind == "f":
            spread = float(np.ptp(values, axis=0).max())
            limit = max(_SHARE * spread, _NOISE * max(1.0, float(np.abs(values).max()))) if spread else np.inf
            apart = np.abs(found.astype(np.float64) - values)
            allowed = np.inf if tolerance is None else min(tolerance, limit)
            if not np.isfinite(found).all() or not apart.max() <= allowed:
                raise ExportError(
                    f"{format}: its {name} differ from the run's by {apart.max():.2e} (allowed {allowed:.1e}; the "
                    f"run's answers to different examples differ by {spread:.1e})"
                )
            differences.append(apart.ravel())
            spreads.append(spread)
            near.append((apart <= limit).ravel())
        elif name != _LABELS or not by_class:  # words and sentences
            agreements.append((found.astype(bytes) == values.astype(bytes)).reshape(len(values), -1).all(1))
            if tolerance is not None and not agreements[-1].all():
                raise ExportError(f"{format}: its {name} are not those of the run")
    for expected, actual in pairs:
        if PROBABILITIES in expected:
            best, found = (one[PROBABILITIES].argmax(-1) for one in (expected, actual))
            agreements.append((best == found).ravel())
            if _LABELS in actual and (actual[_LABELS] != found).any():
                raise ExportError(f"{format}: its labels are not the most probable classes by its own probabilities")
    together = np.concatenate(differences)
    return {
        "max_difference": float(together.max(initial=0)),
        "mean_difference": float(together.mean()) if together.size else 0.0,
        "spread": max(spreads, default=0.0),
        "agreement": float(np.concatenate(agreements or near).mean()),
    }


def _stacked(pairs: list[tuple[Outputs, Outputs]]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield each output of both, all examples of one shape together."""
    groups: dict[tuple, list[tuple]] = defaultdict(list)
    for expected, actual in pairs:
        for name, values in expected.items():
            groups[name, values.shape[1:]].append((values, actual[name]))
    for (name, _), answers in groups.items():
        values, found = (np.concatenate(side) for side in zip(*answers, strict=True))
        yield name, values, found


def _check_shapes(expected: Outputs, actual: Outputs, format: str) -> None:
    """Raise an ExportError if an output is missing or of another shape."""
    for name, values in expected.items():
        shape = actual[name].shape if name in actual else None
        if shape != values.shape:
            raise ExportError(f"{format}: its {name} have the shape {shape}, the run's {values.shape}")
