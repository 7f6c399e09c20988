"""The LSTM layer at the zoo's shapes, against Keras' and PyTorch's and against its bare matrix products."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .pytorch import torch_training_steps
from .row import BOTH, TENSORFLOW, Contender, Context, Row, Work, random_array, repeated

_INFERENCE = "LSTM inference (B,T,D,U)"
Shape = tuple[int, int, int, int]  # B, T, D, U
SHAPES = (32, 16, 1280, 256), (64, 40, 512, 512), (8, 16, 2048, 1024)


def _rows(
    context: Context, name: str, start: Callable, torch: Callable, alone: bool = False, **more: Callable
) -> list[Row]:
    """Return a row for each shape, also for one example `alone`; `start` makes a Keras layer's work, XLA or not."""
    shapes = [(2, 6, 4, 3)] if context.quick else list(SHAPES)
    shapes += [(1, *shape[1:]) for shape in shapes] * alone

    def row(shape: Shape) -> Row:
        contenders = {
            "ours": Contender(partial(start, shape, True, name != _INFERENCE)),
            "keras": Contender(partial(start, shape, False, False), plain=True, backends=TENSORFLOW),
            "keras, oneDNN": Contender(partial(start, shape, False, False), backends=TENSORFLOW),
            "keras, XLA": Contender(partial(start, shape, False, True), plain=True),
            "torch": Contender(partial(torch, shape), "torch"),
            **{other: Contender(partial(make, shape)) for other, make in more.items()},
        }
        return Row(f"{name} {shape}", "step", contenders, BOTH)

    return [row(shape) for shape in shapes]


def lstm_training(context: Context) -> list[Row]:
    """One training step with Adam of an LSTM layer on features."""
    return _rows(context, "LSTM training (B,T,D,U)", _training, _torch_training)


def lstm_gradients(context: Context) -> list[Row]:
    """The layer's forward and backward pass alone, and the floor: the same products as bare matrix products."""
    return _rows(context, "LSTM forward and backward (B,T,D,U)", _gradients, _torch_gradients, products=_products)


def lstm_inference(context: Context) -> list[Row]:
    """The layer's forward pass as `eval` and `predict` run it on a CPU, without XLA and with it, and of one example."""
    ours_by_xla = {"ours, XLA": lambda shape, context: _inference(shape, True, True, context)}
    return _rows(context, _INFERENCE, _inference, _torch_inference, alone=True, **ours_by_xla)


def _layer(shape: Shape, ours: bool) -> Any:
    import keras

    from ..layers import LSTM

    layer = (LSTM if ours else keras.layers.LSTM)(shape[3])
    layer.build(shape[:3])
    return layer


def _training(shape: Shape, ours: bool, xla: bool, context: Context) -> Work:
    from .frameworks import layer_training

    return layer_training(_layer(shape, ours), shape[:3], ours, xla)


def _gradients(shape: Shape, ours: bool, xla: bool, context: Context) -> Work:
    from .frameworks import gradients

    return gradients(_layer(shape, ours), random_array(*shape[:3]), xla)


def _inference(shape: Shape, ours: bool, xla: bool, context: Context) -> Work:
    from .frameworks import calls, compiled

    return calls(compiled(_layer(shape, ours), xla), random_array(*shape[:3]))


def _products(shape: Shape, context: Context) -> Work:
    """Return the matrix products of one forward and backward pass, by XLA, each the way round that is fastest."""
    from keras import ops

    from .frameworks import calls, compiled

    batch, steps, width, units = shape
    rows = batch * steps

    def products(x, x_columns, kernel, by_units, recurrent, h_columns, z, h):
        def step(h, _):
            h = ops.matmul(recurrent, ops.matmul(by_units, h))  # one product forward, one backward
            return h, h

        last, _ = ops.scan(step, h, length=steps)
        return ops.matmul(x, kernel), ops.matmul(x_columns, z), ops.matmul(h_columns, z), last

    inputs = (rows, width), (width, rows), (width, 4 * units)
    shapes = *inputs, (4 * units, units), (units, 4 * units), (units, rows), (rows, 4 * units), (units, batch)
    keeps_its_size = (2 * units) ** -0.5  # of h over the steps, or denormal numbers would slow the products down
    return calls(compiled(products, True), *(random_array(*one) * keeps_its_size for one in shapes))


def _torch_layer(shape: Shape) -> tuple[Any, Any]:
    import torch

    batch, steps, width, units = shape
    return torch.nn.LSTM(width, units, batch_first=True), torch.randn(batch, steps, width)


def _torch_training(shape: Shape, context: Context) -> Work:
    layer, x = _torch_layer(shape)
    return torch_training_steps(layer, lambda layer: (layer(x)[0][:, -1] ** 2).mean())


def _torch_gradients(shape: Shape, context: Context) -> Work:
    layer, x = _torch_layer(shape)

    def passes() -> None:
        layer.zero_grad()
        (layer(x)[0][:, -1] ** 2).mean().backward()

    return repeated(passes)


def _torch_inference(shape: Shape, context: Context) -> Work:
    import torch

    layer, x = _torch_layer(shape)
    return torch.inference_mode()(repeated(lambda: layer(x)))
