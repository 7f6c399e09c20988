"""Networks that label pixels and voxels: their training steps, with and without XLA where there is a choice."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contracts import LabelMap, Spec, Tensor
from ..models import MdLstmLabeller, PyramidLstm
from .row import BOTH, TENSORFLOW, Contender, Context, Row, Work, random_pixels

if TYPE_CHECKING:
    from ..contracts import ModelConfig

_CLASSES = 8
Shape = tuple[int, ...]


def labeller_training(context: Context) -> list[Row]:
    """A training step of `md_lstm_labeller` and of `pyramid_lstm`, at the sizes of their recipes.

    The first is that of `stanford_background_md_lstm.yaml`, with XLA, as `train` has it, and without; the second that
    of `blob_volumes_pyramid_lstm.yaml`, which TensorFlow's XLA cannot compile.
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
    }
    pyramid = {"ours": Contender(partial(of_volumes, None))}
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
