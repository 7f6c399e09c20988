"""Which recurrent layers will run on cuDNN's kernels, and why the others will not."""

from __future__ import annotations

import keras

_FUSED = (keras.layers.LSTM, keras.layers.GRU)


def cudnn_verdict(layer: keras.layers.Layer, masked: bool = False) -> str:
    """Say whether a recurrent layer runs on cuDNN on this machine, and if not, which condition fails.

    Args:
        layer: The layer.
        masked: Whether its inputs have a mask.
    """
    if not isinstance(layer, _FUSED):
        return "no cuDNN kernel for this kind of cell"
    conditions = {
        "use_cudnn is off": layer.use_cudnn in ("auto", True),
        "activation is not tanh": layer.activation is keras.activations.tanh,
        "recurrent_activation is not sigmoid": layer.recurrent_activation is keras.activations.sigmoid,
        "it has recurrent dropout": not layer.recurrent_dropout,
        "it is unrolled": not layer.unroll,
        "it has no bias": layer.use_bias,
        "reset_after is off": getattr(layer, "reset_after", True),
        "Keras on JAX has no GRU on cuDNN": keras.backend.backend() != "jax" or isinstance(layer, keras.layers.LSTM),
        "Keras on JAX takes no mask to cuDNN": keras.backend.backend() != "jax" or not masked,
        "no GPU is visible": gpu_visible(),
    }
    failed = [reason for reason, holds in conditions.items() if not holds]
    return f"no cuDNN: {'; '.join(failed)}" if failed else "cuDNN"


def gpu_visible() -> bool:
    """Say whether Keras' backend sees a GPU."""
    return any(device.lower().startswith(("gpu", "cuda")) for device in keras.distribution.list_devices())
