"""lstm_zoo: LSTMs for computer vision, one YAML a recipe.

Everything is imported on first use, so that `import lstm_zoo` costs nothing; the layers also with Keras, before or
after, so that it finds them in its files:

    >>> import lstm_zoo                                                      # doctest: +SKIP
    >>> config = lstm_zoo.load_config("moving_shapes_cnn_lstm.yaml")         # doctest: +SKIP
    >>> run = lstm_zoo.train(config)                                         # doctest: +SKIP
    >>> network = lstm_zoo.load(run.path)  # or an exported file             # doctest: +SKIP
    >>> network.evaluate("test")["top1"]                                     # doctest: +SKIP
    >>> [one.facts for one in network.predict("clip.mp4")]                   # doctest: +SKIP
    >>> lstm_zoo.layers.LSTM(64)  # in a Keras model of your own             # doctest: +SKIP
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

from .beside_keras import make_known
from .console.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from . import layers
    from .config.recipe import Config
    from .config.recipe import load as load_config
    from .runs.directory import Run
    from .trained import Trained
    from .training.fit import train

# TensorFlow takes oneDNN's kernels by itself only on CPUs with AVX-512; with AVX2 they are faster as well.
# To be set before TensorFlow is imported; a value that is set already counts.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

make_known()

__all__ = [
    "Config",
    "Run",
    "Trained",
    "__version__",
    "layers",
    "load",
    "load_config",
    "train",
]

_HOMES = {
    "Config": ("config.recipe", "Config"),
    "Run": ("runs.directory", "Run"),
    "layers": ("layers", ""),
    "load_config": ("config.recipe", "load"),
    "Trained": ("trained", "Trained"),
    "train": ("training.fit", "train"),
}


def load(path: str | Path | None = None, overrides: Iterable[str] = ()) -> Trained:
    """Return the network of a run, or an exported file: it predicts, evaluates, exports, and holds the Keras model.

    Args:
        path: A run directory, the name of a network that comes with the package, an address in a store,
            `hf://owner/name[@revision]`, an archive on the web (`https://.../run.tar.gz`), or a file (or a SavedModel's
            folder) that `export` wrote; None: the newest run below `runs/`.
        overrides: Settings of the data and task sections to change, such as `"data.root=other"`.

    Raises:
        InputError: There is no such thing.
    """
    from .exporting.exported import ExportedNetwork, is_exported
    from .runs.directory import Run
    from .runs.finding import found
    from .runs.network import RunNetwork
    from .trained import Trained

    path = None if path is None else found(path)
    if path is not None and is_exported(path):
        return Trained(ExportedNetwork.open(path, overrides))
    return Trained(RunNetwork(Run.open(path, overrides)))


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    found = import_module(f".{module}", __name__)
    return getattr(found, attribute) if attribute else found
