"""Inputs of many lengths in one batch: cut to the longest, or filled up."""

from __future__ import annotations

import numpy as np

from ..contracts import InputError, Spec

Inputs = dict[str, np.ndarray]


def free_axis(spec: Spec, name: str) -> int | None:
    """Return the axis of a batch along which examples of an input differ in length; None: there is none."""
    tensor = spec.inputs[name]
    return None if tensor.measured_by is None else 1 + tensor.shape.index(None)


def cut_to_longest(inputs: Inputs, spec: Spec) -> Inputs:
    """Return a batch without what lies behind the end of its longest example."""
    cut = dict(inputs)
    for name, axis in _measured(spec):
        longest = int(inputs[spec.inputs[name].measured_by or ""].max())
        cut[name] = np.take(inputs[name], np.arange(longest), axis=axis)
    return cut


def filled_up(inputs: Inputs, spec: Spec, lengths: dict[str, int | None]) -> Inputs:
    """Return a batch with zeros behind its end, up to given lengths; None: any length will do.

    Raises:
        InputError: It is longer.
    """
    filled = dict(inputs)
    for name, axis in _measured(spec):
        length, there = lengths[name], inputs[name].shape[axis]
        if length is None:
            continue
        if there > length:
            raise InputError("", f"is {there} pixels wide once it is scaled; this file takes {length} at the most")
        missing = [(0, length - there if number == axis else 0) for number in range(inputs[name].ndim)]
        filled[name] = np.pad(inputs[name], missing)
    return filled


def _measured(spec: Spec) -> list[tuple[str, int]]:
    return [(name, axis) for name in spec.inputs if (axis := free_axis(spec, name)) is not None]
