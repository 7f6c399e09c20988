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
    name, clip = f"streaming cnn_lstm, frames of {shape[1]} px", f"clip of the last {shape[0]} frames"
    return [
        Row(
            f"{name}, exported",
            "frame",
            {
                "ours": Contender(partial(_onnx_stream, shape), "onnxruntime"),
                clip: Contender(partial(_onnx_clip, shape), "onnxruntime"),
            },
        ),
        Row(
            f"{name}, in Keras",
            "frame",
            {  # `predict --stream` switches oneDNN off, which is better for whole clips
                "ours": Contender(partial(_stream, shape), onednn=False),
                clip: Contender(partial(_clip, shape)),
                f"{clip}, no oneDNN": Contender(partial(_clip, shape), onednn=False, backends=("tensorflow",)),
            },
            ("tensorflow", "jax"),
        ),
    ]


def _stream(shape: tuple[int, ...], context: Context) -> Work:
    from ..streaming import step_network, stream_of

    del context
    return _frame_by_frame(stream_of(step_network(_network(shape))), shape)


def _clip(shape: tuple[int, ...], context: Context) -> Work:
    from ..exporting.proof import answering

    del context
    return _clip_by_clip(answering(_network(shape)), shape)


def _onnx_stream(shape: tuple[int, ...], context: Context) -> Work:
    from ..streaming import FRAME, Stream, step_network

    del context
    session, names = _session(step_network(_network(shape)))
    sizes = {one.name: one.shape[1] for one in session.get_inputs() if one.name != FRAME}
    return _frame_by_frame(
        Stream(lambda inputs: dict(zip(names, session.run(names, inputs), strict=True)), sizes), shape
    )


def _onnx_clip(shape: tuple[int, ...], context: Context) -> Work:
    del context
    session, names = _session(_network(shape))
    return _clip_by_clip(lambda clip: session.run(names, {"clip": clip}), shape)


def _session(network: keras.Model) -> tuple[Any, list[str]]:
    """Return onnxruntime with a network, and the names of its outputs."""
    import onnxruntime

    from ..exporting.onnx_file import converted

    session = onnxruntime.InferenceSession(converted(network).SerializeToString())
    return session, [one.name for one in session.get_outputs()]


def _frame_by_frame(stream: Any, shape: tuple[int, ...]) -> Work:
    video = _video(shape)

    def work(units: int) -> None:
        for number in range(units):
            stream.scores(video[number % len(video)][None])

    return work


def _clip_by_clip(answer: Any, shape: tuple[int, ...]) -> Work:
    import numpy as np

    video = _video(shape)

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
