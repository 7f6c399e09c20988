"""The optimizer's part of a training step: all weights updated, their gradients given."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .networks import zoo_cnn_lstm
from .recurrent import SHAPES
from .row import Contender, Context, Row, Work, repeated

if TYPE_CHECKING:
    import keras

_CLIP_NORM = 1.0  # as `train` has it by default


def optimizer_update(context: Context) -> list[Row]:
    """Adam's update of all weights, one call each, as the training step of a network takes it; also with clipping.

    The networks are an LSTM layer of the first shape of `lstm_training`, and `cnn_lstm` (MobileNetV2 0.35) with nothing
    frozen. Clipped are gradients by their global norm, which `train` does by default.
    """
    return [_row("an LSTM layer", _lstm), _row("cnn_lstm", _cnn_lstm)]


def _row(name: str, build: Callable[[Context], keras.Model]) -> Row:
    file = f"weights of {name}.json"
    contenders = {
        "ours": Contender(partial(_ours, build, None)),
        "ours, clipped": Contender(partial(_ours, build, _CLIP_NORM)),
        "keras": Contender(partial(_keras, build, False), plain=True),
        "keras, XLA": Contender(partial(_keras, build, True), plain=True),
        "torch, fused": Contender(partial(_torch_update, file, False), "torch"),
        "torch, fused, clipped": Contender(partial(_torch_update, file, True), "torch"),
    }
    return Row(f"update of {name}", "update", contenders, setup=partial(_write_shapes, build, file))


def _lstm(context: Context) -> keras.Model:
    import keras

    from ..layers import LSTM

    _, steps, width, units = (2, 6, 4, 3) if context.quick else SHAPES[0]
    inputs = keras.Input((steps, width))
    return keras.Model(inputs, LSTM(units)(inputs))


def _cnn_lstm(context: Context) -> keras.Model:
    return zoo_cnn_lstm((2, 32, 32, 3) if context.quick else (16, 64, 64, 3))[0]


def _write_shapes(build: Callable[[Context], keras.Model], file: str, context: Context) -> None:
    """Write the shapes of a network's weights for PyTorch, whose processes import nothing of Keras."""
    shapes = [tuple(one.shape) for one in build(context).trainable_variables]
    Path(context.scratch, file).write_text(json.dumps(shapes))


def _ours(build: Callable[[Context], keras.Model], clip_norm: float | None, context: Context) -> Work:
    """Return updates by XLA where `train` has it."""
    from ..layers.recurrent.implementation import helps_xla
    from .frameworks import adam

    model = build(context)
    return _updates(model, adam(True, clip_norm), helps_xla(model))


def _keras(build: Callable[[Context], keras.Model], xla: bool, context: Context) -> Work:
    from .frameworks import adam

    return _updates(build(context), adam(False), xla)


def _updates(model: keras.Model, optimizer: keras.optimizers.Optimizer, xla: bool) -> Work:
    from .frameworks import calls, compiled

    weights = model.trainable_variables
    optimizer.build(weights)

    def update(*gradients: Any) -> Any:
        optimizer.apply(gradients, weights)
        return optimizer.iterations + 0

    return calls(compiled(update, xla), *(_gradient(one.shape) for one in weights))


def _torch_update(file: str, clips: bool, context: Context) -> Work:
    import torch

    shapes = json.loads(Path(context.scratch, file).read_text())
    weights = [torch.nn.Parameter(torch.zeros(shape)) for shape in shapes]
    for weight, shape in zip(weights, shapes, strict=True):
        weight.grad = torch.tensor(_gradient(shape))
    optimizer = torch.optim.Adam(weights, fused=True)

    def update() -> None:
        if clips:
            torch.nn.utils.clip_grad_norm_(weights, _CLIP_NORM)
        optimizer.step()

    return repeated(update)


def _gradient(shape: Any) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(tuple(shape), dtype=np.float32)
