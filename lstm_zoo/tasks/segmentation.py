"""Segmentation: a class for every pixel or voxel, judged by accuracy, IoU and Dice beside a label prior by position."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from ..contracts import PROBABILITIES, InputError, Spec, Splits, TaskConfig
from ..labels import VOID
from .segmentation_metrics import confusion, median_frequency_weights, segmentation_figures

if TYPE_CHECKING:
    import keras
    import numpy as np
    from matplotlib.figure import Figure

_SHOWN = 3  # pictures in the report: so many of the best, and of the worst
_FIGURES = ("pixel_accuracy", "class_accuracy", "mean_iou", "mean_dice")


class Segmentation(TaskConfig):
    """One class a pixel or voxel; pixel and class accuracy, mean IoU and Dice, void left out."""

    monitor: ClassVar[str] = "val_mean_iou"
    monitor_mode: ClassVar[str] = "max"
    headline: ClassVar[str] = "pixel_accuracy"
    per_class: ClassVar[str] = "IoU"
    kind: Literal["segmentation"] = "segmentation"
    class_weights: Literal["none", "median_frequency"] = "none"
    """`median_frequency` weights each class in the loss by the median of all frequencies over its own."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the target's probability that is spread over all classes."""
    background: str | None = None
    """Class that is left out of the mean Dice, as is usual for organs and tissues."""

    def loss(self, splits: Splits | None = None) -> Callable[[Any, Any], Any]:
        """Return the cross-entropy of label maps (B, H, W) and scores (B, h, w, K), or of volumes.

        Where the grid of scores is coarser than the label map, the target of a cell is the frequency of the classes
        among its labelled pixels, and a cell counts as much as it has of them.
        """
        import keras

        ops, smoothing = keras.ops, self.label_smoothing
        weights = None if splits is None else self._weights(splits)

        def cross_entropy(labels: Any, scores: Any) -> Any:
            grid, num_classes = scores.shape[1:-1], scores.shape[-1]
            counts = _counts_in_cells(labels, grid, num_classes)  # (B, h, w, K)
            if weights is not None:
                counts = counts * ops.convert_to_tensor(weights, counts.dtype)
            if smoothing:
                counts = (1 - smoothing) * counts + smoothing * ops.mean(counts, axis=-1, keepdims=True)
            axes = tuple(range(1, len(grid) + 2))
            rows = -ops.sum(counts * ops.log_softmax(scores, axis=-1), axis=axes)  # (B,)
            # Keras takes the mean over rows; so it becomes the mean over labelled pixels.
            return rows / ops.maximum(ops.mean(ops.sum(counts, axis=axes)), 1.0)

        return cross_entropy

    def metrics(self, spec: Spec) -> list[keras.metrics.Metric]:
        """Return pixel accuracy and mean IoU.

        In training and validation they are of single blocks, and the scores of a coarser grid count for all pixels of
        their cells; `evaluate` gets whole pictures, blended and interpolated, and its figures are a little better.
        """
        from .pixel_metrics import MeanIoU, PixelAccuracy

        self._check_background(spec)
        return [PixelAccuracy(), MeanIoU(spec.num_classes)]

    def class_weight(self, splits: Splits) -> dict[int, float] | None:
        """Return None: the loss weighs the classes itself."""
        return None

    def inference(self, model: keras.Model) -> keras.Model:
        """Return the network with probabilities at full resolution, (B, H, W, K), for outputs.

        The scores of a coarser grid are interpolated (bilinear), from the middles of the cells.
        """
        import keras

        scores, sides = model.output, model.inputs[0].shape[1:-1]
        if tuple(scores.shape[1:-1]) != tuple(sides):
            scores = keras.ops.image.resize(scores, sides, interpolation="bilinear", data_format="channels_last")
        return keras.Model(model.input, keras.ops.softmax(scores, axis=-1), name=model.name)

    def exported(self, model: keras.Model) -> keras.Model:
        """Return the network with its label maps, (B, H, W) int32, beside the probabilities."""
        import keras
        import numpy as np

        network = super().exported(model)
        probabilities = network.output[PROBABILITIES]
        # The first of the greatest; `argmax` compares by the bits of floats, for which ONNX and LiteRT have no ops.
        greatest = probabilities >= keras.ops.max(probabilities, axis=-1, keepdims=True)
        numbers = np.arange(probabilities.shape[-1], dtype=np.int32)
        labels = keras.ops.min(keras.ops.where(greatest, numbers, probabilities.shape[-1]), axis=-1)
        return keras.Model(network.input, {**network.output, "labels": labels}, name=network.name)

    def collect(self, examples: Iterable[Any]) -> list[np.ndarray]:
        """Return the label map of each example, (H, W) uint8; probabilities are not kept."""
        import numpy as np

        return [np.argmax(probabilities, axis=-1).astype(np.uint8) for probabilities in examples]

    def decode(self, outputs: list[np.ndarray], spec: Spec) -> list[dict[str, Any]]:
        """Return the classes in each label map with their share of it, largest first."""
        import numpy as np

        decoded = []
        for labels in outputs:
            shares = np.bincount(labels.ravel(), minlength=spec.num_classes) / labels.size
            order = [int(number) for number in (-shares).argsort(kind="stable") if shares[number]]
            decoded.append({"classes": [{"name": spec.class_names[k], "share": float(shares[k])} for k in order]})
        return decoded

    def evaluate(self, outputs: list[np.ndarray], targets: list[np.ndarray], spec: Spec) -> dict[str, Any]:
        """Return the figures of label maps against the truth, over all pixels of the split."""
        self._check_background(spec)
        counts = sum(confusion(*both, spec.num_classes) for both in zip(outputs, targets, strict=True))
        figures = segmentation_figures(counts, spec.class_names, self.background)
        return {"examples": len(outputs), **figures}

    def floors(
        self, splits: Splits, split: str, features: Callable[[str], np.ndarray] | None
    ) -> dict[str, dict[str, float]]:
        """Return the figures of the most frequent training label at each position as the prediction for every picture.

        Pictures of other sizes are compared by relative position. Without training pictures there is no floor.
        """
        del features
        if not splits.size("train"):
            return {}
        prior = _prior(splits.targets("train"), splits.spec)
        targets = splits.targets(split)
        figures = self.evaluate([_resized(prior, labels.shape) for labels in targets], targets, splits.spec)
        return {"prior by position": {name: figures[name] for name in _FIGURES}}

    def rows(self, outputs: list[np.ndarray], targets: list[np.ndarray], spec: Spec) -> Iterator[dict[str, Any]]:
        """Yield the pixel accuracy of each picture and its number of labelled pixels."""
        for predicted, truth in zip(outputs, targets, strict=True):
            labelled = int((truth != VOID).sum())
            yield {"pixel_accuracy": f"{_accuracy(predicted, truth):.4f}" if labelled else "", "labelled": labelled}

    def figures(self, outputs: list[np.ndarray], splits: Splits, split: str) -> Iterator[tuple[str, str, Figure]]:
        """Yield the confusion matrix, and the best and the worst pictures with truth, prediction and error."""
        import numpy as np

        from .. import figures as draw

        targets, names, class_names = splits.targets(split), splits.names(split), splits.spec.class_names
        counts = np.array(self.evaluate(outputs, targets, splits.spec)["confusion"])
        percent = np.rint(100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).astype(int)
        yield "Confusion matrix, % of each true class", "confusion", draw.confusion_matrix(percent, class_names)
        accuracies = [_accuracy(*both) for both in zip(outputs, targets, strict=True)]
        labelled = [index for index, truth in enumerate(targets) if (truth != VOID).any()]
        order = sorted(labelled, key=lambda index: -accuracies[index])
        best, worst = order[:_SHOWN], order[_SHOWN:][-_SHOWN:][::-1]
        pictures = splits.pictures(split, best + worst)
        for title, chosen in (("Best", best), ("Worst", worst)):
            for rank, index in enumerate(chosen, 1):
                heading = f"{title} {rank}: {names[index]}, pixel accuracy {accuracies[index]:.3f}"
                figure = _panels(pictures[index], outputs[index], splits.spec, targets[index])
                yield heading, f"{title.lower()}-{rank}", figure

    def picture(self, outputs: np.ndarray, inputs: np.ndarray, spec: Spec) -> Figure | None:
        """Draw a picture beside its label map, with a legend."""
        return _panels(inputs, outputs, spec, None)

    def files(self, outputs: np.ndarray) -> dict[str, bytes]:
        """Return the label map as a file: a PNG of class numbers with a palette, or an array for a volume."""
        import numpy as np
        from PIL import Image

        from ..label_figures import class_colours

        buffer = io.BytesIO()
        if outputs.ndim == 3:
            np.savez_compressed(buffer, labels=outputs)
            return {"labels.npz": buffer.getvalue()}
        image = Image.frombytes("P", outputs.shape[::-1], outputs.tobytes())
        image.putpalette(class_colours(int(outputs.max()) + 1).tobytes())
        image.save(buffer, "PNG")
        return {"labels.png": buffer.getvalue()}

    def _check_background(self, spec: Spec) -> None:
        if self.background is not None and self.background not in spec.class_names:
            raise InputError(
                "task.background", f"is '{self.background}', but the classes are {', '.join(spec.class_names)}"
            )

    def _weights(self, splits: Splits) -> np.ndarray | None:
        """Return the weight of each class in the loss, (K,); None for equal weights."""
        import numpy as np

        if self.class_weights == "none":
            return None
        counts, presence = np.zeros(VOID + 1), np.zeros(VOID + 1)
        for labels in splits.targets("train"):
            found = np.bincount(labels.ravel(), minlength=VOID + 1)
            found[VOID] = 0
            counts += found
            presence[found > 0] += found.sum()
        num_classes = splits.spec.num_classes
        return median_frequency_weights(counts[:num_classes], presence[:num_classes]).astype(np.float32)


def _counts_in_cells(labels: Any, grid: tuple[int, ...], num_classes: int) -> Any:
    """Return how many pixels of each class lie in each cell of a grid, (B, *grid, K) float32; void does not count."""
    from keras import ops

    counts = ops.one_hot(ops.cast(labels, "int32"), num_classes, dtype="float32")  # void is no class: all zeros
    sides = labels.shape[1:]
    if tuple(sides) == tuple(grid):
        return counts
    parted = [side for side, cells in zip(sides, grid, strict=True) for side in (cells, side // cells)]
    counts = ops.reshape(counts, (-1, *parted, num_classes))  # (B, h, H / h, w, W / w, K)
    return ops.sum(counts, axis=tuple(range(2, 2 * len(grid) + 1, 2)))


def _prior(targets: list[np.ndarray], spec: Spec) -> np.ndarray:
    """Return the most frequent label at each position, in the size of the network's inputs."""
    import numpy as np

    counts = np.zeros((*spec.input_shape[:-1], spec.num_classes), np.int32)
    places = np.indices(counts.shape[:-1], sparse=True)
    for labels in targets:
        resized = _resized(labels, counts.shape[:-1])
        known = (resized != VOID).astype(np.int32)
        counts[(*places, np.where(known, resized, 0))] += known
    return counts.argmax(axis=-1).astype(np.uint8)


def _resized(labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return a label map in another size, by the nearest pixel."""
    for axis, (side, wanted) in enumerate(zip(labels.shape, shape, strict=True)):
        if side != wanted:
            labels = labels.take([(2 * place + 1) * side // (2 * wanted) for place in range(wanted)], axis)
    return labels


def _accuracy(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Return the share of labelled pixels that are right; 0 where none is labelled."""
    return float((predicted == truth).sum() / max(1, (truth != VOID).sum()))


def _panels(picture: np.ndarray, predicted: np.ndarray, spec: Spec, truth: np.ndarray | None) -> Figure:
    from ..label_figures import label_panels, volume_panels

    draw = volume_panels if predicted.ndim == 3 else label_panels
    return draw(picture, predicted, spec.class_names, truth)
