"""How probable a character is after others: n-grams with the smoothing of Witten and Bell.

Witten and Bell, "The zero-frequency problem", IEEE Transactions on Information Theory, 1991.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

_START = "\x02"  # "start of text", which no text holds


class CharacterModel:
    """Probabilities of characters after those before them, by how often texts hold both."""

    def __init__(self, ngrams: Mapping[str, int], order: int):
        """Keep the counts.

        Args:
            ngrams: How often each sequence of 1 to `order` characters occurs.
            order: Characters of the longest.
        """
        self._ngrams, self._order = ngrams, order
        self._window = slice(1 - order, None) if order > 1 else slice(0)  # what a character's probability depends on
        self._followed: Counter[str] = Counter()  # how often each history occurs before a character,
        self._followers: Counter[str] = Counter()  # and before how many different ones
        for ngram, count in ngrams.items():
            self._followed[ngram[:-1]] += count
            self._followers[ngram[:-1]] += 1
        self._known: dict[tuple[str, str], float] = {}

    @classmethod
    def counted(cls, texts: Iterable[str], order: int = 5) -> CharacterModel:
        """Return the model of some lines of text, which sees the `order - 1` characters before each."""
        ngrams: Counter[str] = Counter()
        for text in texts:
            line = _START + text
            for end in range(2, len(line) + 1):  # the start of a line is only ever history
                ngrams.update(line[start:end] for start in range(max(end - order, 0), end))
        return cls(ngrams, order)

    def log_probability(self, history: str, letter: str) -> float:
        """Return the natural logarithm of a character's probability after a line's text so far.

        The probabilities of the characters that were counted sum to 1. Another counts like one of them that was never
        seen after anything: its probability comes on top.
        """
        context = (_START + history)[self._window]
        if (known := self._known.get((context, letter))) is None:
            known = self._known[context, letter] = math.log(self._probability(context, letter))
        return known

    def _probability(self, context: str, letter: str) -> float:
        """Mix the estimates of longer and longer histories, from all characters alike to the whole context."""
        probability = 1 / max(self._followers[""], 1)
        for start in range(len(context), -1, -1):
            history = context[start:]
            if not (followers := self._followers.get(history, 0)):
                break  # nor does a longer one occur
            seen = self._ngrams.get(history + letter, 0)
            probability = (seen + followers * probability) / (self._followed[history] + followers)
        return probability

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the model as arrays that an .npz file keeps without pickling."""
        return {
            "ngrams": np.array(list(self._ngrams), dtype=np.str_),
            "counts": np.array(list(self._ngrams.values()), dtype=np.int64),
            "order": np.array(self._order, dtype=np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> CharacterModel:
        """Return the model that `to_arrays` wrote."""
        ngrams = zip(arrays["ngrams"].tolist(), arrays["counts"].tolist(), strict=True)
        return cls(dict(ngrams), int(arrays["order"]))
