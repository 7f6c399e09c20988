"""A recurrent network over a whole sequence, arranged for speed: what the LSTM, the GRU and the simple RNN share.

Where cuDNN serves, it is taken, as Keras does. Everywhere else the same mathematics is arranged otherwise:

- the input projection of all steps is one matrix product, outside the loop over time;
- inside the loop the units stand first and the batch last: the product `(n * U, U) x (U, B)` runs up to twice as fast
  as `(B, U) x (U, n * U)` for the small batches of recurrent networks, and a gate is a contiguous block;
- the gradient is written by hand: the loop backwards only finds the derivatives of the gates, and the gradient of the
  recurrent kernel is then ONE product over all steps, where automatic differentiation adds up T of them;
- where XLA does not compile the graph as a whole, it compiles large loops (`compiled_alone`), and without
  `training=True` what is around them, too, which leaves out what only the gradient needs;
- the loop is a scan. Up to `UNROLLED_STEPS` steps, and with Keras' own `unroll=True`, it is unrolled: a longer loop
  measured no faster that way, several times slower under XLA, and each step is compiled again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import keras
from keras import ops

from ..compiled import compiled_alone
from .cudnn import cudnn_verdict, unlike_keras_defaults
from .scan import scan

UNROLLED_STEPS = 4
_WORTH_COMPILING = (
    2**18
)  # weights of a recurrent kernel (256 units of an LSTM); fewer do not win back half a second of compiling


class Step(Protocol):
    """One step in time of a cell with n gates, forwards and backwards; everything is (units, batch)."""

    tape_blocks: int
    """m: `forward` returns a tape of m * U rows."""
    num_derivatives: int
    """How many derivatives `backward` returns: 1 where those by `x` and by `recurrent` are the same, else 2."""

    def forward(self, x: Any, recurrent: Any, before: Sequence) -> tuple:
        """Return the states after a step in a sequence, and unless m is 0 what else `backward` needs, (m * U, B).

        Args:
            x: Projection of the inputs, with bias, (n * U, B).
            recurrent: Projection of the hidden state, with its bias if it has one, (n * U, B).
            before: States before the step, (U, B) each; the hidden state first.
        """
        ...

    def saved(self, before: Sequence, after: Sequence, *tape: Any) -> Sequence:
        """Choose, from the states before and after all steps and the tape, what `backward` gets of its step."""
        ...

    def backward(self, upstream: Sequence, saved: Sequence) -> tuple[Sequence, list]:
        """Return the loss's derivatives by `x` and `recurrent`, (n * U, B), and by the states before, (U, B) each.

        The latter as far as they do not pass through `recurrent`.

        Args:
            upstream: Derivatives by the states after the step, (U, B) each.
            saved: What was saved of the step.
        """
        ...


class FastRecurrence:
    """Mixin before a Keras recurrent layer: another inner loop; arguments, weights, masks and states are the same.

    With recurrent dropout, with other activations than Keras' default ones, or on a backend other than TensorFlow and
    JAX, Keras' own loop runs.

    Input shape:
        (B, T, D).

    Output shape:
        (B, U), or (B, T, U) with `return_sequences`; with `return_state` followed by the states, (B, U) each.
    """

    step_of_cell: ClassVar[Step]
    num_steps: int | None = None
    """T, where it is known when the layer is built."""
    form: Callable | None = None
    """Another way to run the loop, set where a network is exported to a runtime that has one of its own: from the
    layer, inputs (B, T, D) in the order in which they are read, and states (B, U) to what Keras' `inner_loop`
    returns."""

    def build(self, sequences_shape, initial_state_shape=None):
        self.num_steps = sequences_shape[1]
        super().build(sequences_shape, initial_state_shape)

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if isinstance(mask, (list, tuple)):
            mask = mask[0]
        slow = self.slow_because()
        if self.form is not None and mask is None and not slow:
            return self.form(self, ops.flip(sequences, axis=1) if self.go_backwards else sequences, initial_state)
        asked = getattr(self, "use_cudnn", "auto") is True  # where it is missing, Keras says why
        if slow or asked or cudnn_verdict(self, mask is not None) == "cuDNN":
            return super().inner_loop(sequences, initial_state, mask, training)
        cell, dtype = self.cell, self.cell.compute_dtype
        sequences = ops.cast(sequences, dtype)
        if training and cell.dropout:
            sequences = sequences * ops.expand_dims(cell.get_dropout_mask(sequences[:, 0, :]), 1)
        keep = None if mask is None else ops.cast(ops.transpose(mask), "bool")[:, None, :]  # (T, 1, B)
        if self.go_backwards:
            sequences = ops.flip(sequences, axis=1)
            keep = None if keep is None else ops.flip(keep, axis=0)
        biases = () if cell.bias is None else ops.unstack(ops.reshape(cell.bias, (-1, cell.kernel.shape[1])))
        weights = [ops.cast(weight, dtype) for weight in (cell.kernel, cell.recurrent_kernel, *biases)]
        states = [ops.transpose(ops.cast(state, dtype)) for state in initial_state]  # (U, B) each
        unroll = self.unroll or (sequences.shape[1] or UNROLLED_STEPS + 1) <= UNROLLED_STEPS
        compiles = self.compiles_alone()
        recurrence = Recurrence(self.step_of_cell, keep, self.return_sequences, unroll, alone=training and compiles)
        run = compiled_alone(recurrence.run) if compiles and not training else recurrence.run
        outputs, *last = run(sequences, weights, states)
        # Until the first step that counts, Keras gives zeros, but in a scan on JAX the initial state.
        first_are_zeros = self.unroll or keras.backend.backend() != "jax"
        if keep is not None and (self.zero_output_for_mask or first_are_zeros):
            shown = keep if self.zero_output_for_mask else ops.cumsum(ops.cast(keep, "int32"), axis=0) > 0
            outputs = ops.where(shown if self.return_sequences else shown[-1:], outputs, ops.zeros_like(outputs))
        outputs = ops.transpose(outputs, (2, 0, 1))  # (B, T, U)
        return outputs[:, -1], outputs, [ops.transpose(state) for state in last]

    def compiles_alone(self) -> bool:
        """Say whether XLA compiles the loop alone, on TensorFlow: anew for each size of a batch."""
        scanned = not self.unroll and (self.num_steps or 0) > UNROLLED_STEPS
        return (
            keras.backend.backend() == "tensorflow"
            and scanned
            and math.prod(self.cell.recurrent_kernel.shape) >= _WORTH_COMPILING
        )

    def slow_because(self) -> str:
        """Say what keeps this layer from the fast loop; empty if nothing does."""
        if keras.backend.backend() not in ("tensorflow", "jax"):
            return f"not written for the backend {keras.backend.backend()}"
        if reasons := unlike_keras_defaults(self):
            return reasons[0]
        by_gates = self.cell.dropout and getattr(self.cell, "implementation", 2) != 2
        return "it has dropout with implementation=1" if by_gates else ""


@dataclass(frozen=True)
class Recurrence:
    """A cell over a sequence, with its gradient."""

    step: Step
    """The cell's mathematics."""
    keep: Any = None
    """True where a step counts and False where the states are carried over, (T, 1, B); None where all count."""
    all_outputs: bool = False
    """Whether to return the hidden state after every step, or after the last one only."""
    unroll: bool = False
    """Whether to write the steps out; T must then be known."""
    alone: bool = False
    """Whether XLA compiles the steps, forwards and backwards, and nothing around them; see `compiled_alone`."""

    def run(self, x: Any, weights: list[Any], states: list[Any]) -> tuple[Any, ...]:
        """Run the cell.

        Args:
            x: Inputs, (B, T, D).
            weights: Kernel (D, n * U), recurrent kernel (U, n * U), and no bias, one for the inputs, or one for the
                inputs and one for the hidden state, (n * U,) each.
            states: States before the first step, (U, B) each; the hidden state first.

        Returns:
            The hidden state after every step, (T, U, B), or after the last one, (1, U, B); then the last states,
            (U, B) each.
        """
        num_weights = len(weights)

        @ops.custom_gradient
        def run(x, *tensors):
            weights, states = tensors[:num_weights], tensors[num_weights:]
            columns = self._forward(x, weights, states)

            def gradient(*upstream, **_):
                if isinstance(upstream[0], (list, tuple)):  # as JAX hands them over
                    upstream = upstream[0]
                return self._backward(x, weights, states, columns, *upstream)

            outputs = columns[0] if self.all_outputs else columns[0][-1:]
            return (outputs, *(column[-1] for column in columns[: len(states)])), gradient

        return run(x, *weights, *states)

    def _forward(self, x, weights, states):
        """Return the states after each step, (T, U, B) each, followed by the tape, (T, m * U, B), if there is one."""
        kernel, *others = weights
        projected = ops.matmul(ops.reshape(x, (-1, kernel.shape[0])), kernel)  # (B * T, n * U), all steps at once
        projected = ops.reshape(projected, (-1, ops.shape(x)[1], kernel.shape[1]))
        return self._piece(self._steps)(projected, others, states)

    def _steps(self, projected, weights, states):
        """Run the steps over projected inputs without their bias, (B, T, n * U), as `_forward` returns them."""
        recurrent_kernel, *biases = weights
        if biases:
            projected = projected + biases[0]
        projected = ops.transpose(projected, (1, 2, 0))  # (T, n * U, B)
        by_units = ops.transpose(recurrent_kernel)  # (n * U, U)

        def step(carried, projected_now, keep=None):
            before = carried[: len(states)]
            recurrent = ops.matmul(by_units, before[0])  # (n * U, B)
            if len(biases) > 1:
                recurrent = recurrent + biases[1][:, None]
            after, *tape = self.step.forward(projected_now, recurrent, before)
            if keep is not None:
                after = [ops.where(keep, new, old) for new, old in zip(after, before, strict=True)]
            return (*after, *tape)

        tape = [_zeros(states[0], self.step.tape_blocks)] if self.step.tape_blocks else []
        return self._over_time(step, (*states, *tape), (projected,))

    def _backward(self, x, weights, states, columns, by_outputs, *by_last):
        """Return the derivatives of the loss by x, the weights and the states before the first step."""
        kernel, recurrent_kernel, *biases = weights
        steps_back = self._piece(self._steps_back)
        before, by_x, by_recurrent, by_states = steps_back(recurrent_kernel, states, columns, by_outputs, by_last)
        by_biases = [ops.sum(by_part, axis=(0, 2)) for by_part in (by_x, by_recurrent)[: len(biases)]]
        by_input, by_kernel = _projected_back(x, kernel, by_x)
        return (by_input, by_kernel, _sum_of_products(before, by_recurrent), *by_biases, *by_states)

    def _steps_back(self, recurrent_kernel, states, columns, by_outputs, by_last):
        """Return the hidden states before all steps, and the derivatives of the loss.

        The latter are by `x` and by `recurrent` of all steps, (T, n * U, B) each, and by the states before the first.
        """
        after, tape = columns[: len(states)], columns[len(states) :]
        before = [ops.concatenate([first[None], later[:-1]]) for first, later in zip(states, after, strict=True)]
        saved = self.step.saved(before, after, *tape)
        if not self.all_outputs:
            by_last = (by_last[0] + by_outputs[0], *by_last[1:])

        def step(carried, *now):
            upstream = list(carried[: len(states)])
            if self.all_outputs:
                upstream[0], now = upstream[0] + now[0], now[1:]
            derivatives, by_before = self.step.backward(upstream, now[: len(saved)])
            if self.keep is not None:
                derivatives = [ops.where(now[-1], by_part, ops.zeros_like(by_part)) for by_part in derivatives]
                by_before = [ops.where(now[-1], by, past) for by, past in zip(by_before, upstream, strict=True)]
            by_before[0] = by_before[0] + ops.matmul(recurrent_kernel, derivatives[-1])  # (U, n * U) x (n * U, B)
            return (*by_before, *derivatives)

        units, rows = recurrent_kernel.shape
        start = (*by_last, *[_zeros(states[0], rows // units)] * self.step.num_derivatives)
        inputs = (by_outputs, *saved) if self.all_outputs else saved
        columns = self._over_time(step, start, inputs, backwards=True)
        return before[0], columns[len(states)], columns[-1], [column[0] for column in columns[: len(states)]]

    def _piece(self, function: Callable) -> Callable:
        return compiled_alone(function) if self.alone else function

    def _over_time(self, step: Any, state: tuple, inputs: tuple, backwards: bool = False) -> tuple:
        """Run the steps over the first axis, masked ones too, and return the states after all of them, by time."""
        if self.keep is not None:
            inputs = (*inputs, self.keep)
        return scan(step, state, inputs, backwards=backwards, unroll=self.unroll)


def _zeros(state: Any, blocks: int) -> Any:
    """Return zeros as large as so many states one below the other."""
    return ops.concatenate([ops.zeros_like(state)] * blocks)


def _projected_back(x: Any, kernel: Any, by_projected: Any) -> tuple[Any, Any]:
    """Return the derivatives by x and the kernel of a projection of all steps, given those by what comes of it.

    The kernel's is ONE product over all steps. Of x, (B, T, D), and `by_projected`, (T, n * U, B), the smaller one is
    turned.
    """
    width, rows = kernel.shape
    if width > rows:
        by_rows = ops.reshape(ops.transpose(by_projected, (2, 0, 1)), (-1, rows))  # (B * T, n * U)
        by_kernel = ops.matmul(ops.transpose(ops.reshape(x, (-1, width))), by_rows)
        return ops.reshape(ops.matmul(by_rows, ops.transpose(kernel)), ops.shape(x)), by_kernel
    by_input = ops.reshape(ops.matmul(kernel, _joined(by_projected)), (width, ops.shape(x)[1], -1))  # (D, T, B)
    return ops.transpose(by_input, (2, 1, 0)), _sum_of_products(ops.transpose(x, (1, 2, 0)), by_projected)


def _sum_of_products(one: Any, other: Any) -> Any:
    """Return the sum over time of `one_t` times `other_t` transposed, (T, rows, B) each, as ONE product."""
    return ops.matmul(_joined(one), ops.transpose(_joined(other)))


def _joined(by_time: Any) -> Any:
    """Put time beside the batch: (T, rows, B) to (rows, T * B)."""
    by_rows = ops.transpose(by_time, (1, 0, 2))
    return ops.reshape(by_rows, (by_rows.shape[0], -1))
