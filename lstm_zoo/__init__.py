"""lstm_zoo: LSTMs for computer vision, one YAML a recipe.

Everything is imported on first use, so that `import lstm_zoo` costs nothing:

    >>> import lstm_zoo                                                      # doctest: +SKIP
    >>> config = lstm_zoo.load_config("moving_shapes_cnn_lstm.yaml")         # doctest: +SKIP
    >>> run = lstm_zoo.train(config)                                         # doctest: +SKIP
    >>> run.evaluate("test")["top1"], run.predict(["clip.mp4"])              # doctest: +SKIP
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .config import Config
    from .config import load as load_config
    from .run import Run
    from .training import train

# TensorFlow takes oneDNN's kernels by itself only on CPUs with AVX-512; with AVX2 they are faster as well.
# To be set before TensorFlow is imported; a value that is set already counts.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

__version__ = "0.1.0"
__all__ = ["Config", "Run", "__version__", "load_config", "train"]

_HOMES = {
    "Config": ("config", "Config"),
    "Run": ("run", "Run"),
    "load_config": ("config", "load"),
    "train": ("training", "train"),
}


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(f".{module}", __name__), attribute)
