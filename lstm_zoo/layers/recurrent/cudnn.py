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
    on_jax = keras.backend.backend() == "jax"
    failed = _failed(
        {
            "use_cudnn is off": layer.use_cudnn in ("auto", True),
            "it is unrolled": not layer.unroll,
            "it has no bias": layer.use_bias,
            "Keras on JAX has no GRU on cuDNN": not on_jax or isinstance(layer, keras.layers.LSTM),
            "Keras on JAX takes no mask to cuDNN": not on_jax or not masked,
            "no GPU is visible": gpu_visible(),
        }
    )
    reasons = "; ".join([*unlike_keras_defaults(layer), *failed])
    return f"no cuDNN: {reasons}" if reasons else "cuDNN"


def unlike_keras_defaults(layer: keras.layers.Layer) -> list[str]:
    """Return what of a recurrent layer's mathematics no fast loop has, neither cuDNN's nor ours."""
    sigmoid = keras.activations.sigmoid
    return _failed(
        {
            "activation is not tanh": layer.activation is keras.activations.tanh,
            "recurrent_activation is not sigmoid": getattr(layer, "recurrent_activation", sigmoid) is sigmoid,
            "it has recurrent dropout": not layer.recurrent_dropout,
            "reset_after is off": getattr(layer, "reset_after", True),
        }
    )


def visible_devices() -> list[str]:
    """Return the devices that Keras' backend sees, such as `gpu:0`; none where it does not say."""
    # On other backends, such as PyTorch, Keras has nothing that lists devices (3.15).
    return keras.distribution.list_devices() if keras.backend.backend() in ("tensorflow", "jax") else []


def gpu_visible() -> bool:
    """Say whether Keras' backend sees a GPU."""
    return any(device.lower().startswith(("gpu", "cuda")) for device in visible_devices())


def _failed(conditions: dict[str, bool]) -> list[str]:
    return [reason for reason, holds in conditions.items() if not holds]
