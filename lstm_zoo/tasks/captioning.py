"""Captioning: one sentence an image, written freely and judged by BLEU, ROUGE-L and CIDEr beside two floors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ..contracts import (
    FEATURES,
    Figures,
    InputError,
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
    Words,
)
from ..contracts.words import END, PADDING, UNKNOWN, sentence, takes_blanks, words_in, words_of
from .decoding import Beam, Decoding, Sample
from .metrics.caption_metrics import TOKENIZATIONS, CaptionScores, caption_scores, missing_package

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

_SHOWN = 6  # captions in the report: so many of the best, and of the worst
_MOST_KNOWN = 20_000  # training images among which the nearest is looked for


class Captioning(TaskConfig):
    """One sentence an image; BLEU-1 to 4, ROUGE-L and CIDEr of freely written captions."""

    target: ClassVar[str] = "words"
    monitor: ClassVar[str] = "val_perplexity"
    monitor_mode: ClassVar[str] = "min"
    headline: ClassVar[str] = "bleu4"
    exported_keys: ClassVar[frozenset[str]] = frozenset({"decoding"})
    examples_in_memory: ClassVar[frozenset[str]] = frozenset({"names", "captions", FEATURES})
    floors_need_features: ClassVar[bool] = True
    kind: Literal["captioning"] = "captioning"
    decoding: Decoding = Beam()
    """How captions are written by eval, predict and export."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of each word's probability that is spread over the vocabulary in training."""
    tokenization: Literal["simple", "ptb"] = "simple"
    """How captions are taken apart to be judged: `simple` (lower case, no punctuation) gives the same scores on every
    machine; `ptb` is that of published scores and needs Java."""
    java_figures: tuple[Literal["meteor", "spice"], ...] = ("meteor",)
    """Further scores, given where there is Java: `meteor` starts in seconds; `spice` takes minutes, gigabytes and 385
    MB of models that are fetched once."""

    def problems(self) -> Iterator[InputError]:
        """Yield a missing package before anything is trained that could not be judged."""
        yield from super().problems()
        if missing := missing_package():
            yield InputError("kind", missing)

    def objective(self, spec: Spec, truths: Callable[[], Iterable[list[str]]]) -> Objective:
        """Return the cross-entropy and the perplexity of words."""
        from .metrics.losses import caption_loss
        from .metrics.perplexity import Perplexity

        return Objective(caption_loss(self.label_smoothing), [Perplexity()])

    def network(self, model: keras.Model, spec: Spec) -> keras.Model:
        """Return the network that writes captions: from images, or features, to what `CaptionSearch` returns."""
        import keras

        from ..layers.language.caption_decoder import CaptionDecoder
        from ..layers.language.caption_search import CaptionSearch

        target = _words(spec)
        if isinstance(self.decoding, Sample) and (self.decoding.top_k or 1) > len(target.vocabulary):
            raise InputError(
                "task.decoding.top_k",
                f"is {self.decoding.top_k}, but the vocabulary has {len(target.vocabulary)} words; lower it",
            )
        (decoder,) = (layer for layer in model.layers if isinstance(layer, CaptionDecoder))
        inputs = {name: tensor for name, tensor in model.input.items() if name not in spec.hints}
        features = inputs[FEATURES] if FEATURES in inputs else decoder.input[0]
        options = self.decoding.model_dump(exclude={"kind"})
        search = CaptionSearch(decoder, target.max_words, **options, name="search")
        return keras.Model(inputs, search(features), name=model.name)

    def meanings(self, spec: Spec) -> dict[str, Meaning]:
        told = f"The numbers of the words, from 0 on. Behind the last stands {END} if there is room, then {PADDING}."
        if _words(spec).split == "blanks":
            told += " Blanks part them."
        facts = {"labels": "spec.target.vocabulary", "end": END, "padding": PADDING}
        return {
            "words": Meaning(told, ("words",), facts),
            "log_probabilities": Meaning("Natural logarithm of each word's probability.", ("words",)),
            "score": Meaning("What decides between captions, the higher the better: `config.task.decoding`."),
            "attention": Meaning("Where the network looked at each word, in rows of the image.", ("words", "places")),
            "caption": Meaning("The caption of each image as a sentence, UTF-8."),
        }

    def judge(self, spec: Spec, memory: Memory | None = None) -> Judge:
        """Return a judge of captions against each image's references."""
        return _CaptionJudge(self, _words(spec))

    def memory(self, spec: Spec, training: Iterable[Judged]) -> Memory:
        """Return the most frequent caption; and where there are features, those of images with a caption of each.

        At most 20,000 images are kept; of more, each second, fourth and so on.
        """
        counts, kept, step, split = Counter[str](), [], 1, _words(spec).split
        for number, judged in enumerate(training):
            counts.update(sentence(words_in(caption, split), split) for caption in judged.truth)
            if number % step == 0:
                kept.append(judged)
            if len(kept) > _MOST_KNOWN:
                kept, step = kept[::2], 2 * step
        memory = {"frequent": np.array(min(counts, key=lambda caption: (-counts[caption], caption)))}
        if kept[0].features is not None:
            memory["names"] = np.array([judged.name for judged in kept])
            memory["captions"] = np.array([judged.truth[0] for judged in kept])
            memory[FEATURES] = np.stack([judged.features for judged in kept]).astype(np.float32)
        return memory

    def floors(self, spec: Spec, memory: Memory) -> dict[str, Predictor]:
        """Return two predictors that write nothing of their own.

        One gives every image the most frequent training caption; the other gives it the first caption of the training
        image that is most alike (cosine of the encoder's features), but never of itself.
        """
        target = _words(spec)
        numbers = {word: number for number, word in enumerate(target.vocabulary)}

        def written(caption: str) -> Outputs:
            words = [numbers.get(word, UNKNOWN) for word in words_in(caption, target.split)]
            return {"caption": caption, "words": words}

        frequent = written(str(memory["frequent"]))
        predictors: dict[str, Predictor] = {"most frequent caption": lambda judged: frequent}
        if FEATURES in memory:
            known = _directions(memory[FEATURES]).T
            places = {name: place for place, name in enumerate(memory["names"].tolist())}

            def nearest(judged: Judged) -> Outputs:
                assert judged.features is not None
                (likeness,) = _directions(judged.features[None]) @ known
                if judged.name in places:
                    likeness[places[judged.name]] = -1e9
                return written(str(memory["captions"][likeness.argmax()]))

            predictors["nearest training image"] = nearest
        return predictors

    def result(
        self, outputs: Outputs, spec: Spec, picture: np.ndarray | None = None, memory: Memory | None = None
    ) -> Result:
        """Return the caption with its words, their probabilities, and where the network looked at each."""
        target = _words(spec)
        words, attention = _written(outputs, target)
        caption, figure = sentence(words, target.split), None
        facts = {
            "caption": caption,
            "score": float(outputs["score"]),
            "words": words,
            "probabilities": np.exp(outputs["log_probabilities"][: len(words)]).tolist(),
        }
        if attention is not None:
            facts["attention"] = attention.tolist()
            figure = None if picture is None else lambda: _drawn(picture, caption, words, attention)
        return Result(caption, facts, caption, figure=figure)

    def served(self, outputs: Outputs, spec: Spec) -> Outputs:
        """Return the outputs with each caption as a sentence, (B,) string."""
        import tensorflow as tf

        target = _words(spec)
        written = ["" if number in (PADDING, END) else word for number, word in enumerate(target.vocabulary)]
        blanks = [word != "" and takes_blanks(word, target.split) for word in written]
        words, takes = (tf.gather(tf.constant(of_word), outputs["words"]) for of_word in (written, blanks))  # (B, T)
        between = tf.concat([tf.zeros_like(takes[:, :1]), takes[:, :-1] & takes[:, 1:]], axis=1)
        return {**outputs, "caption": tf.strings.reduce_join(tf.where(between, " " + words, words), axis=-1)}


class _CaptionJudge(Judge):
    """Scores of captions, worked out once for all that is told of them."""

    def __init__(self, task: Captioning, target: Words):
        self._task, self._target = task, target
        self._captions: list[str] = []
        self._written: list[tuple[list[str], np.ndarray | None]] = []
        self._judged: list[Judged] = []
        self._scores: CaptionScores | None = None

    def add(self, outputs: Outputs, judged: Judged) -> None:
        """Take the words for one image; `caption` counts in their place where it is given, as people wrote it."""
        words, attention = _written(outputs, self._target)
        self._captions.append(outputs.get("caption", sentence(words, self._target.split)))
        self._written.append((words, attention))
        self._judged.append(judged)
        self._scores = None

    def scores(self) -> dict[str, Any]:
        """Return the scores of the captions."""
        tokenization = TOKENIZATIONS[self._task.tokenization]
        if self._target.split == "characters":
            tokenization += "; each character of writing without blanks is a word"
        return {**self._worked_out().of_set, "examples": len(self._captions), "tokenization": tokenization}

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each image's caption, its CIDEr and its references."""
        for caption, cider, judged in zip(self._captions, self._worked_out().cider, self._judged, strict=True):
            yield {"caption": caption, "cider": f"{cider:.4f}", "references": " | ".join(judged.truth)}

    def figures(self, pictures: Pictures) -> Figures:
        """Yield the images with the best and the worst captions by CIDEr."""
        from .figures.extremes import extremes

        cider = self._worked_out().cider
        for title, name, index, image in extremes(cider.tolist(), range(len(cider)), _SHOWN, pictures):
            judged = self._judged[index]
            figure = _drawn(image, self._captions[index], *self._written[index], judged.truth)
            yield f"{title}: {judged.name}, CIDEr {cider[index]:.2f}", name, figure

    def _worked_out(self) -> CaptionScores:
        if self._scores is None:
            references, task = [judged.truth for judged in self._judged], self._task
            options = (task.tokenization, task.java_figures, self._target.split)
            self._scores = caption_scores(self._captions, references, *options)
        return self._scores


def _words(spec: Spec) -> Words:
    assert isinstance(spec.target, Words), spec.target.kind
    return spec.target


def _written(outputs: Outputs, target: Words) -> tuple[list[str], np.ndarray | None]:
    """Return the words of one caption, and the attention at each, (words, L)."""
    words = words_of(outputs["words"], target.vocabulary)
    attention = outputs.get("attention")
    return words, None if attention is None else attention[: len(words)]


def _drawn(*shown: Any) -> Figure:
    from .figures.caption_panels import caption_panels

    return caption_panels(*shown)


def _directions(rows: np.ndarray) -> np.ndarray:
    """Return vectors (N, D) of length 1."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
