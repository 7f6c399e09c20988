"""Live video: a network that keeps its state, against the clip network over the last frames again and again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .row import Contender, Context, Row, Work

if TYPE_CHECKING:
    import keras


def streaming(context: Context) -> list[Row]:
    """An answer after each frame of a video: `cnn_lstm` (MobileNetV2 0.35, LSTM 256), one video at a time."""
    shape = (4, 32, 32, 3) if context.quick else (16, 112, 112, 3)
    contenders = {
        "ours": Contender(partial(_frame_by_frame, shape)),
        f"clip of the last {shape[0]} frames": Contender(partial(_clip_by_clip, shape)),
    }
    return [Row(f"streaming cnn_lstm, frames of {shape[1]} px", "frame", contenders, ("tensorflow", "jax"))]


def _frame_by_frame(shape: tuple[int, ...], context: Context) -> Work:
    from ..streaming import step_network, stream_of

    del context
    stream, video = stream_of(step_network(_network(shape))), _video(shape)

    def work(units: int) -> None:
        for number in range(units):
            stream.scores(video[number % len(video)][None])

    return work


def _clip_by_clip(shape: tuple[int, ...], context: Context) -> Work:
    import numpy as np

    from ..exporting.proof import answering

    del context
    answer, video = answering(_network(shape)), _video(shape)

    def work(units: int) -> None:
        for number in range(units):
            answer(np.roll(video, -(number % len(video)) - 1, axis=0)[None])  # ends with the newest frame

    return work


def _network(shape: tuple[int, ...]) -> keras.Model:
    from ..contracts import Spec
    from ..models.cnn_lstm import CnnLstm
    from ..tasks.classification import Classification

    backbone: Any = {"weights": None, "options": {"alpha": 0.35}}
    spec = Spec(input_shape=shape, class_names=tuple("abcdefghij"))
    return Classification().exported(CnnLstm(backbone=backbone).build(spec))


def _video(shape: tuple[int, ...]) -> Any:
    import numpy as np

    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
