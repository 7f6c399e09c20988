"""The steps of a decoder that looks at regions before each word, in training, with a gradient written by hand.

The equations are those of `ShowAttendTellDecoder`. Backwards, a step only finds the derivatives of its layers' outputs:
those of their weights are then ONE product over all steps. What is as large as the regions' keys is computed again
instead of being kept. A step is one piece that XLA compiles, forwards and backwards.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import ops

from ..compiled import compiled_alone


class Weights(NamedTuple):
    """Weights of the layers that a step runs through."""

    query: Any
    """W_h of the attention, (U, A)."""
    score: Any
    """v of the attention, (A, 1)."""
    gate: Any
    """(U, 1)."""
    gate_bias: Any
    """(1,)."""
    kernel: Any
    """The LSTM's, of the context and below it of the hidden state, (D + U, 4U); gates in Keras' order i, f, c~, o."""


class _Step(NamedTuple):
    """What comes of a step, (B, N, ...) each."""

    h: Any
    c: Any
    gated: Any
    """The context behind its gate, (B, N, D)."""
    attention: Any
    """(B, N, L)."""
    context: Any
    """(B, N, D)."""
    open_by: Any
    """The context's gate, (B, N, 1)."""
    gates: Any
    """The LSTM's i, f, c~, o, (B, N, 4U)."""


def look_and_write(regions: Any, keys: Any, h: Any, c: Any, projected: Any, weights: Weights) -> tuple[Any, Any, Any]:
    """Run the steps.

    Args:
        regions: (B, L, D).
        keys: The regions' part of the attention, with its bias, (B, L, A).
        h: The hidden state before, (B, N, U).
        c: The cell state before, (B, N, U).
        projected: The words' part of the LSTM's input projection, with its bias, (T, B, N, 4U); T is known.
        weights: The weights.

    Returns:
        Of all steps, the hidden state (T, B, N, U), the gated context (T, B, N, D) and the attention (T, B, N, L).
    """

    @ops.custom_gradient
    def run(regions, keys, h, c, projected, *weights):
        memory, weights, forward = (regions, keys), Weights(*weights), compiled_alone(_forward)
        steps, states = [], [(h, c)]
        for now in ops.unstack(projected, axis=0):
            steps.append(forward(memory, states[-1], now, weights))
            states.append((steps[-1].h, steps[-1].c))

        def gradient(*upstream, **_):
            if isinstance(upstream[0], (list, tuple)):  # as JAX hands them over
                upstream = upstream[0]
            return _backward(memory, weights, states, steps, shown, upstream)

        shown = tuple(ops.stack(column) for column in zip(*((s.h, s.gated, s.attention) for s in steps), strict=True))
        return shown, gradient

    return run(regions, keys, h, c, projected, *weights)


def _look(keys, h, query):
    """Return the hidden layer of the attention, (B, N, L, A)."""
    return ops.tanh(keys[:, None] + ops.matmul(h, query)[:, :, None])


def _forward(memory, state, projected, weights):
    (regions, keys), (h, c) = memory, state
    attention = ops.softmax(ops.squeeze(ops.matmul(_look(keys, h, weights.query), weights.score), -1), axis=-1)
    context = ops.matmul(attention, regions)
    open_by = ops.sigmoid(ops.matmul(h, weights.gate) + weights.gate_bias)
    gated = open_by * context
    both = ops.concatenate([gated, h], axis=-1)
    i, f, g, o = ops.split(projected + ops.matmul(both, weights.kernel), 4, axis=-1)
    i, f, g, o = ops.sigmoid(i), ops.sigmoid(f), ops.tanh(g), ops.sigmoid(o)
    c = f * c + i * g
    return _Step(o * ops.tanh(c), c, gated, attention, context, open_by, ops.concatenate([i, f, g, o], axis=-1))


def _backward(memory, weights, states, steps, shown, by_shown):
    """Return the derivatives by regions, keys, first states, projections and weights."""
    by_step = list(zip(*(ops.unstack(by_one, len(steps), axis=0) for by_one in by_shown), strict=True))
    step_back, transposed = compiled_alone(_step_back), ops.transpose(weights.kernel)  # once for all steps
    by_state = ops.zeros_like(states[0][0]), ops.zeros_like(states[0][1])
    sums = ops.zeros_like(memory[1]), ops.zeros_like(weights.score)
    found = []
    for state, step, by_now in reversed(list(zip(states[:-1], steps, by_step, strict=True))):
        by_state, sums, by_outputs = step_back(memory, state, step, weights, transposed, by_state, by_now, sums)
        found.append(by_outputs)
    found.reverse()
    by_gates, by_query, by_gate, by_context = (ops.stack(column) for column in zip(*found, strict=True))
    h, gated, attention = shown
    h_before = ops.concatenate([states[0][0][None], h[:-1]])
    by_keys, by_score = sums
    by_weights = Weights(
        query=_over_steps(h_before, by_query),
        score=by_score,
        gate=_over_steps(h_before, by_gate),
        gate_bias=ops.sum(_rows(by_gate), axis=0),
        kernel=_over_steps(ops.concatenate([gated, h_before], axis=-1), by_gates),
    )
    by_regions = ops.matmul(ops.transpose(_by_image(attention), (0, 2, 1)), _by_image(by_context))
    return (by_regions, by_keys, *by_state, by_gates, *by_weights)


def _step_back(memory, state, step, weights, transposed, by_state, by_step, sums):
    """Return the derivatives by the state before a step, sums with what it adds, and derivatives by outputs of layers.

    The sums are those by keys and score. The outputs are the LSTM's gates, the query and the context's gate, each
    before its function, and the context.
    """
    (regions, keys), (h, c), (by_h, by_c), (by_keys, by_score) = memory, state, by_state, sums
    by_shown_h, by_gated, by_attention = by_step
    by_h = by_h + by_shown_h
    i, f, g, o = ops.split(step.gates, 4, axis=-1)
    tanh_c = ops.tanh(step.c)
    by_c = by_c + by_h * o * (1 - tanh_c * tanh_c)
    by_i, by_f = by_c * g * i * (1 - i), by_c * c * f * (1 - f)
    by_g, by_o = by_c * i * (1 - g * g), by_h * tanh_c * o * (1 - o)
    by_gates = ops.concatenate([by_i, by_f, by_g, by_o], axis=-1)
    through_gated, through_h = ops.split(ops.matmul(by_gates, transposed), [regions.shape[-1]], axis=-1)
    by_gated = by_gated + through_gated
    by_gate = ops.sum(by_gated * step.context, axis=-1, keepdims=True) * step.open_by * (1 - step.open_by)
    by_context = step.open_by * by_gated
    by_attention = by_attention + ops.matmul(by_context, ops.transpose(regions, (0, 2, 1)))
    of_all = ops.sum(step.attention * by_attention, axis=-1, keepdims=True)
    by_fit = step.attention * (by_attention - of_all)  # before the softmax, (B, N, L)
    hidden = _look(keys, h, weights.query)
    by_hidden = by_fit[..., None] * weights.score[:, 0] * (1 - hidden * hidden)  # before tanh
    by_query = ops.sum(by_hidden, axis=2)
    of_images = ops.matmul(by_fit[:, :, None], hidden)  # (B, N, 1, A); of all at once, XLA takes 16 times as long
    by_h = through_h + by_gate * weights.gate[:, 0] + ops.matmul(by_query, ops.transpose(weights.query))
    sums = by_keys + ops.sum(by_hidden, axis=1), by_score + ops.transpose(ops.sum(of_images, axis=(0, 1)))
    return (by_h, by_c * f), sums, (by_gates, by_query, by_gate, by_context)


def _over_steps(inputs, by_outputs):
    """Return the derivative by the weights of a layer that all steps ran through."""
    return ops.matmul(ops.transpose(_rows(inputs)), _rows(by_outputs))


def _rows(values):
    """Return (..., A) as (rows, A)."""
    return ops.reshape(values, (-1, values.shape[-1]))


def _by_image(by_step):
    """Return (T, B, N, A) as (B, T * N, A)."""
    by_image = ops.transpose(by_step, (1, 0, 2, 3))
    return ops.reshape(by_image, (ops.shape(by_image)[0], -1, ops.shape(by_image)[-1]))
