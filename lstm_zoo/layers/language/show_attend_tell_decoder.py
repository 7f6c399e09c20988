"""The decoder of Show, Attend and Tell (Xu et al., ICML 2015, arXiv 1502.03044), with soft attention."""

from __future__ import annotations

import keras
from keras import ops

from .additive_attention import AdditiveAttention
from .caption_decoder import CaptionDecoder
from .looking_steps import Weights, look_and_write


@keras.saving.register_keras_serializable("lstm_zoo")
class ShowAttendTellDecoder(CaptionDecoder):
    """An LSTM that looks at the regions of an image before each word.

    With regions a_l, the word before y, and the state h, c (equations 3 to 13 of the paper):

        z = beta sum_l alpha_l a_l,  alpha = additive attention of h,  beta = sigmoid(w h + b)
        h, c = LSTM([E y, z], h, c),   scores = L_o tanh(E y + L_h h + L_z z)

    Its first state are two tanh layers on the mean region. As in the authors' code, tanh and dropout come before L_o.

    In training the layer adds the doubly stochastic penalty `penalty * mean_(n, l) (1 - sum_t alpha_ntl)^2` to the
    loss: every region should be looked at about once. It is a mean over regions and captions, so its weight depends
    neither on their number nor on the batch; sums, as in the paper's formula, are L times as heavy.

    Args:
        attention_units: Width A of the hidden layer of the attention.
        region_units: Width to which regions are brought first, by a layer with relu; None leaves them as they are.
        positions: Add a learned vector to each region, which says where it lies.
        penalty: Weight of the doubly stochastic penalty.

    Other arguments and calls are those of `CaptionDecoder`; features are (B, L, D).
    """

    written_out = True  # step by step, in training

    def __init__(
        self,
        *args,
        attention_units: int = 256,
        region_units: int | None = None,
        positions: bool = False,
        penalty: float = 1.0,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.attention_units = attention_units
        self.region_units = region_units
        self.positions = positions
        self.penalty = penalty
        self.narrow = self.part(keras.layers.Dense, region_units, name="regions") if region_units else None
        self.first_h, self.first_c = self.first_layers()
        self.attention = self.part(AdditiveAttention, attention_units, name="attention")
        self.gate = self.part(keras.layers.Dense, 1, activation="sigmoid", name="gate")  # beta
        self.cell = self.part(keras.layers.LSTMCell, self.units, name="lstm")
        self.of_state = self.part(keras.layers.Dense, self.embedding_units, name="of_state")  # L_h
        self.of_context = self.part(keras.layers.Dense, self.embedding_units, use_bias=False, name="of_context")  # L_z

    def build(self, features_shape, captions_shape):
        width = self.region_units or features_shape[2]
        if self.narrow:
            self.narrow.build(features_shape)
        if self.positions:
            self.places = self.add_weight(shape=(features_shape[1], width), initializer="random_normal", name="places")
        for layer in (self.first_h, self.first_c, self.of_context):
            layer.build((None, width))
        for layer in (self.gate, self.of_state):
            layer.build((None, self.units))
        self.attention.build((None, None, self.units), (None, features_shape[1], width))
        self.cell.build((None, self.embedding_units + width))
        self.build_words(self.embedding_units)
        self.built = True

    def memory(self, features):
        features = ops.cast(features, self.compute_dtype)
        regions = self.narrow(features) if self.narrow else features
        if self.positions:
            regions = regions + ops.cast(self.places, regions.dtype)
        if self.narrow:  # after the places: what is where then shows even in the mean region
            regions = ops.relu(regions)
        return regions, self.attention.keys(regions)

    def first_state(self, memory):
        mean = ops.mean(memory[0], axis=1, keepdims=True)  # (B, 1, D)
        return self.first_h(mean), self.first_c(mean)

    def step(self, memory, state, words):
        vectors = self.embedding(words)  # (B, N, E)
        kernels = self._kernels(vectors.dtype)
        h, c, context, weights = self._look_and_step(memory, state, self._project(vectors, kernels), kernels)
        return self._read(vectors, h, context, training=False), (h, c), weights

    def teacher_forced(self, features, words_before, counted, training):
        memory = self.memory(features)
        vectors = self.drop_words(self.embedding(words_before), training=training)  # (B, N, T, E)
        kernels = self._kernels(vectors.dtype)
        projected = self._project(ops.transpose(vectors, (2, 0, 1, 3)), kernels)  # (T, B, N, 4 U), all words at once
        state = [ops.repeat(one, ops.shape(words_before)[1], axis=1) for one in self.first_state(memory)]
        steps = self._trained_steps if training and keras.backend.backend() != "torch" else self._steps
        h, context, weights = (
            ops.transpose(by_word, (1, 2, 0, 3)) for by_word in steps(memory, state, projected, kernels)
        )  # (B, N, T, ...)
        if training and self.penalty:
            self.add_loss(self.penalty * self._penalty(weights, counted))
        return self._read(vectors, h, context, training)

    def _kernels(self, dtype):
        """Return the LSTM's kernels of words, of contexts and of the hidden state."""
        of_inputs = ops.split(ops.cast(self.cell.kernel, dtype), [self.embedding_units])
        return *of_inputs, ops.cast(self.cell.recurrent_kernel, dtype)

    def _project(self, vectors, kernels):
        """Return the words' part of the LSTM's input projection, with the bias, (..., 4 U)."""
        return ops.matmul(vectors, kernels[0]) + ops.cast(self.cell.bias, vectors.dtype)

    def _steps(self, memory, state, projected, kernels):
        """Return h, the gated context and the attention after all steps, (T, B, N, ...) each."""
        steps = []
        for now in ops.unstack(projected, axis=0):
            *state, context, weights = self._look_and_step(memory, state, now, kernels)
            steps.append((state[0], context, weights))
        return [ops.stack(column) for column in zip(*steps, strict=True)]

    def _trained_steps(self, memory, state, projected, kernels):
        """Return the same, with the gradient written by hand."""
        attention = self.attention
        weights = Weights(
            query=attention.of_query.kernel,
            score=attention.score.kernel,
            gate=self.gate.kernel,
            gate_bias=self.gate.bias,
            kernel=ops.concatenate(kernels[1:]),
        )
        return look_and_write(*memory, *state, projected, Weights(*(ops.cast(one, state[0].dtype) for one in weights)))

    def _look_and_step(self, memory, state, projected, kernels):
        """Return h, c, the gated context and the attention, (B, N, ...) each, after one step."""
        regions, keys = memory
        h, c = state
        context, weights = self.attention(h, regions, keys)
        context = self.gate(h) * context
        gates = projected + ops.matmul(context, kernels[1]) + ops.matmul(h, kernels[2])
        i, f, g, o = ops.split(gates, 4, axis=-1)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        return ops.sigmoid(o) * ops.tanh(c), c, context, weights

    def _penalty(self, weights, counted):
        """Return the doubly stochastic penalty of attention (B, N, T, L); padding does not count."""
        weights, counted = ops.cast(weights, "float32"), ops.cast(counted, "float32")
        looked = ops.sum(weights * counted[..., None], axis=2)  # (B, N, L)
        there = counted[:, :, 0]  # a caption that is there has a first word
        per_caption = ops.mean((1 - looked) ** 2, axis=-1) * there
        return ops.sum(per_caption) / ops.maximum(ops.sum(there), 1)

    def _read(self, vectors, h, context, training):
        """Return words' scores: the deep output layer."""
        deep = ops.tanh(vectors + self.of_state(h) + self.of_context(context))
        return self.scores(self.drop_output(deep, training=training))

    def get_config(self):
        names = ("attention_units", "region_units", "positions", "penalty")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
