"""Pieces of a graph that XLA compiles, though the graph around them be not compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from typing import Any

import keras

from .recurrent.cudnn import gpu_visible

_for_a_file: ContextVar[bool] = ContextVar("for_a_file", default=False)


@contextmanager
def for_a_file() -> Iterator[None]:
    """Have `compiled_alone` compile nothing that is traced within: not every program that runs files has XLA."""
    token = _for_a_file.set(True)
    try:
        yield
    finally:
        _for_a_file.reset(token)


def compiled_alone(function: Callable) -> Callable:
    """Return a function of which XLA makes one piece within a graph of TensorFlow; elsewhere it is as before.

    For many small operations beside convolutions, which are to keep oneDNN's kernels; on CPUs, where that was measured.
    It is traced once for each kind of arguments, which are no keywords, and compiled anew for each size of a batch.
    """

    @cache  # made when TensorFlow is imported already, and only once
    def compiled() -> Callable:
        import tensorflow as tf

        return tf.function(function, jit_compile=True, autograph=False)

    @wraps(function)
    def called(*arguments: Any) -> Any:
        return (compiled() if _may_compile() else function)(*arguments)

    return called


def _may_compile() -> bool:
    if keras.backend.backend() != "tensorflow" or _for_a_file.get():
        return False
    import tensorflow as tf

    return not (tf.executing_eagerly() or tf.distribute.has_strategy() or gpu_visible())
