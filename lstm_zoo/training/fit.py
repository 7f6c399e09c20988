"""Training: a recipe becomes a run, through Keras `fit`."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import keras

from ..config.recipe import Config
from ..config.train_config import TrainConfig
from ..console.visible import tell
from ..contracts import InputError, Objective, Spec, Splits
from ..layers.recurrent.implementation import helps_xla
from ..runs.directory import Run, new_path, newest, same_recipe
from ..runs.evaluation import evaluate as evaluate_network
from ..runs.evaluation import with_features
from ..runs.features import on_features
from ..runs.network import RunNetwork
from . import devices
from .checkpoint import Checkpoint, has_checkpoint
from .initial import freeze, grown, take_weights
from .optimizer import make_optimizer
from .progress import TrainingProgress


def train(
    config: Config,
    run_dir: str | Path | None = None,
    *,
    resume: bool = False,
    init: str | Path | None = None,
    evaluate: bool = True,
) -> Run:
    """Train a network.

    Args:
        config: The recipe.
        run_dir: Where to keep the run; None: a new directory below `runs/`, or with `resume` the newest one of this
            recipe.
        resume: Go on with an interrupted run; the result is that of a run which was never interrupted.
        init: A run of the same model whose weights are the first ones; letters that are new get weights of their own.
        evaluate: Evaluate the best weights on the validation split (or else the test split) and write the report.

    Returns:
        The run, with its best weights.

    Raises:
        ConfigError: The recipe has mistakes, or is not that of the run to resume.
        InputError: The data or a weights file cannot be used.
    """
    config.check()
    if resume and init:
        raise InputError("", "--resume and --init: a run that goes on has weights already; name one of them")
    started = _to_go_on_with(config, run_dir) if resume else None
    if started and not has_checkpoint(started.path):
        init = started.environment["init"]
    before = RunNetwork(Run.open(init)) if init else None
    known = before.spec if before else started.spec if started else None
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.train.precision)
    try:
        strategy = devices.strategy(config.train.devices)
        keras.utils.set_random_seed(config.train.seed)
        expected = config.data.expected_spec()
        spec = expected if known is None else grown(expected, known)
        with strategy.scope():  # before the data are prepared: a weights file that does not fit is told at once
            model = config.model.build(spec, pretrained=before is None)
        if before is not None:
            take_weights(model, spec, before)
        freeze(model, config.train.frozen)
        splits = _load(config, None if spec == expected else spec)
        if started:
            run = _with_same_data(started, config, splits)
        else:
            first = before.path if before else None
            run = Run.create(Path(run_dir or new_path(config)), config, splits.spec, splits.fingerprint, first)
        run.keep_memory(config.task.memory(splits.spec, splits.judged("train")))  # of interrupted runs too
        _fit(model, strategy, splits, run, resume)
    finally:
        keras.config.set_dtype_policy(policy)
    network = RunNetwork(run)
    _keep_features_of_floors(network, splits)
    if evaluate:
        split = next(split for split in ("val", "test", "train") if splits.size(split))
        evaluate_network(network, split, splits=splits)
    return run


def _keep_features_of_floors(network: RunNetwork, splits: Splits) -> None:
    """Keep in the run what its floors need of the training examples beside what they are judged by."""
    task = network.config.task
    if task.floors_need_features and (features := network.features(splits, "train")):
        network.run.keep_memory(task.memory(network.spec, with_features(splits.judged("train"), features)))


def _load(config: Config, like: Spec | None) -> Splits:
    """Load the data, say what a user should know of them, and refuse what cannot be trained on."""
    for remark in config.data.remarks():
        tell(remark)
    splits = config.data.load(like=like)
    for remark in splits.remarks():
        tell(remark)
    if not splits.size("train"):
        raise InputError("data", "there are no training examples")
    if not splits.size("val") and (config.train.early_stopping or config.train.schedule.kind == "plateau"):
        key = "train.early_stopping" if config.train.early_stopping else "train.schedule.kind"
        raise InputError(key, "needs validation examples, but there are none; change this, or the splits of the data")
    return splits


def _to_go_on_with(config: Config, run_dir: str | Path | None) -> Run:
    """Return the run to go on with, whose recipe is the same."""
    run = Run.open(run_dir or newest(config.name))
    same_recipe(run, config)
    return run


def _with_same_data(run: Run, config: Config, splits: Splits) -> Run:
    """Return a run that goes on by a recipe, after making sure that its data are what they were."""
    if splits.fingerprint != run.environment["data"]:
        raise InputError(
            "data",
            f"the data have changed since {run.path} was started ({run.environment['data'].split('/{')[0]} then, "
            f"{splits.fingerprint.split('/{')[0]} now); restore them, or start a new run",
        )
    run.replace_config(config)
    return run


def _fit(network: keras.Model, strategy: Any, splits: Splits, run: Run, resume: bool) -> None:
    """Compile and fit the network, or its head where the encoder's features are cached."""
    options, task = run.config.train, run.config.task
    validate = splits.size("val") > 0
    judges = _judges(options, task.monitor, task.monitor_mode)
    checkpoint = Checkpoint(run.path, task.monitor if validate else None, task.monitor_mode, judges, network)
    with strategy.scope():
        model, streams = on_features(run.config, network, splits, training=True)
        one_device = isinstance(strategy, devices.OneDevice)
        objective = task.objective(splits.spec, lambda: (one.truth for one in splits.judged("train")))
        steps, drop_remainder = compile_for_training(model, run.config, objective, splits, one_device=one_device)
        checkpoint.set_model(model)
        first_epoch = checkpoint.restore() if resume else 0
    if first_epoch >= options.epochs or model.stop_training:  # nothing is left, or early stopping has spoken
        return
    shown = steps * options.batch_size if drop_remainder else splits.size("train")
    if shown < splits.size("train"):
        print(
            f"{splits.size('train') - shown} of {splits.size('train')} training examples, others each time, are left "
            "out of an epoch: they do not fill a batch, and XLA compiles for one batch size (train.jit_compile)",
            file=sys.stderr,
        )
    _cut_history(run.path / "history.csv", first_epoch)
    history = keras.callbacks.CSVLogger(run.path / "history.csv", append=first_epoch > 0)
    train_stream = streams.train_stream(options.batch_size, options.seed, first_epoch, drop_remainder=drop_remainder)
    try:
        model.fit(
            train_stream,
            validation_data=streams.eval_stream("val", options.batch_size) if validate else None,
            initial_epoch=first_epoch,
            epochs=options.epochs,
            steps_per_epoch=steps,
            shuffle=False,  # the stream is shuffled already
            class_weight=objective.class_weight,
            verbose=0,
            callbacks=[
                *judges,
                history,
                keras.callbacks.TensorBoard(run.path / "tensorboard", write_graph=False),
                checkpoint,
                TrainingProgress(options.epochs, steps, shown, objective.remark),
            ],
        )
    finally:
        if history.csv_file:
            history.csv_file.close()  # Keras closes it at the end only


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
        tell(f"train.jit_compile: XLA cannot compile {', '.join(against)} here; it is left out")
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


def _judges(options: TrainConfig, monitor: str, mode: str) -> list[keras.callbacks.Callback]:
    """Return the callbacks that act on the validation figure.

    The one that puts the mean weights in place for each validation comes first.
    """
    judges: list[keras.callbacks.Callback] = []
    if options.optimizer.ema_momentum:
        judges.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    if options.early_stopping:
        judges.append(keras.callbacks.EarlyStopping(monitor=monitor, mode=mode, patience=options.early_stopping))
    if options.schedule.kind == "plateau":
        factor, patience = options.schedule.factor, options.schedule.patience
        judges.append(keras.callbacks.ReduceLROnPlateau(monitor=monitor, mode=mode, factor=factor, patience=patience))
    return judges


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
