"""The encoder: features of frames, and epochs with and without cached features."""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..models.parts.backbones import BackboneConfig
from .clips import draw_videos, videos_of
from .row import BOTH, Contender, Context, Row, Work, random_pixels, repeated

if TYPE_CHECKING:
    import keras
    import numpy as np


def frame_features(context: Context) -> list[Row]:
    """Features of 16 frames a clip by MobileNetV2 (0.35): all frames of a batch at once against one `predict` each."""
    contenders = {"ours": Contender(_folded), "a predict a frame": Contender(_predict_a_frame, plain=True)}
    return [Row("frame features", "8 clips", contenders, BOTH)]


def cached_epochs(context: Context) -> list[Row]:
    """An epoch of `cnn_lstm` with a frozen encoder, features cached, against the same without cache."""
    contenders = {"ours": Contender(partial(_epochs, None)), "ours, without cache": Contender(partial(_epochs, 0))}
    return [Row("epoch with a frozen encoder", "epoch", contenders, setup=_make_weights)]


def _side(context: Context) -> int:
    return 32 if context.quick else 96


def _clips(context: Context) -> np.ndarray:
    side = _side(context)
    return random_pixels(*((2, 2) if context.quick else (8, 16)), side, side, 3)


def _encoder(side: int) -> keras.Model:
    return BackboneConfig(weights=None, options={"alpha": 0.35}).build((side, side, 3))


def _folded(context: Context) -> Work:
    import keras

    from ..layers import FoldTime

    clips = _clips(context)
    inputs = keras.Input(clips.shape[1:], dtype="uint8")
    model = keras.Model(inputs, FoldTime(_encoder(_side(context)))(inputs))
    return repeated(lambda: model.predict_on_batch(clips))


def _predict_a_frame(context: Context) -> Work:
    encoder, clips = _encoder(_side(context)), _clips(context)

    def a_frame_each() -> None:
        for frame in itertools.chain(*clips):
            encoder.predict(frame[None], verbose=0)

    return repeated(a_frame_each)


def _weights(context: Context) -> Path:
    return context.scratch / "encoder.weights.h5"


def _make_weights(context: Context) -> None:
    """Write weights for the encoder, so that it counts as pretrained and is frozen."""
    import keras

    draw_videos(context)
    side = _side(context)
    network = keras.applications.MobileNetV2((side, side, 3), alpha=0.35, include_top=False, weights=None)
    network.save_weights(_weights(context))


def _epochs(cached_views: int | None, context: Context) -> Work:
    """Return epochs of training after the first, as `lstmzoo train` does them, less validation and its callbacks."""
    from ..config.recipe import load
    from ..runs.features import on_features
    from ..training.compiling import compile_for_training
    from .frameworks import Clock

    settings = {
        "data.root": videos_of(context),
        "data.data_dir": context.scratch,
        "data.val_fraction": 0,
        "data.test_fraction": 0,
        "data.clip.size": _side(context),
        "data.clip.train_sampling": "uniform",
        "data.clip.augment": {},
        "model.backbone.weights": _weights(context),
        "train.cached_views": "null" if cached_views is None else cached_views,
    }
    config = load("my_videos_cnn_lstm.yaml", [f"{key}={value}" for key, value in settings.items()])
    splits = config.data.load()
    network = config.model.build(splits.spec)
    model, streams = on_features(config, network, splits, training=True)
    steps, drop_remainder = compile_for_training(model, config, config.task.objective(splits.spec, list), splits)
    stream = streams.train_stream(config.train.batch_size, 0, drop_remainder=drop_remainder)

    clock = Clock("epoch")

    def work(epochs: int) -> float:
        model.fit(stream, steps_per_epoch=steps, epochs=epochs + 1, shuffle=False, verbose=0, callbacks=[clock])
        return clock.seconds

    return work
