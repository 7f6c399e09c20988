"""What decoders of captions share: words in, scores of the next word out; trained on whole captions, used word by word.

N captions of one image are decoded together: its references in training, its beams in a search. What depends on the
image alone is computed once for all of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import keras
from keras import ops

from ...contracts.words import PADDING, START, UNWRITTEN
from ..composed import Composed

NEVER = -1e9  # a logarithm of a probability that nothing real comes near


class CaptionDecoder(Composed, ABC):
    """Base of the decoders: `step` decodes a word, `teacher_forced` all words of captions that are known.

    Args:
        vocabulary_size: Number of words, V.
        embedding_units: Width E of the words' vectors.
        units: Units U of the LSTM.
        dropout: Share of the words' vectors, and of the vector before the scores, that is dropped in training.
        tied: Score words by the vectors that they are embedded by, instead of by a matrix of their own.
        scheduled_sampling: Greatest share of the words shown in training that are drawn from the network's own scores
            instead of the caption (Bengio et al. 2015, arXiv 1506.03099). Differs from the paper: the scores are those
            of a first pass over the true caption, so that all words are drawn at once.
        sampling_steps: Training steps over which that share rises from zero.

    Call arguments:
        features: What the encoder makes of an image, (B, D) or (B, L, D).
        captions: Words' numbers, with the end and then padding, (B, N, T); word t is scored from those before it.

    Returns:
        Scores (logits) of each word, (B, N, T, V) float32.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_units: int = 256,
        units: int = 512,
        dropout: float = 0.5,
        tied: bool = False,
        scheduled_sampling: float = 0.0,
        sampling_steps: int = 1000,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.embedding_units = embedding_units
        self.units = units
        self.dropout = dropout
        self.tied = tied
        self.scheduled_sampling = scheduled_sampling
        self.sampling_steps = sampling_steps
        self.embedding = self.part(keras.layers.Embedding, vocabulary_size, embedding_units, name="embedding")
        self.drop_words = self.part(keras.layers.Dropout, dropout, name="drop_words")
        self.drop_output = self.part(keras.layers.Dropout, dropout, name="drop_output")
        self.seed_generator = keras.random.SeedGenerator()

    def first_layers(self):
        """Return layers that make the LSTM's first h and c of an image's vector."""
        return [self.part(keras.layers.Dense, self.units, "tanh", name=name) for name in ("first_h", "first_c")]

    def build_words(self, width: int) -> None:
        """Build the word vectors and what scores words from vectors of a width."""
        self.embedding.build((None,))
        if self.tied:
            assert width == self.embedding_units, "tied scores need vectors as wide as the words'"
            self.score_bias = self.add_weight(shape=(self.vocabulary_size,), initializer="zeros", name="score_bias")
        else:
            self.score = self.part(keras.layers.Dense, self.vocabulary_size, name="score")
            self.score.build((None, width))
        if self.scheduled_sampling:
            options = {
                "initializer": "zeros",
                "trainable": False,
                "autocast": False,
                "aggregation": "only_first_replica",
            }
            self.steps_taken = self.add_weight(shape=(), dtype="float32", **options, name="steps_taken")

    def memory(self, features) -> Any:
        """Return what the decoder keeps of an image, for all words and captions."""
        return features

    @abstractmethod
    def first_state(self, memory) -> tuple:
        """Return the state before the first word; tensors (B, 1, U)."""

    @abstractmethod
    def step(self, memory, state: tuple, words) -> tuple[Any, tuple, Any]:
        """Return scores of the next word (B, N, V), the state after, and the attention to regions (B, N, L) or None.

        Args:
            memory: `memory(features)`.
            state: The state before, tensors (B, N, U).
            words: The words before, (B, N).
        """

    @abstractmethod
    def teacher_forced(self, features, words_before, counted, training) -> Any:
        """Return the scores of all words, (B, N, T, V).

        Args:
            features: As in `call`.
            words_before: The word before each, (B, N, T).
            counted: Which of them are words of a caption, and no padding, (B, N, T) bool.
            training: Whether dropout and penalties are on.
        """

    def call(self, features, captions, training=False):
        before = ops.concatenate([ops.full_like(captions[:, :, :1], START), captions[:, :, :-1]], axis=2)  # (B, N, T)
        counted = captions != PADDING
        if training and self.scheduled_sampling:
            before = self._partly_sampled(features, before, counted)
        return self.teacher_forced(features, before, counted, training)

    def scores(self, vectors):
        """Return words' scores, (..., V) float32, from vectors."""
        if not self.tied:
            return ops.cast(self.score(vectors), "float32")
        embeddings, bias = (ops.cast(one, vectors.dtype) for one in (self.embedding.embeddings, self.score_bias))
        return ops.cast(ops.matmul(vectors, ops.transpose(embeddings)) + bias, "float32")

    def unwritten(self):
        """Return what is added to scores so that padding, unknown words and the start are never chosen, (V,)."""
        return ops.where(ops.arange(self.vocabulary_size) < len(UNWRITTEN), NEVER, 0.0)

    def _partly_sampled(self, features, before, counted):
        """Return the words before, some replaced by what the network would have written there."""
        self.steps_taken.assign_add(1.0)
        share = self.scheduled_sampling * ops.minimum(1.0, self.steps_taken / self.sampling_steps)
        scores = ops.stop_gradient(self.teacher_forced(features, before, counted, False))
        noise = keras.random.uniform(ops.shape(scores), 1e-6, 1.0, seed=self.seed_generator)
        keys = scores + self.unwritten() - ops.log(-ops.log(noise))  # the greatest is a draw from the softmax
        own = ops.cast(ops.argmax(keys, axis=-1), before.dtype)
        own = ops.concatenate([before[:, :, :1], own[:, :, :-1]], axis=2)
        chance = keras.random.uniform(ops.shape(before), seed=self.seed_generator)
        return ops.where(ops.logical_and(chance < share, counted), own, before)

    def compute_output_spec(self, features, captions, training=False):
        return keras.KerasTensor((*captions.shape, self.vocabulary_size), "float32")

    def get_config(self):
        names = "vocabulary_size embedding_units units dropout tied scheduled_sampling sampling_steps".split()
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
