"""The convolutional LSTM, against Keras' own."""

from __future__ import annotations

from functools import partial

import numpy as np

from .row import BOTH, TENSORFLOW, Contender, Context, Row, Work, random_array

_LAYERS, _UNITS, _WINDOW = 2, 32, 3


def conv_lstm_training(context: Context) -> list[Row]:
    """One training step of two ConvLSTM layers, on clips of 64 x 64 pixels in windows of 4 x 4.

    XLA is measured on JAX alone, where there is no other way: on TensorFlow a step takes half a minute with it.
    """
    shape = (2, 2, 4, 4, 16) if context.quick else (16, 10, 16, 16, 16)
    contenders = {
        "ours": Contender(partial(_training, shape, True)),
        "keras": Contender(partial(_training, shape, False), plain=True),
        "keras, oneDNN": Contender(partial(_training, shape, False), backends=TENSORFLOW),
    }
    return [Row(f"ConvLSTM training (B,T,H,W,D) {shape}, {_LAYERS} x {_UNITS} units", "step", contenders, BOTH)]


def _training(shape: tuple[int, ...], ours: bool, context: Context) -> Work:
    import keras

    from ..layers import ConvLSTM2D
    from .frameworks import training_steps

    kind = ConvLSTM2D if ours else keras.layers.ConvLSTM2D
    inputs = x = keras.Input(shape[1:])
    for _ in range(_LAYERS):
        x = kind(_UNITS, _WINDOW, padding="same", return_sequences=True)(x)
    model = keras.Model(inputs, x)
    model.compile("adam", "mse", jit_compile=keras.backend.backend() == "jax")
    return training_steps(model, random_array(*shape), np.zeros((*shape[:-1], _UNITS), np.float32))
