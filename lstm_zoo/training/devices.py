"""Which devices share the work of a training step."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras

from ..contracts import InputError


class OneDevice:
    """Stands in for a strategy where there is nothing to share."""

    def scope(self) -> AbstractContextManager:
        """Return a context in which nothing is different."""
        return nullcontext()


def strategy(devices: int | None) -> Any:
    """Return how to share the work: not at all on one device, by TensorFlow's `MirroredStrategy` on several GPUs.

    Args:
        devices: How many GPUs; None: all that are visible.

    Raises:
        InputError: There are fewer.
    """
    if keras.backend.backend() != "tensorflow":
        return OneDevice()
    import tensorflow as tf

    gpus = visible_gpus()
    if devices is not None and devices > max(1, len(gpus)):
        raise InputError("train.devices", f"asks for {devices} GPUs, but {len(gpus)} are visible here")
    chosen = gpus[:devices]
    return tf.distribute.MirroredStrategy(chosen) if len(chosen) > 1 else OneDevice()


def visible_gpus() -> list[str]:
    """Return the names of the GPUs that TensorFlow sees."""
    import tensorflow as tf

    return [device.name for device in tf.config.list_logical_devices("GPU")]
