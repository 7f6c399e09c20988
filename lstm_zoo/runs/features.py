"""Networks whose encoder is frozen: their head, on features that are computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

from ..config.recipe import Config
from ..contracts import FEATURES, Splits


def on_features(
    config: Config,
    model: keras.Model,
    splits: Splits,
    *,
    training: bool = False,
    encoded: Callable[[str], Iterable[np.ndarray]] | None = None,
) -> tuple[keras.Model, Splits]:
    """Return what is to be trained or evaluated: the head on cached features, or the network itself on its inputs.

    Args:
        config: The recipe; `train.cached_views` decides.
        model: The whole network.
        splits: Its data.
        training: Whether the training split will be read as well.
        encoded: As `Splits.on_features` takes it.

    Returns:
        The head, which shares its layers with the network, and splits that stream features; or `model` and `splits`
        where the encoder is trained, or features are not to be cached.
    """
    views, encoder = config.train.cached_views, config.model.encoder
    if encoder is None or not keeps_features(config) or (training and views is None and splits.augmented):
        return model, splits
    features = config.model.features(model)
    features.name = FEATURES  # Keras wants the names of tensors that stand for inputs to be those of the dict
    named: Any = model.input
    hints = {name: named[name] for name in splits.spec.hints}
    head = keras.Model({FEATURES: features, **hints}, model.output, name=f"{model.name}_head")
    copies: Any = head.input
    for name, copy in copies.items():
        copy.name = name  # Keras called it otherwise
    about = encoder.model_dump(mode="json", exclude={"weights"})
    num_views = (views or 1) if splits.augmented else 1
    return head, splits.on_features(encoder_of(config, model, splits), about, num_views, encoded)


def keeps_features(config: Config) -> bool:
    """Say whether a network is evaluated on features that its encoder has made once."""
    return config.train.cached_views != 0 and config.model.encoder is not None and config.model.encoder.frozen


def encoder_of(config: Config, model: keras.Model, splits: Splits) -> keras.Model:
    """Return the part of a network from inputs by name to a dict of its `features`."""
    named: Any = model.input
    inputs = {name: named[name] for name in splits.spec.inputs}
    return keras.Model(inputs, {FEATURES: config.model.features(model)})
