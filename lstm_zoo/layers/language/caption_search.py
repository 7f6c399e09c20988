"""Writing captions: greedy choice, beam search and sampling, in the graph and for a whole batch at once."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ...contracts.words import END, PADDING, START
from .caption_decoder import NEVER, CaptionDecoder


@keras.saving.register_keras_serializable("lstm_zoo")
class CaptionSearch(keras.layers.Layer):
    """Writes a caption for each image, word by word.

    With `width` beams, the best continuations of all beams are kept at each word. A beam that has reached its end
    keeps its place and stops; the others share the remaining places, so before the last place finished captions do not
    compete with unfinished ones. A caption that fills all T places is over there, without its end. Then the best by
    `log p / words ** length_normalization` is taken. A width of 1 is the greedy choice. Padding, unknown words and the
    start are never written, and get no share of probability.

    With a `temperature`, words are drawn by chance instead (width 1): a function of `seed` and of an image's scores
    alone, so that a caption is the same alone and within a batch. Probabilities are told as without temperature.

    Args:
        decoder: A `CaptionDecoder`.
        max_words: Longest caption T, its end included.
        width: Number of beams, N.
        length_normalization: Exponent by which long captions are favoured; 0: probability alone decides.
        temperature: What scores are divided by before words are drawn; None: words are not drawn.
        top_k: Draw out of the so many best words; None: out of all.
        seed: Seed of what is drawn.

    Input shape:
        Features of images, (B, D) or (B, L, D).

    Returns:
        A dict: `words` (B, T) int32, with the end and then padding; `log_probabilities` of each word (B, T), 0 for
        padding; `score` (B,); and from decoders with attention `attention` (B, T, L).
    """

    def __init__(
        self,
        decoder: CaptionDecoder,
        max_words: int,
        width: int = 1,
        length_normalization: float = 0.0,
        temperature: float | None = None,
        top_k: int | None = None,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        assert temperature is None or width == 1, "words are drawn for one caption"
        self.decoder = decoder
        self.max_words = max_words
        self.width = width
        self.length_normalization = length_normalization
        self.temperature = temperature
        self.top_k = top_k
        self.seed = seed

    def build(self, features_shape):
        if not self.decoder.built:
            self.decoder.build(features_shape, (None, None, self.max_words))
        self.noise = None
        if self.temperature is not None:
            # Gumbel noise (T, V) makes the greatest of scores plus noise a draw; it is the same for all images. As an
            # array of its own, it spares exported networks a generator of random numbers.
            shape = (self.max_words, self.decoder.vocabulary_size)
            noise = -ops.log(-ops.log(keras.random.uniform(shape, 1e-7, 1.0, seed=self.seed)))
            self.noise = ops.convert_to_numpy(noise)
        self.built = True

    def call(self, features):
        memory = self.decoder.memory(features)

        def more(place, beams):
            alive = ops.logical_and(ops.logical_not(beams["finished"]), beams["total"] > NEVER / 2)
            return ops.logical_and(place < self.max_words, ops.any(alive))

        def write(place, beams):
            return place + 1, self._one_word(memory, place, beams)

        _, beams = ops.while_loop(more, write, (ops.convert_to_tensor(0, "int32"), self._begin(features, memory)))
        return self._best(beams)

    def _begin(self, features, memory) -> dict[str, Any]:
        """Return the beams before the first word; all but the first are impossible, since they would be the same."""
        state = [ops.repeat(one, self.width, axis=1) for one in self.decoder.first_state(memory)]
        zeros = ops.zeros_like(state[0][:, :, 0], dtype="float32")  # (B, N)
        places = ops.zeros((self.max_words,), "float32")
        beams = {
            "state": state,
            "last": ops.full_like(zeros, START, dtype="int32"),
            "total": zeros + ops.convert_to_tensor([0.0] + [NEVER] * (self.width - 1)),
            "finished": ops.zeros_like(zeros, dtype="bool"),
            "words": ops.cast(zeros[..., None] + places, "int32") + PADDING,  # (B, N, T)
            "log_probabilities": zeros[..., None] + places,
        }
        if len(features.shape) == 3:
            beams["attention"] = zeros[..., None, None] + ops.zeros((self.max_words, features.shape[1]), "float32")
        return beams

    def _one_word(self, memory, place, beams) -> dict[str, Any]:
        """Return the beams after one more word."""
        scores, state, attention = self.decoder.step(memory, beams["state"], beams["last"])
        log_probabilities = ops.log_softmax(scores + self.decoder.unwritten(), axis=-1)  # (B, N, V)
        totals = ops.where(beams["finished"], NEVER, beams["total"])[..., None] + log_probabilities
        source, words, gained = self._choose(beams["finished"], totals, self._keys(totals, place))

        def before(name):
            return self._taken(beams[name], source)

        kept = before("finished")
        total, words = ops.where(kept, before("total"), gained), ops.where(kept, PADDING, words)
        log_probability = total - before("total")
        here = ops.arange(self.max_words) == place  # (T,)
        after = {
            "state": [self._taken(one, source) for one in state],
            "last": words,
            "total": total,
            "finished": ops.logical_or(kept, words == END),
            "words": ops.where(here, words[..., None], before("words")),
            "log_probabilities": ops.where(here, log_probability[..., None], before("log_probabilities")),
        }
        if attention is not None:
            attention = ops.where(kept[..., None], 0.0, self._taken(ops.cast(attention, "float32"), source))
            after["attention"] = ops.where(here[:, None], attention[:, :, None], before("attention"))  # (B, N, T, L)
        return after

    def _choose(self, finished, totals, keys) -> tuple[Any, Any, Any]:
        """Return for each place the beam it continues, the word, and the total: finished beams, then the best keys."""
        size = totals.shape[-1]
        flat_totals, flat_keys = (ops.reshape(one, (-1, self.width * size)) for one in (totals, keys))
        if self.width == 1:
            _, best = ops.top_k(flat_keys, 1)  # `argmax` compares by the bits of floats, for which ONNX has no op
            return ops.zeros_like(best), ops.cast(best, "int32"), ops.take_along_axis(flat_totals, best, axis=1)
        best_keys, best = ops.top_k(flat_keys, self.width)  # (B, N)
        stays = ops.where(finished, -NEVER, 2 * NEVER)
        _, order = ops.top_k(ops.concatenate([stays, best_keys], axis=1), self.width)  # (B, N) out of 2 N
        beams = ops.broadcast_to(ops.arange(self.width, dtype="int32"), ops.shape(best))
        candidates = (
            ops.concatenate([beams, best // size], axis=1),
            ops.concatenate([beams * 0, best % size], axis=1),
            ops.concatenate([stays, best_keys], axis=1),
        )
        return tuple(ops.take_along_axis(one, order, axis=1) for one in candidates)

    def _keys(self, totals, place):
        """Return by what continuations are chosen: their totals, or scores with noise where words are drawn."""
        if self.noise is None:
            return totals
        if self.top_k is not None:
            least = ops.top_k(totals, self.top_k)[0][..., -1:]
            totals = ops.where(totals < least, NEVER, totals)
        return totals / self.temperature + ops.take(self.noise, place, axis=0)

    def _taken(self, of_beams, source):
        """Return (B, N, ...) with the beams taken from places (B, N)."""
        if self.width == 1:
            return of_beams
        trailing = of_beams.shape[2:]
        first = ops.arange(ops.shape(source)[0], dtype="int32")[:, None] * self.width
        rows = ops.take(ops.reshape(of_beams, (-1, *trailing)), ops.cast(source, "int32") + first, axis=0)
        return ops.reshape(rows, (-1, self.width, *trailing))

    def _best(self, beams) -> dict[str, Any]:
        """Return the best beam of each image."""
        lengths = ops.sum(ops.cast(beams["words"] != PADDING, "float32"), axis=-1)
        scores = beams["total"] / ops.maximum(lengths, 1.0) ** self.length_normalization
        _, best = ops.top_k(scores, 1)  # (B, 1)

        def chosen(name):
            values = beams[name]
            index = ops.reshape(best, (-1, *[1] * (len(values.shape) - 1)))
            return ops.squeeze(ops.take_along_axis(values, index, axis=1), axis=1)

        outputs = {name: chosen(name) for name in ("words", "log_probabilities", "attention") if name in beams}
        return {**outputs, "score": ops.squeeze(ops.take_along_axis(scores, best, axis=1), axis=1)}

    def compute_output_spec(self, features):
        row = (features.shape[0], self.max_words)
        shapes = {"log_probabilities": row, "score": row[:1]}
        if len(features.shape) == 3:
            shapes["attention"] = (*row, features.shape[1])
        outputs = {name: keras.KerasTensor(shape, "float32") for name, shape in shapes.items()}
        return {"words": keras.KerasTensor(row, "int32"), **outputs}

    def get_config(self):
        names = ("max_words", "width", "length_normalization", "temperature", "top_k", "seed")
        own = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **own, "decoder": keras.saving.serialize_keras_object(self.decoder)}

    @classmethod
    def from_config(cls, config):
        return cls(decoder=keras.saving.deserialize_keras_object(config.pop("decoder")), **config)
