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
    on_frames: dict[str, keras.Layer] = {}

    def counterpart(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, FoldTime):
            on_frames[layer.name] = counterpart(layer.layer)
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
        if isinstance(layer, FoldTime):
            return _on_every_frame(on_frames[layer.name], *inputs)
        return layer.call(*inputs, **options) if isinstance(layer, _COMPOSED) else layer(*inputs, **options)

    made = keras.models.clone_model(network, clone_function=counterpart, call_function=called)
    for ours, theirs in replaced:
        theirs.set_weights(ours.get_weights())
    return made


def _on_every_frame(layer: keras.Layer, clips: Any) -> Any:
    """Return what a layer makes of the frames of clips (B, T, ...), all at once; B and T may be free.

    Keras' TimeDistributed gives other answers where T is free (3.15), and no reshape of a symbolic tensor leaves two
    sizes free: there the frames' answers (B * T, ...) are taken by their numbers (B, T), from 0 to B * T - 1.
    """
    answers = layer(keras.ops.reshape(clips, (-1, *clips.shape[2:])))
    if clips.shape[1]:
        return keras.ops.reshape(answers, (-1, clips.shape[1], *answers.shape[1:]))
    ones = keras.ops.ones_like(clips[(..., *[0] * (len(clips.shape) - 2))], dtype="int32")
    frames = keras.ops.sum(ones, axis=1, keepdims=True)
    before = keras.ops.subtract(keras.ops.cumsum(frames, axis=0), frames)  # (B, 1), of the clips before
    within = keras.ops.subtract(keras.ops.cumsum(ones, axis=1), ones)  # (B, T), of its own clip
    return keras.ops.take(answers, keras.ops.add(before, within), axis=0)


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
