"""Where XLA may compile convolutions that follow one another step by step."""

from __future__ import annotations

import keras

from ..recurrent.cudnn import gpu_visible


def xla_convolves() -> bool:
    """Say whether XLA may compile them here, for a layer's `supports_jit`.

    TensorFlow's XLA leaves oneDNN out on a CPU: a training step of two encoding and two forecasting layers took 30 s
    instead of 0.6. On JAX there is no other way.
    """
    return keras.backend.backend() != "tensorflow" or gpu_visible()
