"""A `.keras` file: Keras' own format, which loads wherever lstm_zoo can be imported, or a portable one anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from ..runs.network import RunNetwork
from .keras_portable import portable
from .options import ExportError, Options
from .runtimes import needs_layers


def save(network: keras.Model, path: Path, run: RunNetwork, options: Options) -> dict[str, Any]:
    """Write a network."""
    del run
    if options.portable:
        network = portable(network)
    network.save(path)
    if options.portable and needs_layers(path):
        raise ExportError("keras: --portable, but the file holds layers of lstm_zoo within a layer of Keras")
    return {"needs": "lstm_zoo, imported before the file is loaded" if needs_layers(path) else "Keras alone"}
