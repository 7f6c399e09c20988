"""The convolutional LSTM, against Keras' own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from .row import BOTH, TENSORFLOW, Contender, Context, Row, Work, random_array

if TYPE_CHECKING:
    import keras

_LAYERS, _UNITS, _WINDOW = 2, 32, 3
Shape = tuple[int, ...]


def conv_lstm_training(context: Context) -> list[Row]:
    """One training step of two ConvLSTM layers, on clips of 64 x 64 pixels in windows of 4 x 4.

    XLA is measured on JAX alone, where there is no other way: on TensorFlow a step takes half a minute with it.
    """
    return [_row(context, "training", _training)]


def conv_lstm_inference(context: Context) -> list[Row]:
    """The forward pass of two ConvLSTM layers, on clips of 64 x 64 pixels in windows of 4 x 4; by XLA on JAX alone."""
    return [_row(context, "inference", _inference)]


def _row(context: Context, what: str, start: Callable) -> Row:
    shape = (2, 2, 4, 4, 16) if context.quick else (16, 10, 16, 16, 16)
    contenders = {
        "ours": Contender(partial(start, shape, True)),
        "keras": Contender(partial(start, shape, False), plain=True),
        "keras, oneDNN": Contender(partial(start, shape, False), backends=TENSORFLOW),
    }
    return Row(f"ConvLSTM {what} (B,T,H,W,D) {shape}, {_LAYERS} x {_UNITS} units", "step", contenders, BOTH)


def _network(shape: Shape, ours: bool) -> keras.Model:
    import keras

    from ..layers import ConvLSTM2D

    kind = ConvLSTM2D if ours else keras.layers.ConvLSTM2D
    inputs = x = keras.Input(shape[1:])
    for _ in range(_LAYERS):
        x = kind(_UNITS, _WINDOW, padding="same", return_sequences=True)(x)
    return keras.Model(inputs, x)


def _training(shape: Shape, ours: bool, context: Context) -> Work:
    from .frameworks import training_steps

    targets = np.zeros((*shape[:-1], _UNITS), np.float32)
    return training_steps(_network(shape, ours), "mse", random_array(*shape), targets, ours=ours)


def _inference(shape: Shape, ours: bool, context: Context) -> Work:
    from .frameworks import calls, compiled

    return calls(compiled(_network(shape, ours), False), random_array(*shape))
