"""Captioning: one sentence an image, written freely and judged by BLEU, ROUGE-L and CIDEr beside two floors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from ..contracts import InputError, Section, Spec, Splits, TaskConfig
from ..words import END, PADDING, UNKNOWN, words_of
from .caption_metrics import TOKENIZATIONS, caption_scores, missing_package, simple_tokens

if TYPE_CHECKING:
    import keras
    import numpy as np
    from matplotlib.figure import Figure

_SHOWN = 6  # captions in the report: so many of the best, and of the worst
_BLOCK = 1024  # images that are compared with all training images at once


class Greedy(Section):
    """The most probable word, each time."""

    kind: Literal["greedy"] = "greedy"

    def options(self) -> dict[str, Any]:
        """Return what `layers.CaptionSearch` takes."""
        return {"width": 1}


class Beam(Section):
    """The best of several captions that are written side by side."""

    kind: Literal["beam"] = "beam"
    width: PositiveInt = 3
    """Captions that are kept at each word."""
    length_normalization: NonNegativeFloat = 0.7
    """Exponent x of `log p / words ** x`, by which finished captions are compared; 0: probability alone."""

    def options(self) -> dict[str, Any]:
        """Return what `layers.CaptionSearch` takes."""
        return {"width": self.width, "length_normalization": self.length_normalization}


class Sample(Section):
    """Words drawn by their probability."""

    kind: Literal["sample"] = "sample"
    temperature: PositiveFloat = 1.0
    """What scores are divided by: below 1 keeps to likely words, above 1 strays."""
    top_k: PositiveInt | None = None
    """Draw out of the so many most probable words; null: out of all."""
    seed: NonNegativeInt = 0
    """Seed of what is drawn; the same seed writes the same captions."""

    def options(self) -> dict[str, Any]:
        """Return what `layers.CaptionSearch` takes."""
        return {"temperature": self.temperature, "top_k": self.top_k, "seed": self.seed}


Decoding = Annotated[Greedy | Beam | Sample, Field(discriminator="kind")]


class Captioning(TaskConfig):
    """One sentence an image; BLEU-1 to 4, ROUGE-L and CIDEr of freely written captions."""

    monitor: ClassVar[str] = "val_perplexity"
    monitor_mode: ClassVar[str] = "min"
    exported_keys: ClassVar[frozenset[str]] = frozenset({"decoding"})
    headline: ClassVar[str] = "bleu4"
    kind: Literal["captioning"] = "captioning"
    decoding: Decoding = Beam()
    """How captions are written by eval, predict and export."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of each word's probability that is spread over the vocabulary in training."""
    tokenization: Literal["simple", "ptb"] = "simple"
    """How captions are taken apart to be judged: `simple` (lower case, no punctuation) gives the same figures on every
    machine; `ptb` is that of published figures and needs Java."""

    java_figures: tuple[Literal["meteor", "spice"], ...] = ("meteor",)
    """Further figures, given where there is Java: `meteor` starts in seconds; `spice` takes minutes, gigabytes and 385
    MB of models that are fetched once."""

    def problems(self) -> Iterator[InputError]:
        """Yield a missing package before anything is trained that could not be judged."""
        yield from super().problems()
        if missing := missing_package():
            yield InputError("kind", missing)

    def loss(self, splits: Splits | None = None) -> Callable[[Any, Any], Any]:
        """Return the cross-entropy of captions (B, N, T) and scores (B, N, T, V), a mean over the words of a batch."""
        from keras import ops

        del splits
        smoothing = self.label_smoothing

        def cross_entropy(captions: Any, scores: Any) -> Any:
            counted = ops.cast(captions != PADDING, scores.dtype)
            lost = ops.sparse_categorical_crossentropy(captions, scores, from_logits=True)
            if smoothing:
                of_all = ops.logsumexp(scores, axis=-1) - ops.mean(scores, axis=-1)
                lost = (1 - smoothing) * lost + smoothing * of_all
            rows = ops.sum(lost * counted, axis=(1, 2))  # (B,)
            # Keras takes the mean over rows; so it becomes the mean over words.
            return rows / ops.maximum(ops.mean(ops.sum(counted, axis=(1, 2))), 1.0)

        return cross_entropy

    def metrics(self, spec: Spec) -> list[keras.metrics.Metric]:
        """Return the perplexity."""
        from .perplexity import Perplexity

        return [Perplexity()]

    def class_weight(self, splits: Splits) -> dict[int, float] | None:
        """Return None: words are not weighted."""
        return None

    def inference(self, model: keras.Model) -> keras.Model:
        """Return the network that writes captions: from images, or features, to what `CaptionSearch` returns."""
        import keras

        from ..layers import CaptionSearch
        from ..layers.recurrent.implementation import ENCODER

        whole = any(layer.name == ENCODER for layer in model.layers)
        features = model.get_layer(ENCODER).output if whole else model.inputs[0]
        decoder, max_words = model.get_layer("decoder"), model.inputs[1].shape[2]
        if (getattr(self.decoding, "top_k", None) or 1) > decoder.vocabulary_size:
            raise InputError(
                "task.decoding.top_k",
                f"is {self.decoding.top_k}, but the vocabulary has {decoder.vocabulary_size} words; lower it",
            )
        search = CaptionSearch(decoder, max_words, **self.decoding.options(), name="search")
        return keras.Model(model.inputs[0], search(features), name=model.name)

    def decode(self, outputs: Any, spec: Spec) -> list[dict[str, Any]]:
        """Return each caption with its words, their probabilities, and where the network looked at each."""
        import numpy as np

        decoded = []
        for row, numbers in enumerate(outputs["words"]):
            words = words_of(numbers, spec.vocabulary)
            probabilities = np.exp(outputs["log_probabilities"][row][: len(words)])
            result = {
                "caption": " ".join(words),
                "score": float(outputs["score"][row]),
                "words": words,
                "probabilities": [float(value) for value in probabilities],
            }
            if "attention" in outputs:
                result["attention"] = outputs["attention"][row][: len(words)].tolist()
            decoded.append(result)
        return decoded

    def evaluate(self, outputs: Any, targets: list[list[str]], spec: Spec) -> dict[str, Any]:
        """Return the figures of captions against each image's references."""
        captions = _sentences(outputs, spec)
        scores = caption_scores(captions, targets, self.tokenization, self.java_figures)
        return {**scores.figures, "examples": len(captions), "tokenization": TOKENIZATIONS[scores.tokenization]}

    def floors(
        self, splits: Splits, split: str, features: Callable[[str], np.ndarray] | None
    ) -> dict[str, dict[str, float]]:
        """Return the figures of two predictors that write nothing of their own.

        One gives every image the most frequent training caption; the other gives it the first caption of the training
        image that is most alike (cosine of the encoder's features). Without training images
        there is no floor.
        """
        if not splits.size("train"):
            return {}
        references, known = splits.targets(split), splits.targets("train")
        counts = Counter(caption.strip().lower() for captions in known for caption in captions)
        frequent = min(counts, key=lambda caption: (-counts[caption], caption))
        guesses = {"most frequent caption": [frequent] * len(references)}
        if features is not None:
            nearest = _nearest(features(split), features("train"), same=split == "train")
            guesses["nearest training image"] = [known[index][0] for index in nearest]
        floors = {}
        for name, captions in guesses.items():
            figures = caption_scores(captions, references, self.tokenization, self.java_figures).figures
            floors[name] = figures | splits.judge(split, {"words": _numbered(captions, splits.spec)})
        return floors

    def rows(self, outputs: Any, targets: list[list[str]], spec: Spec) -> Iterator[dict[str, Any]]:
        """Yield each image's caption, its CIDEr and its references."""
        captions = _sentences(outputs, spec)
        cider = caption_scores(captions, targets, self.tokenization).cider
        for caption, score, references in zip(captions, cider, targets, strict=True):
            yield {"caption": caption, "cider": f"{score:.4f}", "references": " | ".join(references)}

    def figures(self, outputs: Any, splits: Splits, split: str) -> Iterator[tuple[str, str, Figure]]:
        """Yield the images with the best and the worst captions by CIDEr."""
        import keras

        from .. import figures as draw

        references, names = splits.targets(split), splits.names(split)
        cider = caption_scores(_sentences(outputs, splits.spec), references, self.tokenization).cider
        order = [int(index) for index in (-cider).argsort(kind="stable")]
        best, worst = order[:_SHOWN], order[_SHOWN:][-_SHOWN:][::-1]
        images = splits.pictures(split, best + worst)
        for title, chosen in (("Best", best), ("Worst", worst)):
            for rank, index in enumerate(chosen, 1):
                row = keras.tree.map_structure(lambda one, index=index: one[index], outputs)
                heading = f"{title} {rank}: {names[index]}, CIDEr {cider[index]:.2f}"
                figure = draw.caption_panels(images[index], *self._panels(row, splits.spec), references[index])
                yield heading, f"{title.lower()}-{rank}", figure

    def served(self, outputs: Any, spec: Spec) -> dict[str, Any]:
        """Return the outputs with each caption as a sentence, (B,) string."""
        import tensorflow as tf

        written = ["" if number in (PADDING, END) else word for number, word in enumerate(spec.vocabulary)]
        words = tf.gather(tf.constant(written), outputs["words"])  # (B, T)
        return {**outputs, "caption": tf.strings.strip(tf.strings.reduce_join(words, axis=-1, separator=" "))}

    def picture(self, outputs: Any, inputs: np.ndarray, spec: Spec) -> Figure | None:
        """Draw where the network looked at each word; None for a network without attention."""
        from .. import figures as draw

        words, attention = self._panels(outputs, spec)
        return None if attention is None else draw.caption_panels(inputs, words, attention)

    @staticmethod
    def _panels(outputs: Any, spec: Spec) -> tuple[list[str], np.ndarray | None]:
        """Return the words of one caption, and the attention at each, (words, L)."""
        words = words_of(outputs["words"], spec.vocabulary)
        attention = outputs.get("attention")
        return words, None if attention is None else attention[: len(words)]


def _sentences(outputs: Any, spec: Spec) -> list[str]:
    """Return each caption as a sentence."""
    return [" ".join(words_of(numbers, spec.vocabulary)) for numbers in outputs["words"]]


def _numbered(captions: list[str], spec: Spec) -> list[list[int]]:
    """Return each caption as numbers of words, as a network would have written it."""
    numbers = {word: number for number, word in enumerate(spec.vocabulary)}
    return [[numbers.get(word, UNKNOWN) for word in simple_tokens(caption)] for caption in captions]


def _nearest(features: np.ndarray, known: np.ndarray, same: bool) -> list[int]:
    """Return for each row the number of the most similar known one; not itself where both are the same rows."""
    import numpy as np

    def directions(values: np.ndarray) -> np.ndarray:
        return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)

    rows, columns = directions(features), directions(known).T
    nearest: list[int] = []
    for first in range(0, len(rows), _BLOCK):
        likeness = rows[first : first + _BLOCK] @ columns
        if same:
            np.fill_diagonal(likeness[:, first:], -np.inf)
        nearest += likeness.argmax(axis=1).tolist()
    return nearest
