"""Networks that label pixels and voxels: their training steps, and the floor, the bare products or convolutions."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contracts import LabelMap, Spec, Tensor
from ..models import MdLstmLabeller, PyramidLstm
from .row import BOTH, TENSORFLOW, Contender, Context, Row, Work, random_array, random_pixels

if TYPE_CHECKING:
    from ..contracts import ModelConfig

_CLASSES = 8
Shape = tuple[int, ...]


def labeller_training(context: Context) -> list[Row]:
    """A training step of `md_lstm_labeller` and of `pyramid_lstm`, at the sizes of their recipes.

    The first is that of `stanford_background_md_lstm.yaml`, with XLA, as `train` has it, and without; the second that
    of `blob_volumes_pyramid_lstm.yaml`, which `train` does not compile on TensorFlow. Beside them what their recurrent
    layers multiply or convolve, forwards and backwards, and nothing else.
    """
    images, volumes = (8, 240, 320, 3), (4, 24, 32, 32, 1)
    by_md_lstm, by_pyramid = MdLstmLabeller(window=4), PyramidLstm(units=(8, 16), dense=(16,), kernel_size=3)
    if context.quick:
        images, volumes = (2, 8, 8, 3), (2, 4, 6, 6, 1)
        by_md_lstm, by_pyramid = MdLstmLabeller(units=(4,), dense=(4,)), PyramidLstm(units=(4,), dense=())
    of_images = partial(_steps, by_md_lstm, "image", images)
    of_volumes = partial(_steps, by_pyramid, "volume", volumes)
    labeller = {
        "ours": Contender(partial(of_images, None)),
        "ours, no XLA": Contender(partial(of_images, False), backends=TENSORFLOW),
        "products": Contender(partial(_products, by_md_lstm, images)),
    }
    pyramid = {
        "ours": Contender(partial(of_volumes, None)),
        "convolutions": Contender(partial(_convolutions, by_pyramid, volumes), backends=TENSORFLOW),
    }
    return [
        Row(f"md_lstm_labeller training (B,H,W,C) {images}", "step", labeller, BOTH),
        Row(f"pyramid_lstm training (B,Z,H,W,C) {volumes}", "step", pyramid, BOTH),
    ]


def _steps(config: ModelConfig, name: str, shape: Shape, xla: bool | None, context: Context) -> Work:
    from ..tasks.metrics.losses import label_map_loss
    from .frameworks import training_steps

    target = LabelMap(names=tuple(map(str, range(_CLASSES))))
    model = config.build(Spec(inputs={name: Tensor(shape=shape[1:])}, target=target))
    labels = np.random.default_rng(0).integers(0, _CLASSES, shape[:-1])
    inputs: Any = {name: random_pixels(*shape)}
    return training_steps(model, label_map_loss(0.0, None), inputs, labels, ours=True, xla=xla)


def _products(config: MdLstmLabeller, shape: Shape, context: Context) -> Work:
    """Return the matrix products of all diagonals, with two images side by side, by XLA."""
    from keras import ops

    from ..layers.spatial.md_cells import GATES
    from ..layers.spatial.md_lstm import CORNERS
    from .frameworks import calls, compiled

    images_in_a_row, window = 2, config.window
    height, width = shape[1] // window, shape[2] // window
    lanes, diagonals = height * shape[0] // images_in_a_row, images_in_a_row * width + height - 1
    widths = (shape[-1] * window**2, *config.dense)

    def of_layer(kernel: Any, seen: Any) -> Any:
        def diagonal(_: Any, carried: Any) -> Any:
            seen, by_kernel = carried
            by_gates = ops.matmul(kernel, seen)
            seen = ops.matmul(ops.swapaxes(kernel, 1, 2), by_gates)  # as derivatives go back
            return seen, by_kernel + ops.matmul(by_gates, ops.swapaxes(seen, 1, 2))

        return ops.fori_loop(0, diagonals, diagonal, (seen, ops.zeros_like(kernel)))

    shapes = [
        ((len(CORNERS), GATES * units, depth + 2 * units), (len(CORNERS), depth + 2 * units, lanes))
        for depth, units in zip(widths, config.units, strict=False)
    ]
    # A kernel's largest singular value is brought to about 1: numbers then neither grow nor vanish.
    arrays = [
        (random_array(*kernel) / (kernel[1] ** 0.5 + kernel[2] ** 0.5), random_array(*seen)) for kernel, seen in shapes
    ]
    return calls(compiled(lambda arrays: [of_layer(*one) for one in arrays], True), arrays)


def _convolutions(config: PyramidLstm, shape: Shape, context: Context) -> Work:
    """Return the convolutions of all sweeps, and their derivatives: of a sweep's inputs at once, of its states each."""
    import keras
    import tensorflow as tf
    from keras import ops

    from .frameworks import calls, compiled

    batch, *sizes, channels = shape
    shapes = []
    for (depth, units), (axis, planes), _ in itertools.product(
        zip((channels, *config.dense), config.units, strict=True), enumerate(sizes), ("forward", "backward")
    ):
        window, plane = (config.kernel_size,) * 2, (*sizes[:axis], *sizes[axis + 1 :])
        inputs = (planes * batch, *plane, depth), (*window, depth, 4 * units)
        shapes += [(inputs, ((planes, batch, *plane, units), (*window, units, 4 * units)))]

    def passes(sweeps: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(sweeps)
            convolved = [
                ops.conv(one, kernel, padding="same")
                for (inputs, kernel), (states, recurrent) in sweeps
                for one, kernel in [(inputs, kernel), *((state, recurrent) for state in ops.unstack(states))]
            ]
        return tape.gradient(convolved, sweeps, convolved)

    arrays = keras.tree.map_shape_structure(lambda one: random_array(*one), shapes)
    return calls(compiled(passes, False), arrays)
