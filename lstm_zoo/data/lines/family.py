"""How lines of text are stored, and how they are shown with their letters as numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from ...contracts import LOG_PROBABILITIES, Outputs, Spec, Text
from ...contracts.text import UNKNOWN
from ..pipeline.family import TARGET, Family, Record, Row, target_of
from .letters import letter_counts, numbered
from .line_config import LineAugment
from .line_pixels import vary


class TextLines(Family):
    """Lines as arrays (H, W, 1) uint8, all of one height, each of its own width.

    Args:
        spec: Height of the lines, and the alphabet.
        augment: How training lines are varied.
    """

    keep = "disk"  # in any order, so that lines of alike widths can be put together

    def __init__(self, spec: Spec, augment: LineAugment):
        super().__init__(spec)
        assert isinstance(spec.target, Text)
        self._text = spec.target
        self._shape = spec.inputs["line"].shape
        self._augment = augment
        self.augmented = augment != LineAugment()
        self.trained_as_evaluated = not self.augmented
        self.shown_by = f"{augment.model_dump_json()}-{self._shape}"

    def features(self) -> dict[str, Any]:
        return {"line": tfds.features.Tensor(shape=self._shape, dtype=np.uint8, encoding="zlib")}

    def row(self, record: Record) -> dict[str, str]:
        return {"width": str(record["line"].shape[1])}

    def measures(self, record: Record, target: str) -> dict[str, float]:
        width = record["line"].shape[1]
        return {"width": width, "letters": len(target), "pixels a letter": width / len(target)}

    def lengths(self, rows: Sequence[Row]) -> np.ndarray:
        """Return the width of each line, in pixels."""
        return np.array([int(row["width"]) for row in rows])

    def facts(self, rows: Sequence[Row]) -> np.ndarray:
        """Return all texts as numbers of letters."""
        return numbered([target_of(row) for row in rows], self._text.alphabet)

    def known(self, facts: np.ndarray, numbers: np.ndarray, epoch: int) -> dict[str, np.ndarray]:
        """Return the letters of some lines, (n, L) int32."""
        return {TARGET: facts[numbers]}

    def train(self, record: Record, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return a varied line, (H, W, 1) uint8, and its width."""
        line = vary(record["line"], self._augment, seed) if self.augmented else record["line"]
        return _with_width(tf.ensure_shape(line, self._shape))

    def show(self, record: Record) -> dict[str, tf.Tensor]:
        """Return the line, (1, H, W, 1) uint8, and its width, (1,)."""
        return {name: tensor[tf.newaxis] for name, tensor in _with_width(record["line"]).items()}

    def merge(self, row: Row, views: Iterator[Outputs]) -> Outputs:
        """Return the outputs for a line as wide as it is, without the steps that filled up its batch."""
        outputs = super().merge(row, views)
        steps = -(-int(row["width"]) // self._text.pixels_per_step)
        return {**outputs, LOG_PROBABILITIES: outputs[LOG_PROBABILITIES][:steps]}

    def truths(self, rows: Sequence[Row], records: Callable[[], Iterable[Record]]) -> Iterator[str]:
        yield from map(target_of, rows)

    def counts(self, facts: np.ndarray, truths: Callable[[], Iterable[Any]]) -> dict[str, int]:
        """Return the number of letters, of those that the alphabet lacks, and of each one."""
        texts = list(truths())
        told = {"letters": sum(map(len, texts)), "letters unknown": int((facts == UNKNOWN).sum())}
        return {**told, **letter_counts(texts)}

    def picture(self, record: Record, shown: Mapping[str, np.ndarray] | None = None) -> np.ndarray:
        """Return the line as the network sees it, (H, W) uint8."""
        del shown
        return np.asarray(record["line"])[..., 0]


def _with_width(line: tf.Tensor) -> dict[str, tf.Tensor]:
    return {"line": line, "width": tf.shape(line)[1]}
