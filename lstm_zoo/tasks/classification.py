"""Classification: one label an example, judged by accuracy against the majority class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from ..contracts import Spec, Splits, TaskConfig

if TYPE_CHECKING:
    import keras
    import numpy as np
    from matplotlib.figure import Figure

_MOST_MISTAKES = 8


class Classification(TaskConfig):
    """One label an example; top-1, top-5 and per-class accuracy."""

    monitor: ClassVar[str] = "val_loss"
    monitor_mode: ClassVar[str] = "min"
    headline: ClassVar[str] = "top1"
    kind: Literal["classification"] = "classification"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the target's probability that is spread over all classes."""
    class_weights: Literal["none", "balanced"] = "none"
    """`balanced` weights each class by the inverse of its frequency in training."""

    def loss(self, splits: Splits | None = None) -> Callable[[Any, Any], Any]:
        """Return the cross-entropy of integer labels (B,) and logits (B, K)."""
        import keras

        del splits
        smoothing = self.label_smoothing

        def cross_entropy(labels: Any, logits: Any) -> Any:
            log_probabilities = keras.ops.log_softmax(logits, axis=-1)  # (B, K)
            one_hot = keras.ops.one_hot(keras.ops.reshape(labels, (-1,)), logits.shape[-1], dtype=logits.dtype)
            of_label = -keras.ops.sum(one_hot * log_probabilities, axis=-1)
            of_all = -keras.ops.mean(log_probabilities, axis=-1)
            return (1 - smoothing) * of_label + smoothing * of_all  # (B,)

        return cross_entropy

    def metrics(self, spec: Spec) -> list[keras.metrics.Metric]:
        """Return top-1, and top-5 where there are more than five classes."""
        import keras

        metrics: list[keras.metrics.Metric] = [keras.metrics.SparseCategoricalAccuracy("top1")]
        if spec.num_classes > 5:
            metrics.append(keras.metrics.SparseTopKCategoricalAccuracy(5, "top5"))
        return metrics

    def class_weight(self, splits: Splits) -> dict[int, float] | None:
        """Return the classes' weights, 1 on average over the training examples."""
        import numpy as np

        if self.class_weights == "none":
            return None
        counts = np.bincount(splits.targets("train"), minlength=splits.spec.num_classes)
        present = counts > 0
        return {int(k): float(counts.sum() / (present.sum() * counts[k])) for k in np.flatnonzero(present)}

    def inference(self, model: keras.Model) -> keras.Model:
        """Return the network with probabilities, (B, K), for outputs."""
        import keras

        return keras.Model(model.input, keras.ops.softmax(model.output, axis=-1), name=model.name)

    def decode(self, outputs: np.ndarray, spec: Spec) -> list[dict[str, Any]]:
        """Return the classes of each row (B, K) with their probabilities, most probable first."""
        return [
            {"classes": [{"name": spec.class_names[k], "probability": float(row[k])} for k in row.argsort()[::-1]]}
            for row in outputs
        ]

    def evaluate(self, outputs: np.ndarray, targets: np.ndarray, spec: Spec) -> dict[str, Any]:
        """Return accuracies and the confusion matrix (rows: truth) from probabilities (B, K) and labels (B,)."""
        import numpy as np

        order = np.argsort(-outputs, axis=-1, kind="stable")
        confusion = np.zeros((spec.num_classes, spec.num_classes), int)
        np.add.at(confusion, (targets, order[:, 0]), 1)
        totals = confusion.sum(axis=1)
        per_class = {name: float(confusion[k, k] / totals[k]) for k, name in enumerate(spec.class_names) if totals[k]}
        figures = {
            "top1": float(np.mean(order[:, 0] == targets)),
            "top5": float(np.mean((order[:, :5] == targets[:, None]).any(axis=1))),
            "mean_class": float(np.mean(list(per_class.values()))),
            "examples": len(targets),
            "per_class": per_class,
            "confusion": confusion.tolist(),
        }
        if spec.num_classes <= 5:
            del figures["top5"]  # always 1
        return figures

    def floors(
        self, splits: Splits, split: str, features: Callable[[str], np.ndarray] | None
    ) -> dict[str, dict[str, float]]:
        """Return the figures of the classes' frequencies in training as the prediction for every example.

        Where there are no training examples, the frequencies in the split itself are taken: a floor no lower.
        """
        import numpy as np

        del features
        targets = splits.targets(split)
        known = splits.targets("train") if splits.size("train") else targets
        counts = np.bincount(known, minlength=splits.spec.num_classes)
        outputs = np.tile(counts / counts.sum(), (len(targets), 1))
        figures = self.evaluate(outputs, targets, splits.spec)
        return {"majority": {name: figures[name] for name in ("top1", "top5", "mean_class") if name in figures}}

    def rows(self, outputs: np.ndarray, targets: np.ndarray, spec: Spec) -> Iterator[dict[str, Any]]:
        """Yield truth, prediction and its probability."""
        for row, target in zip(outputs, targets, strict=True):
            best = int(row.argmax())
            names = {"truth": spec.class_names[target], "prediction": spec.class_names[best]}
            yield {**names, "probability": f"{row[best]:.6f}"}

    def figures(self, outputs: np.ndarray, splits: Splits, split: str) -> Iterator[tuple[str, str, Figure]]:
        """Yield the confusion matrix, and film strips of the wrong answers that the network was surest of."""
        from .. import figures as draw

        targets, names, class_names = splits.targets(split), splits.names(split), splits.spec.class_names
        confusion = self.evaluate(outputs, targets, splits.spec)["confusion"]
        yield "Confusion matrix", "confusion", draw.confusion_matrix(confusion, class_names)
        predicted, confidence = outputs.argmax(axis=1), outputs.max(axis=1)
        wrong = [int(index) for index in (-confidence).argsort() if predicted[index] != targets[index]][:_MOST_MISTAKES]
        clips = splits.pictures(split, wrong)
        for rank, index in enumerate(wrong, 1):
            truth, said = (class_names[row[index]] for row in (targets, predicted))
            title = f"{names[index]}: {said} ({confidence[index]:.2f}), in truth {truth}"
            clip = clips[index] if clips[index].ndim == 4 else clips[index][None]  # an image is a strip of one
            yield f"Mistake {rank}: {title}", f"mistake-{rank}", draw.film_strip(clip, title)
