"""The LSTM layer at the zoo's shapes, against Keras' and PyTorch's and against its bare matrix products."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .row import Contender, Context, Row, Work

_BACKENDS = ("tensorflow", "jax")
_INFERENCE = "LSTM inference (B,T,D,U)"
Shape = tuple[int, int, int, int]  # B, T, D, U


def _shapes(quick: bool) -> list[Shape]:
    return [(2, 6, 4, 3)] if quick else [(32, 16, 1280, 256), (64, 40, 512, 512), (8, 16, 2048, 1024)]


def _rows(context: Context, name: str, start: Callable, torch: Callable, **more: Callable) -> list[Row]:
    """Return a row for each shape; `start` makes the work of a Keras layer, with or without XLA."""
    return [
        Row(
            f"{name} {shape}",
            "step",
            {
                "ours": Contender(partial(start, shape, True, name != _INFERENCE)),
                "keras": Contender(partial(start, shape, False, False), plain=True, backends=("tensorflow",)),
                "keras, oneDNN": Contender(partial(start, shape, False, False), backends=("tensorflow",)),
                "keras, XLA": Contender(partial(start, shape, False, True), plain=True),
                "torch": Contender(partial(torch, shape), "torch"),
                **{other: Contender(partial(make, shape)) for other, make in more.items()},
            },
            _BACKENDS,
        )
        for shape in _shapes(context.quick)
    ]


def lstm_training(context: Context) -> list[Row]:
    """One training step with Adam of an LSTM layer on features."""
    return _rows(context, "LSTM training (B,T,D,U)", _training, _torch_training)


def lstm_gradients(context: Context) -> list[Row]:
    """The layer's forward and backward pass alone, and the floor: the same products as bare matrix products."""
    return _rows(context, "LSTM forward and backward (B,T,D,U)", _gradients, _torch_gradients, products=_products)


def lstm_inference(context: Context) -> list[Row]:
    """The layer's forward pass as `eval` and `predict` run it on a CPU, without XLA, and with it."""
    ours_by_xla = {"ours, XLA": lambda shape, context: _inference(shape, True, True, context)}
    return _rows(context, _INFERENCE, _inference, _torch_inference, **ours_by_xla)


def _layer(shape: Shape, ours: bool) -> Any:
    import keras

    from ..layers import LSTM

    batch, steps, width, units = shape
    layer = (LSTM if ours else keras.layers.LSTM)(units)
    layer.build((batch, steps, width))
    return layer


def _training(shape: Shape, ours: bool, xla: bool, context: Context) -> Work:
    import keras
    import numpy as np

    from .frameworks import random_array, training_steps

    batch, steps, width, units = shape
    inputs = keras.Input((steps, width))
    model = keras.Model(inputs, _layer(shape, ours)(inputs))
    model.compile("adam", "mse", jit_compile=xla)
    return training_steps(model, random_array(batch, steps, width), np.zeros((batch, units), np.float32))


def _gradients(shape: Shape, ours: bool, xla: bool, context: Context) -> Work:
    from .frameworks import gradients, random_array

    return gradients(_layer(shape, ours), random_array(*shape[:3]), xla)


def _inference(shape: Shape, ours: bool, xla: bool, context: Context) -> Work:
    from .frameworks import compiled, random_array, repeated

    return repeated(compiled(_layer(shape, ours), xla), random_array(*shape[:3]))


def _products(shape: Shape, context: Context) -> Work:
    """Return the matrix products of one forward and backward pass, by XLA, each the way round that is fastest."""
    from keras import ops

    from .frameworks import compiled, random_array, repeated

    batch, steps, width, units = shape
    rows = batch * steps

    def products(x, x_columns, kernel, by_units, recurrent, h_columns, z, h):
        def step(h, _):
            h = ops.matmul(recurrent, ops.matmul(by_units, h))  # one product forward, one backward
            return h, h

        last, _ = ops.scan(step, h, length=steps)
        return ops.matmul(x, kernel), ops.matmul(x_columns, z), ops.matmul(h_columns, z), last

    shapes = (
        (rows, width),
        (width, rows),
        (width, 4 * units),
        (4 * units, units),
        (units, 4 * units),
        (units, rows),
        (rows, 4 * units),
        (units, batch),
    )
    keeps_its_size = (2 * units) ** -0.5  # of h over the steps, or denormal numbers would slow the products down
    arrays = [random_array(*one) * keeps_its_size for one in shapes]
    return repeated(compiled(products, True), *arrays)


def _torch_layer(shape: Shape) -> tuple[Any, Any]:
    import torch

    batch, steps, width, units = shape
    return torch.nn.LSTM(width, units, batch_first=True), torch.randn(batch, steps, width)


def _torch_training(shape: Shape, context: Context) -> Work:
    from .pytorch import torch_training_steps

    layer, x = _torch_layer(shape)
    return torch_training_steps(layer, lambda layer: (layer(x)[0][:, -1] ** 2).mean())


def _torch_gradients(shape: Shape, context: Context) -> Work:
    layer, x = _torch_layer(shape)

    def work(times: int) -> None:
        for _ in range(times):
            layer.zero_grad()
            (layer(x)[0][:, -1] ** 2).mean().backward()

    return work


def _torch_inference(shape: Shape, context: Context) -> Work:
    import torch

    layer, x = _torch_layer(shape)

    def work(times: int) -> None:
        with torch.inference_mode():
            for _ in range(times):
                layer(x)

    return work
