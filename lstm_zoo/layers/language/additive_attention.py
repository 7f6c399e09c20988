"""Additive attention (Bahdanau et al., ICLR 2015, arXiv 1409.0473): where to look, given what one knows."""

from __future__ import annotations

import keras
from keras import ops

from ..composed import Composed


@keras.saving.register_keras_serializable("lstm_zoo")
class AdditiveAttention(Composed):
    """Weighs regions by how well each fits a query, and returns their weighted sum.

    `e_nl = v . tanh(W_a a_l + W_h h_n + b)`, `alpha_n = softmax_l(e_n)`, `z_n = sum_l alpha_nl a_l`.

    The regions' part, `keys(regions) = W_a a + b`, does not depend on the query: who asks several times about the same
    regions (a decoder, once a word) computes it once.

    Args:
        units: Width of the hidden layer that scores each region, A.

    Call arguments:
        query: (B, N, U); N queries about the same regions.
        regions: (B, L, D).
        keys: `keys(regions)`, (B, L, A); None computes them.

    Returns:
        Weighted sums (B, N, D), and weights (B, N, L).
    """

    def __init__(self, units: int = 256, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.of_regions = self.part(keras.layers.Dense, units, name="of_regions")  # W_a, b
        self.of_query = self.part(keras.layers.Dense, units, use_bias=False, name="of_query")  # W_h
        # v; a bias would not change the softmax
        self.score = self.part(keras.layers.Dense, 1, use_bias=False, name="score")

    def build(self, query_shape, regions_shape, keys_shape=None):
        self.of_regions.build(regions_shape)
        self.of_query.build(query_shape)
        self.score.build((None, self.units))
        self.built = True

    def keys(self, regions):
        """Return the regions' part of the scores, (B, L, D) -> (B, L, A)."""
        return self.of_regions(regions)

    def call(self, query, regions, keys=None):
        keys = self.keys(regions) if keys is None else keys
        hidden = ops.tanh(keys[:, None] + self.of_query(query)[:, :, None])  # (B, N, L, A)
        scores = ops.squeeze(self.score(hidden), axis=-1)  # (B, N, L)
        weights = ops.softmax(scores, axis=-1)
        return ops.matmul(weights, regions), weights

    def compute_output_shape(self, query_shape, regions_shape, keys_shape=None):
        return (*query_shape[:2], regions_shape[2]), (*query_shape[:2], regions_shape[1])

    def get_config(self):
        return {**super().get_config(), "units": self.units}
