"""The losses of the tasks: of targets and logits, one value an example, (B,).

Keras takes the mean of them over a batch, and so that it becomes one over words or pixels, they are divided by the mean
number of these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from ...contracts.words import PADDING
from ...layers.compiled import compiled_alone

Loss = Callable[[Any, Any], Any]


def class_loss(smoothing: float) -> Loss:
    """Return the cross-entropy of integer labels (B,) and logits (B, K)."""

    def cross_entropy(labels: Any, logits: Any) -> Any:
        log_probabilities = ops.log_softmax(logits, axis=-1)  # (B, K)
        one_hot = ops.one_hot(ops.reshape(labels, (-1,)), logits.shape[-1], dtype=logits.dtype)
        of_label = -ops.sum(one_hot * log_probabilities, axis=-1)
        of_all = -ops.mean(log_probabilities, axis=-1)
        return (1 - smoothing) * of_label + smoothing * of_all

    return cross_entropy


def caption_loss(smoothing: float) -> Loss:
    """Return the cross-entropy of captions (B, N, T) and scores (B, N, T, V), over words."""

    def cross_entropy(captions: Any, scores: Any) -> Any:
        counted = ops.cast(captions != PADDING, scores.dtype)
        lost = ops.sparse_categorical_crossentropy(captions, scores, from_logits=True)
        if smoothing:
            of_all = ops.logsumexp(scores, axis=-1) - ops.mean(scores, axis=-1)
            lost = (1 - smoothing) * lost + smoothing * of_all
        return ops.sum(lost * counted, axis=(1, 2)) / ops.maximum(ops.mean(ops.sum(counted, axis=(1, 2))), 1.0)

    return compiled_alone(cross_entropy)


def label_map_loss(smoothing: float, weights: np.ndarray | None) -> Loss:
    """Return the cross-entropy of label maps (B, H, W) and scores (B, h, w, K), or of volumes, over labelled pixels.

    Where the grid of scores is coarser than the label map, the target of a cell is the frequency of the classes among
    its labelled pixels, and a cell counts as much as it has of them.

    Args:
        smoothing: Share of the target's probability that is spread over all classes.
        weights: Weight of each class, (K,) float32; None: all are equal.
    """

    def cross_entropy(labels: Any, scores: Any) -> Any:
        grid, num_classes = scores.shape[1:-1], scores.shape[-1]
        counts = _counts_in_cells(labels, grid, num_classes)  # (B, h, w, K)
        if weights is not None:
            counts = counts * ops.convert_to_tensor(weights, counts.dtype)
        if smoothing:
            counts = (1 - smoothing) * counts + smoothing * ops.mean(counts, axis=-1, keepdims=True)
        axes = tuple(range(1, len(grid) + 2))
        rows = -ops.sum(counts * ops.log_softmax(scores, axis=-1), axis=axes)
        return rows / ops.maximum(ops.mean(ops.sum(counts, axis=axes)), 1.0)

    return cross_entropy


def _counts_in_cells(labels: Any, grid: tuple[int, ...], num_classes: int) -> Any:
    """Return how many pixels of each class lie in each cell of a grid, (B, *grid, K) float32; void does not count."""
    counts = ops.one_hot(ops.cast(labels, "int32"), num_classes, dtype="float32")  # void is no class: all zeros
    sides = labels.shape[1:]
    if tuple(sides) == tuple(grid):
        return counts
    parted = [side for side, cells in zip(sides, grid, strict=True) for side in (cells, side // cells)]
    counts = ops.reshape(counts, (-1, *parted, num_classes))  # (B, h, H / h, w, W / w, K)
    return ops.sum(counts, axis=tuple(range(2, 2 * len(grid) + 1, 2)))
