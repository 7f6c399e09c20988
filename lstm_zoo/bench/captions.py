"""Captions: written in the graph for a whole batch, against a call of `predict` a word."""

from __future__ import annotations

import itertools
import math
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contracts.words import END, START
from .row import BOTH, Contender, Context, Row, Work, random_array, repeated

if TYPE_CHECKING:
    import keras


def greedy_captions(context: Context) -> list[Row]:
    """Greedy captions of 15 words by `show_attend_tell`, 64 images at once, against one `predict` a word."""
    contenders = {"ours": Contender(partial(_searched, 1)), "a predict a word": Contender(_predict_a_word, plain=True)}
    return [Row("captions, greedy", "caption", contenders, BOTH)]


def beam_captions(context: Context) -> list[Row]:
    """The same by beam search with 3 beams, beside greedy choice."""
    contenders = {"ours": Contender(partial(_searched, 3)), "ours, greedy": Contender(partial(_searched, 1))}
    return [Row("captions, beam of 3", "caption", contenders, BOTH)]


def _decoder(context: Context) -> tuple[keras.layers.Layer, Any, int]:
    """Return a decoder that never ends a caption early, features of a batch of images, and the caption's length."""
    from ..layers import ShowAttendTellDecoder

    batch, regions, width, vocabulary, num_words = (4, 4, 8, 20, 5) if context.quick else (64, 49, 512, 5000, 15)
    decoder = ShowAttendTellDecoder(vocabulary, width, width, attention_units=width)
    features = random_array(batch, regions, width)
    decoder(features, np.full((batch, 1, num_words), END + 1, "int32"))
    bias = np.zeros(vocabulary, "float32")
    bias[END] = -1e4
    decoder.score.bias.assign(bias)
    return decoder, features, num_words


def _searched(width: int, context: Context) -> Work:
    """Return captions written by `CaptionSearch`."""
    import keras

    from ..layers import CaptionSearch

    decoder, features, num_words = _decoder(context)
    inputs = keras.Input(features.shape[1:])
    model = keras.Model(inputs, CaptionSearch(decoder, num_words, width=width)(inputs))

    def work(captions: int) -> float:
        batches = math.ceil(captions / len(features))
        started = time.perf_counter()
        for _ in range(batches):
            model.predict_on_batch(features)
        return (time.perf_counter() - started) * captions / (batches * len(features))

    return work


def _predict_a_word(context: Context) -> Work:
    """Return captions written as tutorials do: for each image and each word, one `predict` of a one-step model."""
    import keras

    decoder, features, num_words = _decoder(context)

    class Step(keras.layers.Layer):
        """One word of a caption; the regions' part of the attention is computed again each time."""

        def __init__(self):
            super().__init__()
            self.decoder = decoder

        def call(self, regions, words, h, c):
            scores, state, _ = self.decoder.step(self.decoder.memory(regions), (h, c), words)
            return scores, *state

    inputs = [keras.Input(features.shape[1:]), keras.Input((1,), dtype="int32")]
    inputs += [keras.Input((1, decoder.units)) for _ in range(2)]  # h, c
    step = keras.Model(inputs, Step()(*inputs))
    images = itertools.cycle(features)

    def caption() -> None:
        image, before = next(images)[None], np.full((1, 1), START, "int32")
        h, c = (np.asarray(one) for one in decoder.first_state(decoder.memory(image)))
        for _ in range(num_words):
            scores, h, c = step.predict([image, before, h, c], verbose=0)
            before = scores.argmax(axis=-1).astype("int32")

    return repeated(caption)
