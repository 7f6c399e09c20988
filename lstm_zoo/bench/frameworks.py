"""The same work in TensorFlow and JAX: training steps, gradients, outputs."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from ..config.train_config import OptimizerConfig, ScheduleConfig, TrainConfig
from ..layers.recurrent.implementation import helps_xla
from ..training.optimizer import make_optimizer
from .row import Work, random_array


def adam(ours: bool, clip_norm: float | None = None) -> keras.optimizers.Optimizer:
    """Return Adam at a constant rate: as `train` makes it, with gradients clipped if so, or Keras' own."""
    if not ours:
        return keras.optimizers.Adam()
    options = TrainConfig(optimizer=OptimizerConfig(clip_norm=clip_norm), schedule=ScheduleConfig(kind="constant"))
    return make_optimizer(options, 1)


def training_steps(
    model: keras.Model, loss: Any, inputs: Any, targets: np.ndarray, *, ours: bool, xla: bool | str | None = None
) -> Work:
    """Return training steps with Adam by `fit`, on a batch that is in memory already.

    Args:
        model: What is trained.
        loss: Of targets and outputs.
        inputs: A batch.
        targets: Its targets.
        ours: Whether the optimizer is ours, or Keras' own.
        xla: Whether XLA compiles them; None: as `train` decides.
    """
    model.compile(adam(ours), loss, jit_compile=helps_xla(model) if xla is None else xla)
    model.optimizer.build(model.trainable_variables)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        stream = tf.data.Dataset.from_tensors((inputs, targets)).repeat()
    else:
        batch = keras.tree.map_structure(ops.convert_to_tensor, (inputs, targets))
        stream = (batch for _ in itertools.count())

    clock = Clock("step")

    def work(steps: int) -> float:
        model.fit(stream, steps_per_epoch=steps + 1, epochs=1, shuffle=False, verbose=0, callbacks=[clock])
        return clock.seconds

    return work


def layer_training(layer: keras.layers.Layer, shape: tuple[int, ...], ours: bool, xla: bool) -> Work:
    """Return training steps of a layer alone, on random inputs of a shape (B, ...), towards zeros."""
    inputs = keras.Input(shape[1:])
    model = keras.Model(inputs, layer(inputs))
    targets = np.zeros((shape[0], *model.output_shape[1:]), np.float32)
    return training_steps(model, "mse", random_array(*shape), targets, ours=ours, xla=xla)


class Clock(keras.callbacks.Callback):
    """Measures `fit` from the end of its first step, or epoch, on.

    Args:
        after: `step` or `epoch`.
    """

    def __init__(self, after: str):
        super().__init__()
        self._after = after
        self._started = 0.0
        self.seconds = 0.0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Start after the first step."""
        if self._after == "step" and batch == 0:
            self._start(logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Stop, or start after the first epoch."""
        self.seconds = time.perf_counter() - self._started
        if self._after == "epoch" and epoch == 0:
            self._start(logs)

    def _start(self, logs: dict[str, float] | None) -> None:
        float((logs or {})["loss"])  # waits for the device
        self._started = time.perf_counter()


def compiled(function: Callable, xla: bool) -> Callable:
    """Return a function as the backend compiles it; JAX always does by XLA."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=xla, autograph=False)
    import jax

    return jax.jit(function)


def gradients(layer: keras.layers.Layer, x: np.ndarray, xla: bool) -> Work:
    """Return forward and backward passes of a built layer: the gradients of all weights, for inputs that need none."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        weights = [variable.value for variable in layer.trainable_variables]

        def passes(x: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(layer(x, training=True) ** 2)
            return tape.gradient(loss, weights)

        return calls(compiled(passes, xla), x)
    import jax

    rest = [variable.value for variable in layer.non_trainable_variables]
    weights = [variable.value for variable in layer.trainable_variables]
    gradient = jax.grad(lambda weights, x: (layer.stateless_call(weights, rest, x, training=True)[0] ** 2).mean())
    return calls(compiled(gradient, xla), weights, x)


def calls(function: Callable, *arguments: Any) -> Work:
    """Return calls of a function on arrays that are on the device, the last of which is waited for."""
    arguments = keras.tree.map_structure(ops.convert_to_tensor, arguments)

    def work(times: int) -> None:
        for _ in range(times):
            outputs = function(*arguments)
        ops.convert_to_numpy(keras.tree.flatten(outputs)[-1])

    return work
