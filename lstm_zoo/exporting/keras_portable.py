"""A network made of Keras' own layers and operations alone, for `.keras` files that load where lstm_zoo is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import keras

from ..contracts import InputError
from ..layers import GRU, LSTM, AttentionPooling1D, ConvLSTM2D, FoldTime, ImageEncoder, ImageScaling, SimpleRNN

_FASTER = (LSTM, GRU, SimpleRNN, ConvLSTM2D)
"""Keras' own layers with another inner loop: configuration and weights are the same."""
_COMPOSED = (ImageScaling, AttentionPooling1D)
"""Layers in whose place the operations and layers of Keras stand that they call."""


def portable(network: keras.Model) -> keras.Model:
    """Return a network that does the same with Keras' layers in the place of the package's; it shares the others.

    Raises:
        InputError: Keras has nothing for some of its layers.
    """
    _refuse_others(network.layers)
    replaced: list[tuple[keras.Layer, keras.Layer]] = []

    def counterpart(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, FoldTime):
            return keras.layers.TimeDistributed(counterpart(layer.layer), name=layer.name)
        if isinstance(layer, ImageEncoder):
            return counterpart(layer.layer)
        if isinstance(layer, keras.Model):
            return portable(layer)
        if not isinstance(layer, _FASTER):
            return layer
        (kind,) = (one for one in type(layer).__bases__ if one.__module__.startswith("keras."))
        replaced.append((layer, kind.from_config(layer.get_config())))
        return replaced[-1][1]

    def called(layer: keras.Layer, *inputs: Any, **options: Any) -> Any:
        return layer.call(*inputs, **options) if isinstance(layer, _COMPOSED) else layer(*inputs, **options)

    made = keras.models.clone_model(network, clone_function=counterpart, call_function=called)
    for ours, theirs in replaced:
        theirs.set_weights(ours.get_weights())
    return made


def _refuse_others(layers: Iterable[keras.Layer]) -> None:
    """Raise an InputError if Keras has nothing for some layers."""
    names: dict[str, list[str]] = {}
    for layer in _without_counterpart(layers):
        names.setdefault(type(layer).__name__, []).append(layer.name)
    if names:
        told = ", ".join(f"{kind} ({', '.join(of_kind)})" for kind, of_kind in names.items())
        raise InputError("", f"--portable: Keras has nothing like {told}; leave it out, or take another format")


def _without_counterpart(layers: Iterable[keras.Layer]) -> Iterator[keras.Layer]:
    for layer in layers:
        if isinstance(layer, FoldTime | ImageEncoder):
            yield from _without_counterpart([layer.layer])
        elif isinstance(layer, keras.Model):
            yield from _without_counterpart(layer.layers)
        elif type(layer).__module__.startswith("lstm_zoo.") and not isinstance(layer, (*_FASTER, *_COMPOSED)):
            yield layer
