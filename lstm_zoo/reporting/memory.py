"""How much memory training takes, estimated from shapes; what no machine has is refused before it is asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..config.recipe import Config
from ..console.text import size_in_words
from ..contracts import InputError, Spec

if TYPE_CHECKING:
    import keras

_FIXED = 900 * 2**20  # TensorFlow, and the graph of a small network
_COPIES = 4  # of what a layer computes: values, states and their gradients
_OF_WEIGHTS = 4  # the weight, its gradient, and two means of Adam's
_BYTES = 4
_MOST = 2**36  # of one batch, or of the weights
_SUSPICIOUS = 2048  # smaller settings make no network that is too large


def training_bytes(model: keras.Model, batch_size: int) -> int:
    """Return about how much memory a training step takes on a CPU, for networks that answer for every pixel.

    A layer computes as many numbers a pixel as it has outputs or, in a recurrent one, gates in all of its directions,
    which is the number of its biases. Within 10 % of what was measured with PyraMiD-LSTMs on 16 x 64 x 64 voxels (1.2
    and 2.0 GiB).
    """
    numbers = 0
    for layer in model.layers:
        *places, width = layer.output.shape[1:]
        biases = sum(math.prod(weight.shape) for weight in layer.weights if weight.path.endswith("bias"))
        numbers += math.prod(places) * max(width, biases)
    return _FIXED + _BYTES * (_COPIES * batch_size * numbers + _OF_WEIGHTS * model.count_params())


def refuse_giants(config: Config, spec: Spec) -> None:
    """Refuse recipes whose batches or weights take more memory than any one machine gives them.

    Raises:
        InputError: With the memory that they would take.
    """
    import numpy as np

    batch = config.train.batch_size
    for name, tensor in spec.inputs.items():
        takes = batch * math.prod(side or 1 for side in tensor.shape) * np.dtype(tensor.dtype).itemsize
        shape = " x ".join(str(side or "any") for side in tensor.shape)
        _refuse("data", f"a batch of {batch} inputs '{name}' of {shape}", takes, "sizes or train.batch_size")
    if max(_whole_numbers(config.model_dump())) >= _SUSPICIOUS:
        count = _count_weights(config, spec)
        _refuse("model", f"{count:,} weights, with gradients and means,", _OF_WEIGHTS * _BYTES * count, "settings")


def _refuse(key: str, what: str, takes: int, smaller: str) -> None:
    if takes > _MOST:
        told = f"{what} would take {size_in_words(takes)} of memory"
        raise InputError(key, f"{told}; expected at most {size_in_words(_MOST)}: choose smaller {smaller}")


def _whole_numbers(value: Any) -> Iterator[int]:
    """Yield the whole numbers in a recipe, and 0."""
    if isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _whole_numbers(one)
    yield value if isinstance(value, int) else 0


def _count_weights(config: Config, spec: Spec) -> int:
    """Return the number of a network's weights, without making room for them."""
    import keras

    try:
        with keras.StatelessScope(initialize_variables=False):
            return config.model.build(spec, pretrained=False).count_params()
    finally:
        keras.backend.clear_session()  # or the next scope would make room for them
