"""Scores of label maps: pixel accuracy, IoU and Dice from one confusion matrix, and weights for rare classes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...contracts import InputError
from ...contracts.labels import VOID

_AT_ONCE = 2**16  # pixels, so that the steps between stay in the processor's cache


def confusion(predicted: np.ndarray, truth: np.ndarray, num_classes: int) -> np.ndarray:
    """Count how often each class was taken for each; void in the truth is left out.

    The confusion of a whole set is the sum of its parts'.

    Args:
        predicted: Classes, in any shape; what stands where the truth is void does not matter.
        truth: Classes or `VOID`, of the same shape.
        num_classes: K.

    Returns:
        (K, K) int64, a row for each class in truth and a column for each prediction.
    """
    assert predicted.shape == truth.shape, (predicted.shape, truth.shape)
    counts = np.zeros(num_classes**2, np.int64)
    predicted, truth = predicted.ravel(), truth.ravel()
    for start in range(0, truth.size, _AT_ONCE):
        known, said = truth[start : start + _AT_ONCE], predicted[start : start + _AT_ONCE]
        labelled = known != VOID
        known, said = known[labelled].astype(np.int32), said[labelled]
        assert known.size == 0 or 0 <= min(known.min(), said.min()) <= max(known.max(), said.max()) < num_classes
        counts += np.bincount(known * num_classes + said, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def segmentation_scores(
    confusion: np.ndarray, class_names: Sequence[str], background: str | None = None
) -> dict[str, Any]:
    """Return the scores of a confusion matrix, ready for JSON.

    IoU of a class: |P and T| / |P or T|, Dice: 2 |P and T| / (|P| + |T|), with P the pixels of that prediction and T
    those of that truth. By the usual convention a class that occurs in neither has no scores and does not count in
    means; one that occurs in the predictions alone counts with 0. Everything is summed over all pixels first: these
    are not means over images.

    Args:
        confusion: (K, K) counts (rows: truth).
        class_names: Name of each class.
        background: Name of a class that is left out of `mean_dice`, as is usual for organs and tissues.

    Returns:
        `pixel_accuracy`; `class_accuracy`, the mean recall of the classes in truth; `mean_iou`; `mean_dice`, which is
        1 where all is background and found to be; `labelled`, a number of pixels; `per_class` (IoU),
        `per_class_accuracy` and `per_class_dice`, by class name; and `confusion`.

    Raises:
        InputError: No pixel is labelled.
    """
    assert confusion.shape == (len(class_names),) * 2
    assert background is None or background in class_names, background
    labelled = int(confusion.sum())
    if not labelled:
        raise InputError("data", "no pixel of this split is labelled: all are void, and there is nothing to compare")
    hits, in_truth, in_prediction = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    sizes = in_truth + in_prediction
    iou = _by_class(hits, sizes - hits, class_names)
    recall = _by_class(hits, in_truth, class_names)
    dice = _by_class(2 * hits, sizes, class_names)
    return {
        "pixel_accuracy": float(hits.sum() / labelled),
        "class_accuracy": _mean(recall),
        "mean_iou": _mean(iou),
        "mean_dice": _mean({name: value for name, value in dice.items() if name != background} or dice),
        "labelled": labelled,
        "per_class": iou,
        "per_class_accuracy": recall,
        "per_class_dice": dice,
        "confusion": confusion.tolist(),
    }


def median_frequency_weights(truths: Iterable[np.ndarray], num_classes: int) -> np.ndarray:
    """Return the weight of each class by median frequency balancing (Eigen and Fergus, ICCV 2015, 1411.4734).

    The frequency of a class is its share of the labelled pixels of those examples that have it; its weight is the
    median of the frequencies of all classes over its own. A class that never occurs has weight 0, and no part in the
    median.

    Args:
        truths: Label maps of any shapes, uint8.
        num_classes: K.

    Returns:
        (K,) float64.
    """
    counts, presence = np.zeros(num_classes), np.zeros(num_classes)  # presence: pixels of examples with the class
    for labels in truths:
        found = np.bincount(labels.ravel(), minlength=VOID + 1)[:num_classes]
        counts += found
        presence[found > 0] += found.sum()
    occurs = counts > 0
    weights = np.zeros(num_classes)
    if occurs.any():
        frequencies = counts[occurs] / presence[occurs]
        weights[occurs] = np.median(frequencies) / frequencies
    return weights


def _by_class(parts: np.ndarray, wholes: np.ndarray, class_names: Sequence[str]) -> dict[str, float]:
    """Return ratios by class name, without the classes that have no whole."""
    rows = zip(class_names, parts, wholes, strict=True)
    return {name: float(part / whole) for name, part, whole in rows if whole}


def _mean(values: dict[str, float]) -> float:
    return sum(values.values()) / len(values)
