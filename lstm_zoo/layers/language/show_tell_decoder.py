"""The decoder of Show and Tell (Vinyals et al., CVPR 2015, arXiv 1411.4555): the image sets the LSTM's first state."""

from __future__ import annotations

import keras
from keras import ops

from ..recurrent.lstm import LSTM
from .caption_decoder import CaptionDecoder


@keras.saving.register_keras_serializable("lstm_zoo")
class ShowTellDecoder(CaptionDecoder):
    """An LSTM that writes a caption, begun with the image: `h_0 = tanh(W_h v + b_h)`, `c_0 = tanh(W_c v + b_c)`.

    Arguments and calls are those of `CaptionDecoder`; features are one vector an image, (B, D).
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.first_h, self.first_c = self.first_layers()
        self.lstm = self.part(LSTM, self.units, return_sequences=True, name="lstm")
        self.narrow = self.part(keras.layers.Dense, self.embedding_units, name="narrow") if self.tied else None

    def build(self, features_shape, captions_shape):
        self.first_h.build(features_shape)
        self.first_c.build(features_shape)
        self.lstm.build((None, captions_shape[2], self.embedding_units))
        if self.narrow:
            self.narrow.build((None, self.units))
        self.build_words(self.embedding_units if self.tied else self.units)
        self.built = True

    def first_state(self, memory):
        return self.first_h(memory)[:, None], self.first_c(memory)[:, None]  # (B, 1, U)

    def step(self, memory, state, words):
        flat = [ops.reshape(one, (-1, self.units)) for one in state]  # (B * N, U)
        vectors = ops.reshape(self.embedding(words), (-1, self.embedding_units))
        _, flat = self.lstm.cell(vectors, flat)
        state = tuple(ops.reshape(one, (-1, ops.shape(words)[1], self.units)) for one in flat)
        return self._read(state[0], training=False), state, None

    def teacher_forced(self, features, words_before, counted, training):
        _, num_captions, num_words = ops.shape(words_before)
        vectors = self.drop_words(self.embedding(words_before), training=training)
        vectors = ops.reshape(vectors, (-1, num_words, self.embedding_units))  # (B * N, T, E)
        state = [ops.repeat(one, num_captions, axis=1) for one in self.first_state(features)]
        state = [ops.reshape(one, (-1, self.units)) for one in state]  # (B * N, U)
        outputs = self.lstm(vectors, initial_state=state, training=training)  # (B * N, T, U)
        outputs = ops.reshape(outputs, (-1, num_captions, num_words, self.units))
        return self._read(outputs, training)

    def _read(self, outputs, training):
        """Return words' scores from the LSTM's outputs."""
        outputs = self.narrow(outputs) if self.narrow else outputs
        return self.scores(self.drop_output(outputs, training=training))
