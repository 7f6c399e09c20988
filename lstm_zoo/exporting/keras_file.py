"""A `.keras` file: Keras' own format, which loads wherever `lstm_zoo.layers` can be imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from ..runs.network import RunNetwork
from .options import Options


def save(network: keras.Model, path: Path, run: RunNetwork, options: Options) -> dict[str, Any]:
    """Write a network."""
    del run, options
    network.save(path)
    return {"needs": "lstm_zoo, imported before the file is loaded"}
