"""Classification: one label an example, judged by accuracy against the majority class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ..contracts import (
    PROBABILITIES,
    Figures,
    Judge,
    Judged,
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
from .class_lines import class_lines

if TYPE_CHECKING:
    import keras

_MOST_MISTAKES = 8


class Classification(TaskConfig):
    """One label an example; top-1, top-5 and per-class accuracy."""

    target: ClassVar[str] = "classes"
    monitor: ClassVar[str] = "val_loss"
    monitor_mode: ClassVar[str] = "min"
    headline: ClassVar[str] = "top1"
    kind: Literal["classification"] = "classification"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the target's probability that is spread over all classes."""
    class_weights: Literal["none", "balanced"] = "none"
    """`balanced` weights each class by the inverse of its frequency in training."""

    def objective(self, spec: Spec, truths: Callable[[], Iterable[int]]) -> Objective:
        """Return the cross-entropy, top-1 and top-5, and weights that are 1 on average over the training examples."""
        import keras

        from .metrics.losses import class_loss

        weights = None
        if self.class_weights == "balanced":
            counts = np.bincount(list(truths()), minlength=spec.num_classes)
            present = np.flatnonzero(counts)
            weights = {int(k): float(counts.sum() / (len(present) * counts[k])) for k in present}
        metrics: list[keras.metrics.Metric] = [keras.metrics.SparseCategoricalAccuracy("top1")]
        if spec.num_classes > 5:
            metrics.append(keras.metrics.SparseTopKCategoricalAccuracy(5, "top5"))
        return Objective(class_loss(self.label_smoothing), metrics, weights)

    def network(self, model: keras.Model, spec: Spec) -> keras.Model:
        """Return the network with probabilities, (B, K), for outputs."""
        import keras

        probabilities = keras.ops.softmax(model.output, axis=-1)
        return keras.Model(model.input, {PROBABILITIES: probabilities}, name=model.name)

    def meanings(self, spec: Spec) -> dict[str, Meaning]:
        told = "The probability of each class; they add up to 1."
        return {PROBABILITIES: Meaning(told, ("classes",), {"labels": "spec.target.names"})}

    def judge(self, spec: Spec, memory: Memory | None = None) -> Judge:
        """Return a judge of probabilities, (K,)."""
        return _ClassJudge(spec)

    def memory(self, spec: Spec, training: Iterable[Judged]) -> Memory:
        """Return how often each class occurs."""
        return {"counts": np.bincount([judged.truth for judged in training], minlength=spec.num_classes)}

    def floors(self, spec: Spec, memory: Memory) -> dict[str, Predictor]:
        """Return the classes' frequencies in training as the prediction for every example."""
        counts = memory["counts"]
        return {"majority": lambda judged: {PROBABILITIES: counts / counts.sum()}}

    def result(
        self, outputs: Outputs, spec: Spec, picture: np.ndarray | None = None, memory: Memory | None = None
    ) -> Result:
        """Return the classes with their probabilities, most probable first."""
        row = outputs[PROBABILITIES]
        order = row.argsort()[::-1]
        classes = [{"name": spec.class_names[k], "probability": float(row[k])} for k in order]
        return Result(classes[0]["name"], {"classes": classes}, class_lines(classes, "probability"))


class _ClassJudge(Judge):
    """Accuracies and the confusion matrix of probabilities, (K,)."""

    def __init__(self, spec: Spec):
        self._class_names = spec.class_names
        self._probabilities: list[np.ndarray] = []
        self._judged: list[Judged] = []

    def add(self, outputs: Outputs, judged: Judged) -> None:
        """Take the probabilities of one example."""
        self._probabilities.append(outputs[PROBABILITIES])
        self._judged.append(judged)

    def scores(self) -> dict[str, Any]:
        """Return accuracies (top-5 of more than five classes) and the confusion matrix (rows: truth)."""
        labels, num_classes = np.array([judged.truth for judged in self._judged]), len(self._class_names)
        order = np.argsort(-np.stack(self._probabilities), axis=-1, kind="stable")
        confusion = np.zeros((num_classes, num_classes), int)
        np.add.at(confusion, (labels, order[:, 0]), 1)
        totals = confusion.sum(axis=1)
        per_class = {name: float(confusion[k, k] / totals[k]) for k, name in enumerate(self._class_names) if totals[k]}
        top5 = {"top5": float(np.mean((order[:, :5] == labels[:, None]).any(axis=1)))}
        return {
            "top1": float(np.mean(order[:, 0] == labels)),
            **(top5 if num_classes > 5 else {}),  # it is 1 otherwise
            "mean_class": float(np.mean(list(per_class.values()))),
            "examples": len(labels),
            "per_class": per_class,
            "confusion": confusion.tolist(),
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield truth, prediction and its probability."""
        for row, judged in zip(self._probabilities, self._judged, strict=True):
            best = int(row.argmax())
            names = {"truth": self._class_names[judged.truth], "prediction": self._class_names[best]}
            yield {**names, "probability": f"{row[best]:.6f}"}

    def figures(self, pictures: Pictures) -> Figures:
        """Yield the confusion matrix, and film strips of the wrong answers that the network was surest of."""
        from .figures.confusion_matrix import confusion_matrix
        from .figures.film_strip import film_strip

        yield "Confusion matrix", "confusion", confusion_matrix(np.array(self.scores()["confusion"]), self._class_names)
        probabilities = np.stack(self._probabilities)
        predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
        order = (-confidence).argsort().tolist()
        wrong = [index for index in order if predicted[index] != self._judged[index].truth][:_MOST_MISTAKES]
        clips = pictures(wrong)
        for rank, index in enumerate(wrong, 1):
            if clips[index] is None:  # nothing to look at
                continue
            name, label, *_ = self._judged[index]
            said, truth = (self._class_names[number] for number in (predicted[index], label))
            title = f"{name}: {said} ({confidence[index]:.2f}), in truth {truth}"
            clip = clips[index] if clips[index].ndim == 4 else clips[index][None]  # an image is a strip of one
            yield f"Mistake {rank}: {title}", f"mistake-{rank}", film_strip(clip, title)
