"""The `train` section: how Keras `fit` trains the network."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from ..contracts import InputError, Section


class ScheduleConfig(Section):
    """How the learning rate moves during training."""

    kind: Literal["constant", "cosine", "plateau"] = "cosine"
    """`cosine` falls to zero over the whole training; `plateau` divides when validation stops improving."""
    warmup_epochs: NonNegativeFloat = 0.0
    """Length of the linear rise from zero at the start, in epochs; not for `plateau`."""
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """What `plateau` multiplies the learning rate with."""
    patience: PositiveInt = 3
    """Epochs without improvement that `plateau` waits for."""

    def problems(self) -> Iterator[InputError]:
        """Yield combinations that would be ignored in silence."""
        if self.kind == "plateau" and self.warmup_epochs:
            yield InputError("warmup_epochs", "a plateau schedule has no warm-up; set 0, or choose kind: cosine")


class OptimizerConfig(Section):
    """Which optimizer, and its settings."""

    kind: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    """`sgd` runs with Nesterov momentum 0.9."""
    learning_rate: Annotated[float, Field(gt=0, le=1000)] = 1e-3
    """Highest learning rate of the schedule."""
    weight_decay: NonNegativeFloat = 0.0
    """Decoupled weight decay per step, as a fraction of the learning rate."""
    clip_norm: PositiveFloat | None = 1.0
    """Largest global norm of the gradients; longer ones are shortened to it. null: no clipping."""
    ema_momentum: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Momentum of a running mean of the weights, which is what is validated and kept; null: the weights themselves."""


class CheckpointConfig(Section):
    """When the state of a training is saved, besides the end of every epoch; `--resume` goes on from there."""

    every_minutes: PositiveFloat | None = 10.0
    """Minutes after the last one; null: not by the clock."""
    every_steps: PositiveInt | None = None
    """Steps within an epoch; null: not by steps."""
    keep: PositiveInt = 2
    """How many are kept: if the newest is damaged, the one before it serves."""


class TrainConfig(Section):
    """How Keras `fit` trains the network."""

    epochs: PositiveInt = 20
    """Passes over the training split."""
    batch_size: PositiveInt = 16
    """Examples a step, over all devices together."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of initial weights, dropout, order and augmentation."""
    optimizer: OptimizerConfig = OptimizerConfig()
    """Optimizer and its settings."""
    schedule: ScheduleConfig = ScheduleConfig()
    """Course of the learning rate."""
    early_stopping: PositiveInt | None = None
    """Epochs without a better validation figure after which training ends; null: never."""
    checkpoint: CheckpointConfig = CheckpointConfig()
    """When the state of the training is saved."""
    on_divergence: Literal["stop", "rollback"] = "stop"
    """What a loss or a monitored figure that is no number does: `stop`, or `rollback`: go back to the last whole epoch,
    with half the learning rate from there on."""
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    """Numbers to compute with; weights stay float32."""
    frozen: tuple[str, ...] = ()
    """Layers that stay as they are, by names or patterns such as `cnn_*`; for runs that start from another."""
    devices: PositiveInt | None = None
    """GPUs to train on; null: all that are visible. More than one trains through `tf.distribute.MirroredStrategy`."""
    cached_views: NonNegativeInt | None = None
    """Views of each training example whose features are computed once and kept, where the encoder is frozen; null: one
    where training examples are the same in every epoch, else none; 0: features are never kept."""
    trackers: tuple[Literal["wandb", "mlflow"], ...] = ()
    """Experiment trackers that are told of every epoch; each needs the extra of its name."""
    jit_compile: bool | None = None
    """Compile the whole training step with XLA; null: where that is faster. Each epoch then leaves out the examples
    that do not fill a batch, others each time, since every further batch size would be compiled anew."""

    def problems(self) -> Iterator[InputError]:
        """Yield combinations that cannot work."""
        yield from super().problems()
        for name in self.trackers:
            if find_spec(name) is None:
                yield InputError(
                    "trackers", f"{name} is not installed; pip install 'lstm-zoo[{name}]', or leave it out"
                )
        if self.schedule.warmup_epochs >= self.epochs:
            yield InputError(
                "schedule.warmup_epochs",
                f"the warm-up takes {self.schedule.warmup_epochs:g} of {self.epochs} epochs; leave some to train in",
            )
