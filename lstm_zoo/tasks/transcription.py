"""Transcription: the text of each line, learned with CTC and judged by errors of letters and of words."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from ..contracts import (
    LOG_PROBABILITIES,
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
    Text,
)
from .ctc.character_model import CharacterModel
from .ctc.decoding import ORDER, BestPath, Decoding
from .ctc.reading import Reading, as_text

if TYPE_CHECKING:
    import keras

_SHOWN = 6  # lines in the report: so many of the best, and of the worst
_COMPARED = 200  # training texts among which the best constant answer is looked for


class Transcription(TaskConfig):
    """The text of each line; errors of letters (CER) and of words (WER) over all lines."""

    target: ClassVar[str] = "text"
    monitor: ClassVar[str] = "val_cer"
    monitor_mode: ClassVar[str] = "min"
    headline: ClassVar[str] = "letter_accuracy"
    score_of_class: ClassVar[str] = "letter accuracy"
    class_noun: ClassVar[str] = "group"
    kind: Literal["transcription"] = "transcription"
    decoding: Decoding = BestPath()
    """How lines are read from the network's outputs by eval and predict; another may be tried on a finished run."""

    def objective(self, spec: Spec, truths: Callable[[], Iterable[str]]) -> Objective:
        """Return CTC's loss, and the errors of greedy answers."""
        import keras

        from .metrics.ctc_loss import ctc_loss
        from .metrics.letter_errors import LetterErrors

        compiles = keras.backend.backend() != "tensorflow"  # whose kernels of CTC and of edits XLA does not know
        return Objective(ctc_loss, [LetterErrors()], remark=_plateau, compiles=compiles)

    def network(self, model: keras.Model, spec: Spec) -> keras.Model:
        """Return the network that gives the log probabilities of letters at each step, (B, S, K + 1)."""
        import keras

        outputs = keras.layers.Activation("log_softmax", dtype="float32", name=LOG_PROBABILITIES)(model.output)
        return keras.Model(model.input, {LOG_PROBABILITIES: outputs}, name=model.name)

    def meanings(self, spec: Spec) -> dict[str, Meaning]:
        blank = len(_target(spec).alphabet)
        told = (
            "Natural logarithms of the probabilities of the letters, and last of CTC's blank, at each step, from left "
            "to right. The text: the most probable one of each step; of equal ones in a row the first; without blanks."
        )
        facts = {"labels": "spec.target.alphabet", "blank": blank, "pixels_per_step": _target(spec).pixels_per_step}
        text = Meaning("The text of each line, UTF-8, as the most probable letter of each step tells it.")
        return {LOG_PROBABILITIES: Meaning(told, ("steps", "letters"), facts), "text": text}

    def memory(self, spec: Spec, training: Iterable[Judged]) -> Memory:
        """Return the training text that is nearest to the others, and how often letters follow others."""
        texts = [judged.truth for judged in training]
        return {"constant": np.array(_most_central(texts)), **CharacterModel.counted(texts, ORDER).to_arrays()}

    def judge(self, spec: Spec, memory: Memory | None = None) -> Judge:
        return _TextJudge(_target(spec), self._reader(spec, memory))

    def floors(self, spec: Spec, memory: Memory) -> dict[str, Predictor]:
        """Return two predictors that look at nothing: no letter at all, and one text for all lines."""
        constant = str(memory["constant"])
        return {"empty answer": lambda judged: {"text": ""}, "best constant line": lambda judged: {"text": constant}}

    def result(
        self, outputs: Outputs, spec: Spec, picture: np.ndarray | None = None, memory: Memory | None = None
    ) -> Result:
        """Return the text with its letters, where each was seen, and how sure the network is of it."""
        log_probabilities = outputs[LOG_PROBABILITIES]
        reading = as_text(self._reader(spec, memory)(log_probabilities), _target(spec))
        steps, figure = float(max(len(log_probabilities), 1)), None
        if picture is not None:
            steps = picture.shape[1] / _target(spec).pixels_per_step  # the last one reaches beyond the picture
        letters = [
            {
                "letter": one.text,
                "left": one.start / steps,
                "right": min(one.end / steps, 1.0),
                "confidence": one.confidence,
            }
            for one in reading.letters
        ]
        if picture is not None:
            from .figures.line_panels import line_panels

            figure = lambda: line_panels(picture, log_probabilities, reading, _target(spec).alphabet)  # noqa: E731
        facts = {"text": reading.text, "confidence": reading.confidence, "letters": letters}
        return Result(reading.text, facts, reading.text, figure=figure)

    def served(self, outputs: Outputs, spec: Spec) -> Outputs:
        """Return the outputs with the greedy text of each line, (B,) string."""
        import tensorflow as tf

        target, best = _target(spec), tf.argmax(outputs[LOG_PROBABILITIES], axis=-1, output_type=tf.int32)  # (B, S)
        letters = tf.gather(tf.constant([*target.alphabet, ""]), best)  # the blank spells nothing
        new = tf.concat([tf.ones_like(best[:, :1], tf.bool), best[:, 1:] != best[:, :-1]], axis=1)
        text = tf.strings.reduce_join(tf.where(new, letters, ""), axis=-1)
        if target.single_spaces:
            text = tf.strings.strip(tf.strings.regex_replace(text, " +", " "))
        return {**outputs, "text": text}

    def _reader(self, spec: Spec, memory: Memory | None) -> Callable[[np.ndarray], Reading]:
        return self.decoding.reader(_target(spec).alphabet, memory)


class _TextJudge(Judge):
    """Errors of all lines, and of those of each group: as a table has it (`notes`), or else of each folder."""

    def __init__(self, target: Text, reader: Callable[[np.ndarray], Reading]):
        from .metrics.text_errors import TextErrors

        self._target, self._reader = target, reader
        self._all = TextErrors(target.alphabet)
        self._of_group = defaultdict(lambda: TextErrors(target.alphabet))
        self._read: list[tuple[str, float, Judged]] = []

    def add(self, outputs: Outputs, judged: Judged) -> None:
        """Take the outputs for one line; `text` counts in their place where it is given."""
        text, confidence = outputs.get("text"), 1.0
        if text is None:
            reading = as_text(self._reader(outputs[LOG_PROBABILITIES]), self._target)
            text, confidence = reading.text, reading.confidence
        self._read.append((text, confidence, judged))
        self._all.add(text, judged.truth)
        self._of_group[judged.notes or judged.name.rpartition("/")[0]].add(text, judged.truth)

    def scores(self) -> dict[str, Any]:
        """Return rates of errors, what they consist of, and the accuracy of each group where there are several."""
        scores = self._all.scores()
        if len(self._of_group) > 1:
            scores["per_class"] = {name: 1 - errors.rate for name, errors in sorted(self._of_group.items())}
        unknown, confusions = scores["unknown_letters"], scores["confusions"]
        remarks = []
        if unknown:
            counts = ", ".join(f"{_shown(letter)} {times} times" for letter, times in unknown.items())
            remarks.append(f"letters that the training texts lack, each an error: {counts}")
        if confusions:
            named = (
                f"{_shown(one['truth'])} -> {_shown(one['answer'])} {one['times']} times" for one in confusions[:10]
            )
            remarks.append(f"most frequent errors (truth -> answer): {', '.join(named)}")
        return {**scores, "remarks": remarks}

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each line's text, its truth, edits, and how sure the network was."""
        for (text, confidence, judged), edits in zip(self._read, self._all.edits, strict=True):
            yield {"text": text, "truth": judged.truth, "edits": edits, "confidence": f"{confidence:.4f}"}

    def figures(self, pictures: Pictures) -> Figures:
        """Yield the lines with the fewest and with the most errors."""
        from .figures.extremes import extremes
        from .figures.line_panels import answer_panel

        accuracy = [-edits / max(len(one[2].truth), 1) for one, edits in zip(self._read, self._all.edits, strict=True)]
        for title, name, index, picture in extremes(accuracy, range(len(accuracy)), _SHOWN, pictures):
            text, _, judged = self._read[index]
            told = f"{title}: {judged.name}, {self._all.edits[index]} edits of {len(judged.truth)} letters"
            yield told, name, answer_panel(picture, text, judged.truth)


def _plateau(figures: Mapping[str, float]) -> str:
    """Say that a network answers with blanks alone, as all do at first: each letter then is one edit."""
    return "answers are still empty" if figures.get("val_cer", figures["cer"]) == 1 else ""


def _target(spec: Spec) -> Text:
    assert isinstance(spec.target, Text), spec.target.kind
    return spec.target


def _shown(letter: str) -> str:
    """Return a letter as it is told in a sentence; "" stands for no letter."""
    if not letter or letter == " ":
        return "space" if letter else "nothing"
    if unicodedata.combining(letter):
        return "\u25cc" + letter
    return letter if letter.isalnum() else f"'{letter}'"


def _most_central(texts: list[str]) -> str:
    """Return the text that is nearest to all others, in edits; of many, among some."""
    from .metrics.text_errors import letter_edits

    some = list(islice(texts, 0, None, max(1, len(texts) // _COMPARED)))
    return min(some, key=lambda text: sum(letter_edits(text, other) for other in some))
