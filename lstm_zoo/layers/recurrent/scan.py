"""A loop over the first axis of some arrays, on every backend."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from keras import ops

_own_loop: ContextVar[Callable | None] = ContextVar("own_loop", default=None)


@contextmanager
def looped_by(loop: Callable) -> Iterator[None]:
    """Run all scans that are traced within by another loop, as the runtimes need it that networks are exported to.

    Args:
        loop: From `step, state, inputs, backwards`, as `scan` takes them, to what `scan` returns.
    """
    token = _own_loop.set(loop)
    try:
        yield
    finally:
        _own_loop.reset(token)


def scan(
    step: Callable, state: tuple, inputs: tuple, *, backwards: bool = False, join_axis: int = 0, unroll: bool = False
) -> tuple:
    """Run `state = step(state, *inputs_t)` over the first axis, and return the states after all steps, by time.

    All that a step computes is part of the state, since `keras.ops.scan` on TensorFlow stacks nothing else.

    Args:
        step: From a state (a tuple of arrays) and one step's inputs to the next state.
        state: The state before the first step.
        inputs: Arrays (T, ...).
        backwards: Start at the last step.
        join_axis: Axis of one step's inputs in which alone they differ; used where T is not known before.
        unroll: Write the steps out; T must then be known.
    """
    if (loop := written_out if unroll else _own_loop.get()) is not None:
        return loop(step, state, inputs, backwards)
    joined, parted = _one_array(inputs, join_axis)
    return ops.scan(lambda state, now: (step(state, *parted(now)),) * 2, state, joined, reverse=backwards)[1]


def written_out(step: Callable, state: tuple, inputs: tuple, backwards: bool) -> tuple:
    """Take the steps of a `scan` one after the other, without a loop; T must be known."""
    num_steps = inputs[0].shape[0]
    by_time = list(zip(*(ops.unstack(one, num_steps, axis=0) for one in inputs), strict=True))
    states = []
    for now in reversed(by_time) if backwards else by_time:
        state = step(state, *now)
        states.append(state)
    if backwards:
        states.reverse()
    return tuple(ops.stack(column) for column in zip(*states, strict=True))


def _one_array(inputs: tuple, axis: int) -> tuple[Any, Callable]:
    """Return inputs for `keras.ops.scan`, and what makes the inputs of one step of what it hands over.

    On TensorFlow, `scan` fails on several arrays whose length is not known before (Keras 3.15).
    """
    if len(inputs) == 1 or inputs[0].shape[0] is not None:
        return inputs, tuple
    types = [one.dtype for one in inputs]  # a mask is bool
    ends = list(itertools.accumulate(one.shape[axis + 1] for one in inputs))
    joined = ops.concatenate([ops.cast(one, types[0]) for one in inputs], axis=axis + 1)
    return joined, lambda now: map(ops.cast, ops.split(now, ends[:-1], axis=axis), types)
