"""The optimizer and the course of its learning rate."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from ..config.train_config import OptimizerConfig, ScheduleConfig, TrainConfig
from ..layers.compiled import compiled_alone
from ..layers.recurrent.cudnn import gpu_visible

_WORTH_COMPILING = 2**16  # weights an array, on average


def make_optimizer(options: TrainConfig, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Return the optimizer with its learning-rate schedule."""
    chosen: OptimizerConfig = options.optimizer
    make = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
        "rmsprop": keras.optimizers.RMSprop,
    }[chosen.kind]
    at_once = type(make.__name__, (_UpdatesAtOnce, make), {"__module__": make.__module__})  # saved as Keras' own
    arguments = {"momentum": 0.9, "nesterov": True} if chosen.kind == "sgd" else {}
    return at_once(
        learning_rate=_learning_rate(options.schedule, chosen.learning_rate, options.epochs, steps_per_epoch),
        weight_decay=chosen.weight_decay or (0.0 if chosen.kind == "adamw" else None),
        global_clipnorm=chosen.clip_norm,
        use_ema=chosen.ema_momentum is not None,
        ema_momentum=chosen.ema_momentum or 0.99,  # a number is asked for even where it is not used
        **arguments,
    )


class _UpdatesAtOnce:
    """Mixin before an optimizer of Keras: XLA makes one piece of the update of all weights, with clipping and averages.

    The numbers are those of Keras' own to some 1e-7 of each: products and sums are rounded together. Many small arrays
    take longer to compile than they gain, and are left to Keras.

    The norm of all gradients is found by products: XLA adds up large arrays on one core, a number at a time.
    """

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        update = super().apply
        variables = self._trainable_variables if trainable_variables is None else trainable_variables
        if sum(math.prod(one.shape) for one in variables) >= _WORTH_COMPILING * len(variables):
            compiled_alone(lambda grads: update(grads, trainable_variables))(list(grads))
        else:
            update(grads, trainable_variables)

    def _clip_gradients(self, grads: Any) -> Any:
        if not self.global_clipnorm or gpu_visible():  # there products are rounded more
            return super()._clip_gradients(grads)
        norm = ops.sqrt(sum(_sum_of_squares(one) for one in grads if one is not None))
        scale = self.global_clipnorm / ops.maximum(norm, self.global_clipnorm) + (norm - norm)  # NaN if a gradient is
        return [None if one is None else one * scale for one in grads]


def _sum_of_squares(values: Any) -> Any:
    by_rows = ops.reshape(ops.square(values), (-1, values.shape[-1] if len(values.shape) else 1))
    return ops.sum(ops.matmul(by_rows, ops.ones_like(by_rows[0])))


def _learning_rate(
    schedule: ScheduleConfig, highest: float, epochs: int, steps_per_epoch: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if schedule.kind == "plateau":
        return highest
    warmup = round(schedule.warmup_epochs * steps_per_epoch)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else highest,
        warmup_target=highest if warmup else None,
        warmup_steps=warmup,
        decay_steps=max(1, epochs * steps_per_epoch - warmup),
        alpha=1.0 if schedule.kind == "constant" else 0.0,  # the share that is left at the end
    )
