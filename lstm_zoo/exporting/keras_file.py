"""A `.keras` file: Keras' own format, which loads wherever `lstm_zoo.layers` can be imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import keras

    from ..run import Run
    from .formats import Options


def save(network: keras.Model, path: Path, run: Run, options: Options) -> dict[str, Any]:
    """Write a network."""
    del run, options
    network.save(path)
    return {"needs": "lstm_zoo.layers, imported before the file is loaded"}
