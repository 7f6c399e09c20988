"""Additive attention over time, as a read-out of a sequence."""

from __future__ import annotations

import keras

from ..composed import Composed

_NEVER = -3e4  # a score that no step comes near, within the range of float16


@keras.saving.register_keras_serializable("lstm_zoo")
class AttentionPooling1D(Composed):
    """Sums a sequence over time with learned weights.

    The scores are those of Bahdanau et al. (2015, arXiv 1409.0473) without a query:
    `e_t = v . tanh(W x_t + b)`, `alpha = softmax_t(e)`, `y = sum_t alpha_t x_t`.

    Args:
        units: Width of the hidden layer that scores each step, U.

    Input shape:
        (B, T, D), and a mask (B, T) bool if rows are padded: steps outside of it are not looked at.

    Output shape:
        (B, D).
    """

    def __init__(self, units: int = 64, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.units = units
        self.hidden = self.part(keras.layers.Dense, units, activation="tanh", name="hidden")
        self.score = self.part(keras.layers.Dense, 1, use_bias=False, name="score")

    def build(self, input_shape):
        self.hidden.build(input_shape)
        self.score.build((*input_shape[:-1], self.units))
        self.built = True

    def call(self, inputs, mask=None):
        scores = self.score(self.hidden(inputs))  # (B, T, 1)
        if mask is not None:
            scores = keras.ops.where(mask[:, :, None], scores, _NEVER)
        return keras.ops.sum(keras.ops.softmax(scores, axis=1) * inputs, axis=1)

    def compute_mask(self, inputs, mask=None):
        return None

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[2])

    def get_config(self):
        return {**super().get_config(), "units": self.units}
