"""Whole networks: a training step of `flatten_lstm` and of `cnn_lstm`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .row import Contender, Context, Row, Work

if TYPE_CHECKING:
    import keras

_BACKENDS = ("tensorflow", "jax")
_CLASSES = 10


def flatten_lstm_training(context: Context) -> list[Row]:
    """A training step of `flatten_lstm` at the sizes of the founding document."""
    shape = (4, 8, 8, 3) if context.quick else (16, 112, 112, 3)
    return [
        Row(
            f"flatten_lstm training, batch {batch}",
            "step",
            {
                "ours": Contender(partial(_flatten_lstm, shape, batch, True, True)),
                "keras": Contender(partial(_flatten_lstm, shape, batch, False, "auto"), plain=True),
                "keras, oneDNN": Contender(
                    partial(_flatten_lstm, shape, batch, False, "auto"), backends=("tensorflow",)
                ),
                "keras, XLA": Contender(
                    partial(_flatten_lstm, shape, batch, False, True), plain=True, backends=("tensorflow",)
                ),
                "torch": Contender(partial(_torch_flatten_lstm, shape, batch), "torch"),
            },
            _BACKENDS,
        )
        for batch in ([2] if context.quick else [8, 32])
    ]


def cnn_lstm_training(context: Context) -> list[Row]:
    """A training step of MobileNetV2 (0.35) on every frame and an LSTM, fine-tuned, batch statistics frozen."""
    shape = (2, 32, 32, 3) if context.quick else (16, 64, 64, 3)
    contenders = {
        "ours": Contender(partial(_cnn_lstm, shape, True, None)),
        "TimeDistributed": Contender(partial(_cnn_lstm, shape, False, "auto"), plain=True),
        "TimeDistributed, oneDNN": Contender(partial(_cnn_lstm, shape, False, "auto"), backends=("tensorflow",)),
    }
    return [Row("cnn_lstm training, batch 8", "step", contenders, _BACKENDS)]


def _batch(shape: tuple[int, ...], size: int) -> tuple[Any, Any]:
    import numpy as np

    random = np.random.default_rng(0)
    return random.integers(0, 256, (size, *shape), dtype=np.uint8), random.integers(0, _CLASSES, size)


def _steps(model: keras.Model, shape: tuple[int, ...], size: int, xla: Any) -> Work:
    import keras

    from .frameworks import training_steps

    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=xla)
    return training_steps(model, *_batch(shape, size))


def _flatten_lstm(shape: tuple[int, ...], size: int, ours: bool, xla: Any, context: Context) -> Work:
    import keras

    from ..contracts import Spec
    from ..layers import ImageScaling
    from ..layers.implementation import helps_xla
    from ..models import FlattenLstm

    if ours:
        spec = Spec(input_shape=shape, class_names=tuple(map(str, range(_CLASSES))))
        model = FlattenLstm().build(spec)
        return _steps(model, shape, size, helps_xla(model))
    inputs = keras.Input(shape, dtype="uint8")
    x = keras.layers.Reshape((shape[0], -1))(ImageScaling("unit")(inputs))
    x = keras.layers.Dense(256, activation="relu")(keras.layers.LSTM(256)(x))
    return _steps(keras.Model(inputs, keras.layers.Dense(_CLASSES)(x)), shape, size, xla)


def _torch_flatten_lstm(shape: tuple[int, ...], size: int, context: Context) -> Work:
    import torch
    from torch import nn

    from .pytorch import torch_training_steps

    pixels = shape[1] * shape[2] * shape[3]

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(pixels, 256, batch_first=True)
            self.head = nn.Sequential(nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, _CLASSES))

        def forward(self, clips):
            return self.head(self.lstm((clips.float() / 255).flatten(2))[0][:, -1])

    clips, labels = map(torch.tensor, _batch(shape, size))
    return torch_training_steps(Network(), lambda network: nn.functional.cross_entropy(network(clips), labels))


def _cnn_lstm(shape: tuple[int, ...], ours: bool, xla: Any, context: Context) -> Work:
    import keras

    from ..layers import LSTM, FoldTime, ImageScaling
    from ..layers.implementation import helps_xla

    network = keras.applications.MobileNetV2(shape[1:], alpha=0.35, include_top=False, weights=None, pooling="avg")
    for layer in network.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    inputs = keras.Input(shape, dtype="uint8")
    x = ImageScaling("tf")(inputs)
    x = (FoldTime if ours else keras.layers.TimeDistributed)(network)(x)
    x = (LSTM if ours else keras.layers.LSTM)(64)(x)
    model = keras.Model(inputs, keras.layers.Dense(_CLASSES)(x))
    return _steps(model, shape, 2 if context.quick else 8, helps_xla(model) if ours else xla)
