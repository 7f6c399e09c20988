"""Compiling a network for its training: optimizer, loss and metrics, XLA where it helps, steps at once."""

from __future__ import annotations

import keras

from ..config.recipe import Config
from ..console.visible import tell
from ..contracts import Objective, Splits
from ..layers.recurrent.implementation import helps_xla
from .optimizer import make_optimizer


def compile_for_training(
    model: keras.Model, config: Config, objective: Objective, splits: Splits, *, one_device: bool = True
) -> tuple[int, bool]:
    """Compile a network, or its head, as the recipe says.

    Args:
        model: What is trained.
        config: The recipe.
        objective: What it learns.
        splits: The examples.
        one_device: Whether one device does all the work. Under `MirroredStrategy`, Keras 3.15 fails with XLA and with
            several steps without a return to Python.

    Returns:
        The number of steps an epoch, and whether the stream is to drop what does not fill a batch.
    """
    options = config.train
    jit_compile = (one_device and helps_xla(model)) if options.jit_compile is None else options.jit_compile
    against = [layer.name for layer in model._flatten_layers() if not layer.supports_jit]
    against += ["the loss"] * (not objective.compiles)
    if options.jit_compile and against:
        tell(f"train.jit_compile: {', '.join(against)}: not for XLA here; it is left out")
    jit_compile = jit_compile and not against
    full_batches, rest = divmod(splits.size("train"), options.batch_size)
    drop_remainder = jit_compile and full_batches > 0
    steps = full_batches if drop_remainder or not rest else full_batches + 1
    model.compile(
        optimizer=make_optimizer(options, steps),
        loss=objective.loss,
        metrics=list(objective.metrics),
        jit_compile=jit_compile,
        # An epoch is a whole number of executions.
        steps_per_execution=max(n for n in range(1, 9) if steps % n == 0) if one_device else 1,
    )
    # Else Keras makes its variables within the first trace, and then traces everything again.
    model.optimizer.build(model.trainable_variables)
    return steps, drop_remainder
