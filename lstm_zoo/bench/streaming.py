"""Live video: a network that keeps its state, against the clip network over the last frames again and again."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..models import CnnLstm
from .networks import zoo_cnn_lstm
from .row import BOTH, TENSORFLOW, Contender, Context, Row, Work, random_pixels, repeated

if TYPE_CHECKING:
    import keras

Shape = tuple[int, ...]


def streaming(context: Context) -> list[Row]:
    """An answer after each frame of a video: `cnn_lstm` (MobileNetV2 0.35, LSTM 256), one video at a time."""
    shape = (4, 32, 32, 3) if context.quick else (16, 112, 112, 3)
    name, clip = f"streaming cnn_lstm, frames of {shape[1]} px", f"ours, clip of the last {shape[0]} frames"
    exported = {
        "ours": Contender(partial(_onnx_stream, shape), "onnxruntime"),
        clip: Contender(partial(_onnx_clip, shape), "onnxruntime"),
    }
    in_keras = {  # `predict --stream` switches oneDNN off, which is better for whole clips
        "ours": Contender(partial(_stream, shape), onednn=False),
        clip: Contender(partial(_clip, shape)),
        f"{clip}, no oneDNN": Contender(partial(_clip, shape), onednn=False, backends=TENSORFLOW),
    }
    return [Row(f"{name}, exported", "frame", exported), Row(f"{name}, in Keras", "frame", in_keras, BOTH)]


def _stream(shape: Shape, context: Context) -> Work:
    from ..streaming.step import step_network, stream_of

    return _frame_by_frame(stream_of(step_network(_network(shape), CnnLstm())), shape)


def _clip(shape: Shape, context: Context) -> Work:
    from ..exporting.network import answering

    answer = answering(_network(shape))
    return _clip_by_clip(lambda clip: answer({"clip": clip}), shape)


def _onnx_stream(shape: Shape, context: Context) -> Work:
    from ..streaming.step import FRAME, Steps, step_network

    session, names = _session(step_network(_network(shape), CnnLstm()))
    sizes = {one.name: one.shape[1] for one in session.get_inputs() if one.name != FRAME}
    stream = Steps(lambda inputs: dict(zip(names, session.run(names, inputs), strict=True)), sizes)
    return _frame_by_frame(stream, shape)


def _onnx_clip(shape: Shape, context: Context) -> Work:
    session, names = _session(_network(shape))
    return _clip_by_clip(lambda clip: session.run(names, {"clip": clip}), shape)


def _session(network: keras.Model) -> tuple[Any, list[str]]:
    """Return onnxruntime with a network, and the names of its outputs."""
    import onnxruntime

    from ..exporting.onnx_file import converted

    session = onnxruntime.InferenceSession(converted(network).SerializeToString())
    return session, [one.name for one in session.get_outputs()]


def _frame_by_frame(stream: Any, shape: Shape) -> Work:
    frames = itertools.cycle(random_pixels(*shape))
    return repeated(lambda: stream.answer(next(frames)[None]))


def _clip_by_clip(answer: Any, shape: Shape) -> Work:
    video, newest = random_pixels(*shape), itertools.cycle(range(shape[0]))
    return repeated(lambda: answer(np.roll(video, -next(newest) - 1, axis=0)[None]))  # ends with the newest frame


def _network(shape: Shape) -> keras.Model:
    from ..tasks.classification import Classification

    return Classification().network(*zoo_cnn_lstm(shape))
