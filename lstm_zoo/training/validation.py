"""Validation by several processes: each shows its own rows of full batches, and all show the last one, whole.

So each makes the same steps, every row counts once, and figures are those of one process for whatever loss and metric.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import keras
from keras.src.backend.jax.trainer import JAXEpochIterator

from ..contracts import Splits


class SharedValidation(keras.callbacks.Callback):
    """Has `fit` validate so.

    Args:
        splits: The examples.
        stream: What this process reads of them.
        batch_size: Rows a batch, of all processes together.
    """

    def __init__(self, splits: Splits, stream: Any, batch_size: int):
        super().__init__()
        self._stream = stream
        self._full = int(splits.eval_stream("val", 1).cardinality()) // batch_size

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Put the batches in the place where `fit` keeps those that it makes of a stream."""
        self.model._eval_epoch_iterator = _Batches(self._stream, self._full, self.model.steps_per_execution)


class _Batches(JAXEpochIterator):
    def __init__(self, stream: Any, full: int, steps_per_execution: int):
        super().__init__(x=stream, shuffle=False, steps_per_execution=steps_per_execution)
        self._full = full

    def _get_distributed_iterator(self, distribution: Any) -> Iterator[Any]:
        mesh = distribution.device_mesh.backend_mesh
        for number, batch in enumerate(self.data_adapter.get_jax_iterator()):
            axes = (distribution.batch_dim_name,) if number < self._full else ()
            layout = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(*axes))
            yield jax.tree.map(lambda rows, layout=layout: jax.make_array_from_process_local_data(layout, rows), batch)
