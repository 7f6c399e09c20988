"""Starting from another run: its weights, with new letters or classes beside the old ones."""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import zip_longest

import keras
import numpy as np

from ..console.text import did_you_mean, listed
from ..console.visible import tell
from ..contracts import Classes, InputError, LabelMap, Spec, Target, Text, named_place
from ..runs.network import RunNetwork

_BLANK = ""  # stands for the answer after the last letter
_LOGITS = "logits"  # the layer whose outputs are the answers


def grown(spec: Spec, before: Spec) -> Spec:
    """Return a spec whose alphabet holds that of another run as well, so that nothing is forgotten by name."""
    new, old = spec.target, before.target
    if not (isinstance(new, Text) and isinstance(old, Text)):
        return spec
    alphabet = tuple(sorted({*new.alphabet, *old.alphabet}))
    return spec.model_copy(update={"target": new.model_copy(update={"alphabet": alphabet})})


def take_weights(model: keras.Model, spec: Spec, network: RunNetwork) -> None:
    """Copy the weights of a run into a network of the same kind, and tell what fitted.

    Where answers are named (letters, classes), each name's weights stay its own; new names keep their first weights.

    Args:
        model: The network to start with.
        spec: What it was built for.
        network: The run's.

    Raises:
        InputError: The run is of another model, its layers have other sizes, or it writes in other words.
    """
    place, names, before = named_place(network.path), _answers(spec.target), _answers(network.spec.target)
    if not names and spec.target != network.spec.target:
        raise InputError("", f"--init {place}: it was trained on other words, numbered otherwise; start without it")
    pairs = [*zip_longest(model.weights, network.model.weights)]
    start = [_first_values(weight, other, names, before) for weight, other in pairs]
    if unlike := [pair for pair, values in zip(pairs, start, strict=True) if values is None]:
        here, there = ("none" if one is None else f"{one.path} {tuple(one.shape)}" for one in unlike[0])
        raise InputError(
            "",
            f"--init {place}: its network has other layers, or layers of other sizes ({len(unlike)} of {len(pairs)} "
            f"weights do not fit; the first: {there} there, {here} here); give `model` the "
            f"settings of {network.path / 'config.yaml'}",
        )
    for (weight, _), values in zip(pairs, start, strict=True):
        weight.assign(values)
    differ = {"new answers": set(names) - set(before), "left out": set(before) - set(names)}
    told = [f"{what}: {listed(sorted(some), 10)}" for what, some in differ.items() if some]
    tell("; ".join([f"starts from {place}: all {len(pairs)} weights fit", *told]))


def _first_values(
    weight: keras.Variable | None, other: keras.Variable | None, names: tuple[str, ...], names_before: tuple[str, ...]
) -> np.ndarray | None:
    """Return what a weight starts with, as the other network has it; None: that does not fit."""
    if weight is None or other is None:
        return None
    values, given = np.array(weight), np.array(other)
    if _LOGITS in weight.path and names != names_before and values.shape[:-1] == given.shape[:-1]:
        return _by_name(values, given, names, names_before)
    return given if given.shape == values.shape else None


def _by_name(
    values: np.ndarray, given: np.ndarray, names: tuple[str, ...], names_before: tuple[str, ...]
) -> np.ndarray:
    """Return weights of answers, (..., answers), as another run had them for those that it knew."""
    kept = [name for name in names if name in names_before]
    values[..., [names.index(name) for name in kept]] = given[..., [names_before.index(name) for name in kept]]
    return values


def freeze(model: keras.Model, patterns: tuple[str, ...]) -> None:
    """Have layers stay as they are, by names or patterns such as `cnn_*`.

    Raises:
        InputError: No layer has such a name.
    """
    for pattern in patterns:
        found = [layer for layer in model.layers if fnmatchcase(layer.name, pattern)]
        if not found:
            names = [layer.name for layer in model.layers if layer.weights]
            raise InputError(
                "train.frozen",
                f"no layer '{pattern}'{did_you_mean(pattern, names)}; layers with weights: {', '.join(names)}",
            )
        for layer in found:
            layer.trainable = False


def _answers(target: Target) -> tuple[str, ...]:
    """Return the names of a network's answers, in their order; nothing where they have no names."""
    if isinstance(target, Text):
        return (*target.alphabet, _BLANK)
    return target.names if isinstance(target, Classes | LabelMap) else ()
