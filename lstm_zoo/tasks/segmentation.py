"""Segmentation: a class for every pixel or voxel, judged by accuracy, IoU and Dice beside a label prior by position."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ..contracts import (
    PROBABILITIES,
    Figures,
    InputError,
    Judge,
    Judged,
    LabelMap,
    Meaning,
    Memory,
    Objective,
    Outputs,
    Pictures,
    Predictor,
    Result,
    Spec,
    TaskConfig,
)
from ..contracts.labels import VOID
from .class_lines import class_lines
from .metrics.segmentation_metrics import confusion, median_frequency_weights, segmentation_scores

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

_LABELS = "labels"  # name of the output that holds label maps, and of files
_SHOWN = 3  # pictures in the report: so many of the best, and of the worst


class Segmentation(TaskConfig):
    """One class a pixel or voxel; pixel and class accuracy, mean IoU and Dice, void left out."""

    target: ClassVar[str] = "label_map"
    monitor: ClassVar[str] = "val_mean_iou"
    monitor_mode: ClassVar[str] = "max"
    headline: ClassVar[str] = "pixel_accuracy"
    score_of_class: ClassVar[str] = "IoU"
    kind: Literal["segmentation"] = "segmentation"
    class_weights: Literal["none", "median_frequency"] = "none"
    """`median_frequency` weights each class in the loss by the median of all frequencies over its own."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the target's probability that is spread over all classes."""
    background: str | None = None
    """Class that is left out of the mean Dice, as is usual for organs and tissues."""

    def objective(self, spec: Spec, truths: Callable[[], Iterable[np.ndarray]]) -> Objective:
        """Return the cross-entropy of pixels, their accuracy and mean IoU.

        These are of single blocks in training and validation, and the scores of a coarser grid count for all pixels of
        their cells; the judge gets whole pictures, blended and interpolated, and its scores are a little better.
        """
        from .metrics.losses import label_map_loss
        from .metrics.pixel_metrics import MeanIoU, PixelAccuracy

        self._check_background(spec)
        weights = None
        if self.class_weights == "median_frequency":
            weights = median_frequency_weights(truths(), spec.num_classes).astype(np.float32)
        loss = label_map_loss(self.label_smoothing, weights)
        return Objective(loss, [PixelAccuracy(), MeanIoU(spec.num_classes)])

    def network(self, model: keras.Model, spec: Spec) -> keras.Model:
        """Return the network with probabilities at full resolution, (B, H, W, K), and label maps, (B, H, W) int32.

        The scores of a coarser grid are interpolated (bilinear), from the middles of the cells.
        """
        import keras
        from keras import ops

        scores, sides = model.output, _sides(spec)
        if tuple(scores.shape[1:-1]) != sides:
            scores = ops.image.resize(scores, sides, interpolation="bilinear", data_format="channels_last")
        probabilities = ops.softmax(scores, axis=-1)
        # The first of the greatest; `argmax` compares by the bits of floats, for which ONNX and LiteRT have no ops.
        greatest = ops.greater_equal(probabilities, ops.max(probabilities, axis=-1, keepdims=True))
        labels = ops.min(ops.where(greatest, np.arange(spec.num_classes, dtype=np.int32), spec.num_classes), axis=-1)
        return keras.Model(model.input, {PROBABILITIES: probabilities, _LABELS: labels}, name=model.name)

    def meanings(self, spec: Spec) -> dict[str, Meaning]:
        sides, named = ("planes", "height", "width")[-len(_sides(spec)) :], {"labels": "spec.target.names"}
        told = "The probability of each class at each place; those of a place add up to 1."
        return {
            PROBABILITIES: Meaning(told, (*sides, "classes"), named),
            _LABELS: Meaning("The number of the most probable class at each place, from 0 on.", sides, named),
        }

    def judge(self, spec: Spec, memory: Memory | None = None) -> Judge:
        """Return a judge of label maps against the truth, over all pixels of the split."""
        self._check_background(spec)
        return _LabelMapJudge(spec, self.background)

    def memory(self, spec: Spec, training: Iterable[Judged]) -> Memory:
        """Return the most frequent label at each position, in the size of the network's inputs."""
        counts = np.zeros((*_sides(spec), spec.num_classes), np.int32)
        places = np.indices(counts.shape[:-1], sparse=True)
        for judged in training:
            labels = _resized(judged.truth, counts.shape[:-1])
            known = (labels != VOID).astype(np.int32)
            counts[(*places, np.where(known, labels, 0))] += known
        return {"prior": counts.argmax(axis=-1).astype(np.uint8)}

    def floors(self, spec: Spec, memory: Memory) -> dict[str, Predictor]:
        """Return the most frequent training label at each position as the prediction for every picture.

        Pictures of other sizes are compared by relative position.
        """
        return {"prior by position": lambda judged: {_LABELS: _resized(memory["prior"], judged.truth.shape)}}

    def result(
        self, outputs: Outputs, spec: Spec, picture: np.ndarray | None = None, memory: Memory | None = None
    ) -> Result:
        """Return the classes in a label map with their share of it, largest first, and the map as a file.

        That is a PNG or an array that holds what the user's own label files hold for each class. Where the map is of
        another size than the probabilities, it was scaled, and the facts say from which size.
        """
        assert isinstance(spec.target, LabelMap), spec.target.kind
        labels = outputs[_LABELS].astype(np.uint8)
        shares = np.bincount(labels.ravel(), minlength=spec.num_classes) / labels.size
        order = [number for number in (-shares).argsort(kind="stable").tolist() if shares[number]]
        classes = [{"name": spec.class_names[number], "share": float(shares[number])} for number in order]
        facts: dict[str, Any] = {"classes": classes}
        text = class_lines(classes, "share")
        seen = outputs[PROBABILITIES].shape[:-1] if PROBABILITIES in outputs else labels.shape
        if seen != labels.shape:
            (high, wide), (height, width) = seen, labels.shape
            facts["scaled_from"] = {"width": wide, "height": high}
            text += f"\nscaled from {wide} x {high} to {width} x {height} pixels"
        return Result(
            classes[0]["name"],
            facts,
            text,
            _files(labels, spec.target),
            None if picture is None else lambda: _drawn(picture, _resized(labels, seen), spec.class_names),
        )

    def _check_background(self, spec: Spec) -> None:
        if self.background is not None and self.background not in spec.class_names:
            raise InputError(
                "task.background", f"is '{self.background}', but the classes are {', '.join(spec.class_names)}"
            )


class _LabelMapJudge(Judge):
    """Scores of label maps, from one confusion matrix over all pixels."""

    def __init__(self, spec: Spec, background: str | None):
        self._class_names, self._background = spec.class_names, background
        self._confusion = np.zeros((spec.num_classes, spec.num_classes), np.int64)
        self._maps: list[np.ndarray] = []
        self._judged: list[Judged] = []

    def add(self, outputs: Outputs, judged: Judged) -> None:
        """Take the label map of one picture; probabilities are not kept."""
        labels = outputs[_LABELS].astype(np.uint8)
        self._confusion += confusion(labels, judged.truth, len(self._class_names))
        self._maps.append(labels)
        self._judged.append(judged)

    def scores(self) -> dict[str, Any]:
        """Return the scores of the confusion matrix."""
        scores = segmentation_scores(self._confusion, self._class_names, self._background)
        return {"examples": len(self._maps), **scores}

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the pixel accuracy of each picture and its number of labelled pixels."""
        for accuracy, labelled in map(_accuracy, self._maps, self._judged):
            yield {"pixel_accuracy": f"{accuracy:.4f}" if labelled else "", "labelled": labelled}

    def figures(self, pictures: Pictures) -> Figures:
        """Yield the confusion matrix, and the best and the worst pictures with truth, prediction and error."""
        from .figures.confusion_matrix import confusion_matrix
        from .figures.extremes import extremes

        counts = self._confusion
        percent = np.rint(100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).astype(int)
        yield "Confusion matrix, % of each true class", "confusion", confusion_matrix(percent, self._class_names)
        accuracies, labelled = zip(*map(_accuracy, self._maps, self._judged), strict=True)
        for title, name, index, picture in extremes(accuracies, np.flatnonzero(labelled).tolist(), _SHOWN, pictures):
            judged = self._judged[index]
            figure = _drawn(picture, self._maps[index], self._class_names, judged.truth)
            yield f"{title}: {judged.name}, pixel accuracy {accuracies[index]:.3f}", name, figure


def _sides(spec: Spec) -> tuple[int, ...]:
    """Return the size of the network's input."""
    return tuple(side for side in spec.only_input[1].shape[:-1] if side is not None)


def _resized(labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return a label map in another size, by the nearest pixel."""
    for axis, (side, wanted) in enumerate(zip(labels.shape, shape, strict=True)):
        if side != wanted:
            labels = labels.take([(2 * place + 1) * side // (2 * wanted) for place in range(wanted)], axis)
    return labels


def _accuracy(predicted: np.ndarray, judged: Judged) -> tuple[float, int]:
    """Return the share of the labelled pixels that are right (0 where none is labelled), and their number."""
    labelled = int((judged.truth != VOID).sum())
    return float((predicted == judged.truth).sum() / max(1, labelled)), labelled


def _files(labels: np.ndarray, target: LabelMap) -> dict[str, bytes]:
    """Return a label map as a file: a PNG where one can hold it (8 bits with a palette, 16 bits or colours)."""
    from PIL import Image

    buffer, own = io.BytesIO(), target.as_in_files(labels)
    if labels.ndim == 3 or own.dtype not in (np.uint8, np.uint16):
        np.savez_compressed(buffer, labels=own)
        return {f"{_LABELS}.npz": buffer.getvalue()}
    image = Image.fromarray(own)
    if image.mode == "L":
        image.putpalette(_palette(labels, target))
    image.save(buffer, "PNG")
    return {f"{_LABELS}.png": buffer.getvalue()}


def _palette(labels: np.ndarray, target: LabelMap) -> bytes:
    """Return the colours of the numbers of a label map, up to its greatest class."""
    from .figures.class_colours import class_colours

    classes = np.arange(int(labels.max()) + 1, dtype=np.uint8)
    numbers = target.as_in_files(classes)
    palette = np.zeros((int(numbers.max()) + 1, 3), np.uint8)
    palette[numbers] = class_colours(len(classes))
    return palette.tobytes()


def _drawn(*shown: Any) -> Figure:
    from .figures.label_panels import label_panels

    return label_panels(*shown)
