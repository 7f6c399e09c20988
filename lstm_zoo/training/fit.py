"""Training: a recipe becomes a run, through Keras `fit`."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import keras

from ..config.recipe import Config, ConfigError
from ..config.train_config import TrainConfig
from ..console.signals import Stopped, Stops
from ..console.visible import tell
from ..contracts import InputError, Spec, Splits
from ..runs import differences
from ..runs.directory import WEIGHTS, Run, new_path, newest
from ..runs.evaluation import evaluate as evaluate_network
from ..runs.evaluation import with_features
from ..runs.features import on_features
from ..runs.network import RunNetwork
from . import devices
from .best import Best
from .checkpoint import Checkpoint
from .checkpoints import Checkpoints, Position, Saved
from .compiling import compile_for_training
from .divergence import DivergedError, Divergence
from .history import History
from .initial import freeze, grown, take_weights
from .progress import TrainingProgress

_ANYWAY = "go on all the same with --resume-anyway"
_AS_BEFORE = (
    "resume with the same settings (only train.epochs, train.checkpoint and train.on_divergence may change), "
    f"{_ANYWAY}, or start a new run"
)
_CALMER = "lower train.optimizer.learning_rate, set train.optimizer.clip_norm, or set train.on_divergence=rollback"
_MOST_ROLLBACKS = 10


def train(
    config: Config,
    run_dir: str | Path | None = None,
    *,
    resume: bool = False,
    anyway: bool = False,
    init: str | Path | None = None,
    evaluate: bool = True,
) -> Run:
    """Train a network.

    Args:
        config: The recipe.
        run_dir: Where to keep the run; None: a new directory below `runs/`, or with `resume` the newest one of this
            recipe.
        resume: Go on with an interrupted run; the result is that of a run which was never interrupted.
        anyway: Go on even if recipe, data or programs differ from those that the run was started with; the run keeps
            the differences.
        init: A run of the same model whose weights are the first ones; letters that are new get weights of their own.
        evaluate: Evaluate the best weights on the validation split (or else the test split) and write the report.

    Returns:
        The run, with its best weights.

    Raises:
        ConfigError: The recipe has mistakes; or recipe, data or programs are not those of the run to resume.
        InputError: The data or a weights file cannot be used, or another process trains into the run.
        DivergedError: The loss, or what is monitored, is no number any more.
        Stopped: A signal has asked to stop; the run goes on with `resume`.
    """
    config.check()
    if resume and init:
        raise InputError("", "--resume and --init: a run that goes on has weights already; name one of them")
    with ExitStack() as stack:
        stack.callback(keras.config.set_dtype_policy, keras.config.dtype_policy())
        keras.config.set_dtype_policy(config.train.precision)
        if resume:
            run, splits = _go_on(config, Run.open(run_dir or newest(config.name)), anyway, stack)
        else:
            run, splits = _begin(config, run_dir, init, stack)
    network = RunNetwork(run)
    _keep_features_of_floors(network, splits)
    if evaluate:
        split = next(split for split in ("val", "test", "train") if splits.size(split))
        evaluate_network(network, split, splits=splits)
    return run


def _begin(config: Config, run_dir: str | Path | None, init: str | Path | None, stack: ExitStack) -> tuple[Run, Splits]:
    """Train into a new run; return it and its data."""
    path = Path(run_dir or new_path(config))
    stack.callback(_remove_empty, path)
    before = RunNetwork(Run.open(init)) if init else None
    strategy = devices.strategy(config.train.devices)
    network, like = _built(config, strategy, before, before.spec if before else None)
    splits = _load(config, like)
    first = before.path if before else None
    run = Run.create(path, config, splits.spec, splits.fingerprint, first)
    stack.enter_context(run.locked())
    run.keep_memory(config.task.memory(splits.spec, splits.judged("train")))
    _fit(network, strategy, splits, run, None)
    return run, splits


def _remove_empty(path: Path) -> None:
    """Remove the place of a run that did not come to be."""
    with suppress(OSError):  # it is not empty, or not there
        path.rmdir()


def _go_on(config: Config, run: Run, anyway: bool, stack: ExitStack) -> tuple[Run, Splits]:
    """Go on with a run; return it and its data."""
    stack.enter_context(run.locked())
    differ = differences.of_recipe(run, config)
    if differ and not anyway:
        raise ConfigError([f"{one}; {_AS_BEFORE}" for one in differ])
    differ += _told(differences.of_code(run), anyway)
    saved = Checkpoints(run.path).newest()
    init = None if saved else run.environment["init"]
    before = RunNetwork(Run.open(init)) if init else None
    strategy = devices.strategy(config.train.devices)
    network, like = _built(config, strategy, before, before.spec if before else run.spec)
    splits = _load(config, like)
    differ += _told(differences.of_data(run, splits.fingerprint), anyway)
    if differ:
        run.note_resumed(differ)
    run.replace_config(config)
    run.keep_memory(config.task.memory(splits.spec, splits.judged("train")))  # it may have stopped before
    _fit(network, strategy, splits, run, saved)
    return run, splits


def _told(differ: list[str], anyway: bool) -> list[str]:
    """Return differences from what a run was started with, if they are to be passed over.

    Raises:
        InputError: They are not.
    """
    if differ and not anyway:
        raise InputError("", f"{'; '.join(differ)}; restore it, {_ANYWAY}, or start a new run")
    return differ


def _built(
    config: Config, strategy: Any, before: RunNetwork | None, known: Spec | None
) -> tuple[keras.Model, Spec | None]:
    """Return the network with its first weights, and the spec that the data are to keep to, if they are."""
    keras.utils.set_random_seed(config.train.seed)
    expected = config.data.expected_spec()
    spec = expected if known is None else grown(expected, known)
    with strategy.scope():  # before the data are prepared: a weights file that does not fit is told at once
        network = config.model.build(spec, pretrained=before is None)
    if before is not None:
        take_weights(network, spec, before)
    freeze(network, config.train.frozen)
    return network, None if spec == expected else spec


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


def _fit(network: keras.Model, strategy: Any, splits: Splits, run: Run, saved: Saved | None) -> None:
    """Fit the network, from a checkpoint on if there is one, and from the one before if figures are no numbers."""
    options = run.config.train
    checkpoints = Checkpoints(run.path, options.checkpoint.keep, keep_epoch=options.on_divergence == "rollback")
    stops = Stops()
    while True:
        try:
            return _fit_from(saved, checkpoints, stops, network, strategy, splits, run)
        except DivergedError as error:
            if options.on_divergence == "stop":
                raise DivergedError(f"{error}; {_CALMER}; {checkpoints.newest_in_words()}") from None
            saved = _rolled_back(checkpoints, error)
            if stops.asked:
                raise Stopped(stops.asked) from None


def _rolled_back(checkpoints: Checkpoints, error: DivergedError) -> Saved:
    """Return the last whole epoch, to be gone on from with half the learning rate; it is kept so."""
    saved = checkpoints.newest_epoch()
    times = saved.facts["rollbacks"] + 1
    if times > _MOST_ROLLBACKS:
        tried = f"{_MOST_ROLLBACKS} halvings of the learning rate did not help"
        raise DivergedError(f"{error}; {tried}; {_CALMER}; {checkpoints.newest_in_words()}")
    rate = ":learning_rate"  # a variable where it follows no schedule
    arrays = {name: values / 2 if name.endswith(rate) else values for name, values in saved.arrays.items()}
    saved = saved._replace(facts={**saved.facts, "rollbacks": times}, arrays=arrays)
    checkpoints.write(saved)
    tell(f"{error}; back to {saved.position} with half the learning rate, the {times}. time")
    return saved


def _fit_from(
    saved: Saved | None,
    checkpoints: Checkpoints,
    stops: Stops,
    network: keras.Model,
    strategy: Any,
    splits: Splits,
    run: Run,
) -> None:
    """Compile and fit the network, or its head where the encoder's features are cached."""
    options, task = run.config.train, run.config.task
    monitor = task.monitor if splits.size("val") else None
    rollbacks = saved.facts["rollbacks"] if saved else 0
    judges = _judges(options, task.monitor, task.monitor_mode)
    counted = rollbacks or options.on_divergence == "rollback"
    history = History(run.path / "history.csv", {"rollbacks": rollbacks} if counted else {})
    with strategy.scope():
        model, streams = on_features(run.config, network, splits, training=True)
        one_device = isinstance(strategy, devices.OneDevice)
        objective = task.objective(splits.spec, lambda: (one.truth for one in splits.judged("train")))
        config = _with_rate(run.config, 0.5**rollbacks)
        steps, drop_remainder = compile_for_training(model, config, objective, splits, one_device=one_device)
        best = Best(run.path / WEIGHTS, network, monitor, task.monitor_mode)
        checkpoint = Checkpoint(options.checkpoint, checkpoints, steps, [*judges, best, history], network, stops)
        checkpoint.set_model(model)
        position = checkpoint.restore(saved) if saved else Position(0, 0)
    if position.epoch >= options.epochs or model.stop_training:  # nothing is left, or early stopping has spoken
        return
    if saved:
        tell(f"going on after {position}")
    elif options.on_divergence == "rollback":
        checkpoint.save(position, {})
    shown = steps * options.batch_size if drop_remainder else splits.size("train")
    if shown < splits.size("train"):
        tell(
            f"{splits.size('train') - shown} of {splits.size('train')} training examples, others each time, are left "
            "out of an epoch: they do not fill a batch, and XLA compiles for one batch size (train.jit_compile)"
        )
    progress = TrainingProgress(options.epochs, steps, shown, objective.remark, position.step)

    def names(epoch: int, of: range) -> list[str]:
        return streams.train_names(options.batch_size, options.seed, epoch, of)

    train_stream = streams.train_stream(options.batch_size, options.seed, *position, drop_remainder=drop_remainder)
    if position.step:
        model._symbolic_build(data_batch=next(iter(train_stream)))  # metrics are to hold what they had gathered
    validation = streams.eval_stream("val", options.batch_size) if monitor else None
    board = keras.callbacks.TensorBoard(run.path / "tensorboard", write_graph=False)
    try:
        with stops:
            model.fit(
                train_stream,
                validation_data=validation,
                initial_epoch=position.epoch,
                epochs=options.epochs,
                steps_per_epoch=steps,
                shuffle=False,  # the stream is shuffled already
                class_weight=objective.class_weight,
                verbose=0,
                callbacks=[*judges, Divergence(monitor, names), history, board, best, checkpoint, progress],
            )
    finally:
        progress.close()


def _with_rate(config: Config, share: float) -> Config:
    """Return a recipe with a share of its learning rate."""
    optimizer = config.train.optimizer
    optimizer = optimizer.model_copy(update={"learning_rate": optimizer.learning_rate * share})
    return config.model_copy(update={"train": config.train.model_copy(update={"optimizer": optimizer})})


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
