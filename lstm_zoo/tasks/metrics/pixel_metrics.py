"""Scores of label maps while a network trains, as Keras metrics.

Both count pixels in whole numbers. The highest count of float32 is 2**24, which about a hundred images of 360 x 480
pixels have; Keras' own "int" is int64 on TensorFlow and int32 on JAX, which holds 2**31 pixels a count. `sample_weight`
is not used: what does not count is void.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ...contracts.labels import VOID


class PixelAccuracy(keras.metrics.Metric):
    """Share of the labelled pixels whose class is right."""

    def __init__(self, name: str = "pixel_accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.right = self.add_weight(name="right", initializer="zeros", dtype="int")
        self.labelled = self.add_weight(name="labelled", initializer="zeros", dtype="int")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add label maps (B, H, W) or (B, Z, H, W), and scores (..., K) of their pixels or of a coarser grid."""
        truth, predicted = _label_maps(y_true, y_pred)
        # No prediction is void: what is right is labelled.
        self.right.assign_add(ops.sum(ops.cast(truth == predicted, self.right.dtype)))
        self.labelled.assign_add(ops.sum(ops.cast(truth != VOID, self.labelled.dtype)))

    def result(self):
        """Return the share so far; 0 where no pixel was labelled."""
        return ops.cast(self.right, "float32") / ops.cast(ops.maximum(self.labelled, 1), "float32")


class MeanIoU(keras.metrics.Metric):
    """Mean over the classes of |prediction and truth| / |prediction or truth|, in labelled pixels.

    A class that occurs in neither is left out; one that occurs in the predictions alone counts with 0.

    Args:
        num_classes: K.
        name: Name in the logs.
        **kwargs: `dtype`, of no effect.
    """

    def __init__(self, num_classes: int, name: str = "mean_iou", **kwargs):
        super().__init__(name=name, **kwargs)
        self.num_classes = num_classes
        shape = (num_classes, num_classes)
        self.confusion = self.add_weight(name="confusion", shape=shape, initializer="zeros", dtype="int")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add label maps (B, H, W) or (B, Z, H, W), and scores (..., K) of their pixels or of a coarser grid."""
        truth, predicted = _label_maps(y_true, y_pred)
        num_cells = self.num_classes**2
        cells = ops.where(truth == VOID, num_cells, truth * self.num_classes + predicted)  # void: a cell of its own
        cells = ops.reshape(cells, (-1,))
        counts = ops.segment_sum(ops.ones_like(cells), cells, num_cells + 1)[:num_cells]
        counts = ops.reshape(counts, (self.num_classes, self.num_classes))
        self.confusion.assign_add(ops.cast(counts, self.confusion.dtype))

    def result(self):
        """Return the mean so far; 0 where no pixel was labelled."""
        confusion = ops.cast(self.confusion, "float32")
        hits = ops.diagonal(confusion)
        unions = ops.sum(confusion, axis=0) + ops.sum(confusion, axis=1) - hits
        num_present = ops.sum(ops.cast(unions > 0, "float32"))
        return ops.sum(hits / ops.maximum(unions, 1.0)) / ops.maximum(num_present, 1.0)

    def get_config(self) -> dict[str, Any]:
        """Return what makes the same metric."""
        return {**super().get_config(), "num_classes": self.num_classes}


def _label_maps(labels: Any, scores: Any) -> tuple[Any, Any]:
    """Return truth and prediction as int32 in the shape of the labels.

    The scores of a coarser grid stand for windows of n x n pixels each; the small map of their best classes is
    repeated, not the scores.

    Raises:
        ValueError: The sides of the labels are no multiples of the grid's.
    """
    predicted = ops.cast(ops.argmax(scores, axis=-1), "int32")
    sides, grid = labels.shape[1:], predicted.shape[1:]
    if len(sides) != len(grid) or any(side % cells for side, cells in zip(sides, grid, strict=True)):
        raise ValueError(f"labels of {sides} pixels do not divide into a grid of scores of {grid}")
    for axis, (side, cells) in enumerate(zip(sides, grid, strict=True), start=1):
        if side != cells:
            predicted = ops.repeat(predicted, side // cells, axis=axis)
    return ops.cast(labels, "int32"), predicted
