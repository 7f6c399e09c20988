"""Training: a recipe becomes a run, through Keras `fit`."""

from __future__ import annotations

import csv
import math
from contextlib import nullcontext
from pathlib import Path

import keras

from .callbacks import TrainingProgress
from .checkpoint import Checkpoint
from .config import Config, OptimizerConfig, ScheduleConfig, TrainConfig
from .contracts import InputError, Splits
from .run import RUNS, Run, new_path, newest, same_recipe


def train(config: Config, run_dir: str | Path | None = None, *, resume: bool = False, evaluate: bool = True) -> Run:
    """Train a network.

    Args:
        config: The recipe.
        run_dir: Where to keep the run; None: a new directory below `runs/`, or with `resume` the newest one of this
            recipe.
        resume: Go on with an interrupted run; the result is that of a run which was never interrupted.
        evaluate: Evaluate the best weights on the validation split (or else the test split) and write the report.

    Returns:
        The run, with its best weights.

    Raises:
        ConfigError: The recipe has mistakes, or is not that of the run to resume.
        InputError: The data or a weights file cannot be used.
    """
    config.check()
    splits = config.data.load()
    if not splits.size("train"):
        raise InputError("data", "there are no training examples")
    if resume:
        run = Run.open(run_dir or newest(RUNS, config.name))
        same_recipe(run, config)
    else:
        run = Run.create(Path(run_dir or new_path(config)), config, splits.spec, splits.fingerprint)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.train.precision)
    try:
        _fit(config, splits, run, resume)
    finally:
        keras.config.set_dtype_policy(policy)
    if evaluate:
        run.evaluate("val" if splits.size("val") else "test", splits=splits)
    return run


def _fit(config: Config, splits: Splits, run: Run, resume: bool) -> None:
    """Build, compile and fit the network."""
    options = config.train
    steps = math.ceil(splits.size("train") / options.batch_size)
    validate = splits.size("val") > 0
    judges = _judges(options, config.task.monitor, config.task.monitor_mode, validate)
    checkpoint = Checkpoint(run.path, config.task.monitor if validate else None, config.task.monitor_mode, judges)
    keras.utils.set_random_seed(options.seed)  # only now: preparing data may draw from the same generators
    with _strategy(options.devices):
        model = config.model.build(splits.spec)
        model.compile(
            optimizer=make_optimizer(options, steps),
            loss=config.task.loss(),
            metrics=config.task.metrics(splits.spec),
            jit_compile=options.jit_compile,
        )
        checkpoint.set_model(model)
        first_epoch = checkpoint.restore() if resume else 0
    if first_epoch < options.epochs:
        _cut_history(run.path / "history.csv", first_epoch)
        model.fit(
            splits.train_stream(options.batch_size, options.seed, first_epoch),
            validation_data=splits.eval_stream("val", options.batch_size) if validate else None,
            initial_epoch=first_epoch,
            epochs=options.epochs,
            steps_per_epoch=steps,
            shuffle=False,  # the stream is shuffled already
            class_weight=config.task.class_weight(splits),
            verbose=0,
            callbacks=[
                *judges,
                keras.callbacks.CSVLogger(run.path / "history.csv", append=first_epoch > 0),
                keras.callbacks.TensorBoard(run.path / "tensorboard", write_graph=False),
                checkpoint,
                TrainingProgress(options.epochs, steps, splits.size("train")),
            ],
        )


def make_optimizer(options: TrainConfig, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Return the optimizer with its learning-rate schedule."""
    chosen: OptimizerConfig = options.optimizer
    make = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
        "rmsprop": keras.optimizers.RMSprop,
    }[chosen.kind]
    arguments = {"momentum": 0.9, "nesterov": True} if chosen.kind == "sgd" else {}
    return make(
        learning_rate=_learning_rate(options.schedule, chosen.learning_rate, options.epochs, steps_per_epoch),
        weight_decay=chosen.weight_decay or (0.0 if chosen.kind == "adamw" else None),
        global_clipnorm=chosen.clip_norm,
        use_ema=chosen.ema_momentum is not None,
        ema_momentum=chosen.ema_momentum or 0.99,  # a number is asked for even where it is not used
        **arguments,
    )


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


def _judges(options: TrainConfig, monitor: str, mode: str, validate: bool) -> list[keras.callbacks.Callback]:
    """Return the callbacks that act on the validation figure (on the training loss where there is none).

    The one that puts the mean weights in place for each validation comes first.
    """
    if not validate:
        monitor, mode = "loss", "min"
    judges: list[keras.callbacks.Callback] = []
    if options.optimizer.ema_momentum:
        judges.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    if options.early_stopping:
        judges.append(keras.callbacks.EarlyStopping(monitor=monitor, mode=mode, patience=options.early_stopping))
    if options.schedule.kind == "plateau":
        factor, patience = options.schedule.factor, options.schedule.patience
        judges.append(keras.callbacks.ReduceLROnPlateau(monitor=monitor, mode=mode, factor=factor, patience=patience))
    return judges


def _strategy(devices: int | None):
    """Return the scope of the devices to train on: nothing for one, `MirroredStrategy` for several GPUs."""
    if keras.backend.backend() != "tensorflow":
        return nullcontext()
    import tensorflow as tf

    gpus = _visible_gpus()
    if devices is not None and devices > max(1, len(gpus)):
        raise InputError("train.devices", f"asks for {devices} GPUs, but {len(gpus)} are visible here")
    chosen = gpus[:devices]
    return tf.distribute.MirroredStrategy(chosen).scope() if len(chosen) > 1 else nullcontext()


def _visible_gpus() -> list[str]:
    import tensorflow as tf

    return [device.name for device in tf.config.list_logical_devices("GPU")]


def _cut_history(file: Path, epochs_done: int) -> None:
    """Drop the rows of epochs that are done again, because the run stopped between a row and its checkpoint."""
    if not file.is_file() or not epochs_done:
        return
    with file.open(newline="", encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    with file.open("w", newline="", encoding="utf-8") as target:
        writer = csv.DictWriter(target, rows[0].keys())
        writer.writeheader()
        writer.writerows(row for row in rows if int(row["epoch"]) < epochs_done)
