"""Whole networks: a training step of `flatten_lstm` and of `cnn_lstm`."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contracts import Classes, Spec, Tensor
from ..models import CnnLstm, FlattenLstm
from .pytorch import torch_training_steps
from .row import BOTH, TENSORFLOW, Contender, Context, Row, Work

if TYPE_CHECKING:
    import keras

_CLASSES = 10
Shape = tuple[int, ...]


def flatten_lstm_training(context: Context) -> list[Row]:
    """A training step of `flatten_lstm` at the sizes of the founding document."""
    shape = (4, 8, 8, 3) if context.quick else (16, 112, 112, 3)

    def row(batch: int) -> Row:
        steps = partial(_flatten_lstm, shape, batch)
        contenders = {
            "ours": Contender(partial(steps, True, None)),
            "keras": Contender(partial(steps, False, "auto"), plain=True),
            "keras, oneDNN": Contender(partial(steps, False, "auto"), backends=TENSORFLOW),
            "keras, XLA": Contender(partial(steps, False, True), plain=True, backends=TENSORFLOW),
            "torch": Contender(partial(_torch_flatten_lstm, shape, batch), "torch"),
        }
        return Row(f"flatten_lstm training, batch {batch}", "step", contenders, BOTH)

    return [row(batch) for batch in ([2] if context.quick else [8, 32])]


def cnn_lstm_training(context: Context) -> list[Row]:
    """A training step of MobileNetV2 (0.35) on every frame and an LSTM, fine-tuned, batch statistics frozen."""
    shape = (2, 32, 32, 3) if context.quick else (16, 64, 64, 3)
    contenders = {
        "ours": Contender(partial(_cnn_lstm, shape, True, None)),
        "TimeDistributed": Contender(partial(_cnn_lstm, shape, False, "auto"), plain=True),
        "TimeDistributed, oneDNN": Contender(partial(_cnn_lstm, shape, False, "auto"), backends=TENSORFLOW),
    }
    return [Row("cnn_lstm training, batch 8", "step", contenders, BOTH)]


def zoo_cnn_lstm(shape: Shape) -> tuple[keras.Model, Spec]:
    """Return the zoo's `cnn_lstm` on MobileNetV2 (0.35) for clips (T, H, W, 3), trained wholly, and its spec."""
    backbone: Any = {"weights": None, "options": {"alpha": 0.35}}
    spec = _spec(shape)
    return CnnLstm(backbone=backbone).build(spec), spec


def _spec(shape: Shape) -> Spec:
    target = Classes(names=tuple(map(str, range(_CLASSES))))
    return Spec(inputs={"clip": Tensor(shape=shape)}, target=target)


def _batch(shape: Shape, size: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.integers(0, 256, (size, *shape), dtype=np.uint8), random.integers(0, _CLASSES, size)


def _steps(model: keras.Model, shape: Shape, size: int, ours: bool, xla: Any) -> Work:
    """Return training steps; `xla` None: as `train` decides."""
    import keras

    from .frameworks import training_steps

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    clips, labels = _batch(shape, size)
    inputs = {"clip": clips} if isinstance(model.input, dict) else clips
    return training_steps(model, loss, inputs, labels, ours=ours, xla=xla)


def _flatten_lstm(shape: Shape, size: int, ours: bool, xla: Any, context: Context) -> Work:
    import keras

    from ..layers import ImageScaling

    if ours:
        return _steps(FlattenLstm().build(_spec(shape)), shape, size, ours, xla)
    inputs = keras.Input(shape, dtype="uint8")
    x = keras.layers.Reshape((shape[0], -1))(ImageScaling("unit")(inputs))
    x = keras.layers.Dense(256, activation="relu")(keras.layers.LSTM(256)(x))
    return _steps(keras.Model(inputs, keras.layers.Dense(_CLASSES)(x)), shape, size, ours, xla)


def _torch_flatten_lstm(shape: Shape, size: int, context: Context) -> Work:
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(math.prod(shape[1:]), 256, batch_first=True)
            self.head = nn.Sequential(nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, _CLASSES))

        def forward(self, clips):
            return self.head(self.lstm((clips.float() / 255).flatten(2))[0][:, -1])

    clips, labels = map(torch.tensor, _batch(shape, size))
    return torch_training_steps(Network(), lambda network: nn.functional.cross_entropy(network(clips), labels))


def _cnn_lstm(shape: Shape, ours: bool, xla: Any, context: Context) -> Work:
    import keras

    from ..layers import LSTM, FoldTime, ImageScaling

    network = keras.applications.MobileNetV2(shape[1:], alpha=0.35, include_top=False, weights=None, pooling="avg")
    for layer in network.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    inputs = keras.Input(shape, dtype="uint8")
    x = ImageScaling("tf")(inputs)
    x = (FoldTime if ours else keras.layers.TimeDistributed)(network)(x)
    x = (LSTM if ours else keras.layers.LSTM)(64)(x)
    model = keras.Model(inputs, keras.layers.Dense(_CLASSES)(x))
    return _steps(model, shape, 2 if context.quick else 8, ours, xla)
