"""Training: a recipe becomes a run, through Keras `fit`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

import keras

from ..config.recipe import Config, ConfigError
from ..console.signals import Stops
from ..console.visible import tell
from ..contracts import SPLITS, InputError, Memory, Spec, Splits, local_path
from ..disk.sending import kept_in_store
from ..runs import differences
from ..runs.directory import CHECKPOINTS, Run
from ..runs.evaluation import evaluate as evaluate_network
from ..runs.evaluation import with_features
from ..runs.finding import RUNS, new_path, newest
from ..runs.network import RunNetwork
from . import devices
from .checkpoints import Checkpoints, Saved
from .fitting import Fitting
from .group import Group
from .initial import freeze, grown, take_weights
from .processes import Processes, joined
from .trackers import tracked

_ANYWAY = "go on all the same with --resume-anyway"
_AS_BEFORE = (
    "resume with the same settings (only train.epochs, .checkpoint, .on_divergence and .trackers may change), "
    f"{_ANYWAY}, or start a new run"
)


def train(
    config: Config,
    run_dir: str | Path | None = None,
    *,
    resume: bool = False,
    anyway: bool = False,
    init: str | Path | None = None,
    evaluate: bool = True,
    group: Group | None = None,
    stops: Stops | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Run:
    """Train a network.

    Args:
        config: The recipe.
        run_dir: Where to keep the run: a directory, or an address in a store (`s3://bucket/folder`), whose mirror it
            is then; None: a new directory below `runs/`, or with `resume` the newest one of this recipe.
        resume: Go on with an interrupted run; the result is that of a run which was never interrupted.
        anyway: Go on even if recipe, data or programs differ from those that the run was started with; the run keeps
            the differences.
        init: A run of the same model, as `runs.finding.found` takes it, whose weights are the first ones; letters that
            are new get weights of their own.
        evaluate: Evaluate the best weights on the validation split (or else the test split) and write the report.
        group: The processes that train together, of which the first one writes the run and evaluates; None: this one
            alone.
        stops: Tells of what asks to stop; None: signals.
        callbacks: Further ones that watch.

    Returns:
        The run, with its best weights.

    Raises:
        ConfigError: The recipe has mistakes; or recipe, data or programs are not those of the run to resume.
        InputError: The data or a weights file cannot be used, or another process trains into the run.
        DivergedError: The loss, or what is monitored, is no number any more.
        GroupError: Another process of the group has failed.
        Stopped: A signal has asked to stop; the run goes on with `resume`.
    """
    config.check()
    if resume and init:
        raise InputError("", "--resume and --init: a run that goes on has weights already; name one of them")
    place = None if run_dir is None else local_path(run_dir)
    with kept_in_store(_to_send(run_dir, group), CHECKPOINTS):
        with ExitStack() as stack:
            stack.callback(keras.config.set_dtype_policy, keras.config.dtype_policy())
            keras.config.set_dtype_policy(config.train.precision)
            processes = stack.enter_context(joined(group))
            if resume:
                fitting, saved = _go_on(config, place, anyway, processes, stack)
            else:
                fitting, saved = _begin(config, place, init, processes, stack), None
            trackers = stack.enter_context(tracked(fitting.run)) if processes.first else []
            fitting.fit(saved, stops or Stops(), [*callbacks, *trackers])
        run, splits = fitting.run, fitting.splits
        if processes.first:
            finish(run, splits, evaluate=evaluate)
    return run


def _to_send(run_dir: str | Path | None, group: Group | None) -> Path | None:
    """Return the mirror of an address if this process is to send it; whoever names a mirror sends it himself."""
    if run_dir is None or (group and group.number):
        return None
    return mirror if (mirror := local_path(run_dir)) != Path(run_dir) else None


def finish(run: Run, splits: Splits | None = None, *, evaluate: bool = True) -> None:
    """Do what comes after a training, with the best weights of the run; see `train`.

    Args:
        run: The run.
        splits: Its data; None: they are loaded.
        evaluate: Evaluate, and write the report.
    """
    splits = splits or run.config.data.load(like=run.spec)
    network = RunNetwork(run)
    _keep_features_of_floors(network, splits)
    if run.config.task.calibrates and splits.size("val"):
        run.keep_memory({**(network.memory or {}), **_calibration(network, splits)})
        network = RunNetwork(run)  # with the memory of now
    if evaluate:
        split = next(split for split in ("val", "test", "train") if splits.size(split))
        evaluate_network(network, split, splits=splits)


def _begin(
    config: Config, place: Path | None, init: str | Path | None, processes: Processes, stack: ExitStack
) -> Fitting:
    """Make a new run; return what is to be fitted."""
    with processes.together():
        path = place or (new_path(config) if processes.first else RUNS)
        if processes.first:
            stack.callback(_remove_empty, path)
        before = RunNetwork(Run.open(init)) if init else None
        network, strategy, splits = _ready(config, before, before.spec if before else None, processes)
    with processes.together():  # only now: no run is begun where one of them has failed
        run = Run(path, config, splits.spec)
        if processes.first:
            examples = {split: splits.size(split) for split in SPLITS}
            run = Run.create(path, config, splits.spec, splits.fingerprint, before and before.path, examples)
            stack.enter_context(run.locked())
            run.keep_memory(config.task.memory(splits.spec, splits.judged("train")))
    return Fitting(network, strategy, splits, run, processes)


def _remove_empty(path: Path) -> None:
    """Remove the place of a run that did not come to be."""
    with suppress(OSError):  # it is not empty, or not there
        path.rmdir()


class _Opened(NamedTuple):
    """A run to go on with, as the first process found it."""

    path: Path
    spec: Spec
    init: str | None
    """The run whose weights it starts from, if nothing is saved yet."""
    saved: Saved | None
    differ: list[str]
    """In what recipe and programs are not those that it was started with."""


def _go_on(
    config: Config, place: Path | None, anyway: bool, processes: Processes, stack: ExitStack
) -> tuple[Fitting, Saved | None]:
    """Open a run to go on with; return what is to be fitted, and from where on."""
    with processes.together():
        path, spec, init, saved, differ = processes.from_first(lambda: _opened(config, place, anyway, stack))
        run = Run(path, config, spec)
        before = RunNetwork(Run.open(init)) if init else None
        network, strategy, splits = _ready(config, before, before.spec if before else spec, processes)
        if processes.first:
            differ += _told(differences.of_data(run, splits.fingerprint), anyway)
            if differ:
                run.note_resumed(differ)
            run.replace_config(config)
            run.keep_memory(config.task.memory(splits.spec, splits.judged("train")))  # it may have stopped before
    return Fitting(network, strategy, splits, run, processes), saved


def _opened(config: Config, place: Path | None, anyway: bool, stack: ExitStack) -> _Opened:
    """Open a run to go on with; nobody else trains into it from now on."""
    run = Run.open(place or newest(config.name))
    stack.enter_context(run.locked())
    differ = differences.of_recipe(run, config)
    if differ and not anyway:
        raise ConfigError([f"{one}; {_AS_BEFORE}" for one in differ])
    differ += _told(differences.of_code(run), anyway)
    saved = Checkpoints(run.path).newest()
    return _Opened(run.path, run.spec, None if saved else run.environment["init"], saved, differ)


def _told(differ: list[str], anyway: bool) -> list[str]:
    """Return differences from what a run was started with, if they are to be passed over.

    Raises:
        InputError: They are not.
    """
    if differ and not anyway:
        raise InputError("", f"{'; '.join(differ)}; restore it, {_ANYWAY}, or start a new run")
    return differ


def _ready(
    config: Config, before: RunNetwork | None, known: Spec | None, processes: Processes
) -> tuple[keras.Model, Any, Splits]:
    """Return the network with its first weights, how devices share its work, and the data.

    Args:
        config: The recipe.
        before: The network whose weights are the first ones.
        known: The spec that the data are to keep to, if they are.
        processes: Who will train.
    """
    keras.utils.set_random_seed(config.train.seed)
    strategy = devices.strategy(config.train.devices)
    expected = config.data.expected_spec()
    spec = expected if known is None else grown(expected, known)
    with strategy.scope():  # before the data are prepared: a weights file that does not fit is told at once
        network = config.model.build(spec, pretrained=before is None)
    if before is not None:
        take_weights(network, spec, before)
    freeze(network, config.train.frozen)
    splits = _load(config, None if spec == expected else spec)
    processes.check(config, splits)
    return network, strategy, splits


def _keep_features_of_floors(network: RunNetwork, splits: Splits) -> None:
    """Keep in the run what its floors need of the training examples beside what they are judged by."""
    task = network.config.task
    if task.floors_need_features and (features := network.features(splits, "train")):
        network.run.keep_memory(task.memory(network.spec, with_features(splits.judged("train"), features)))


def _calibration(network: RunNetwork, splits: Splits) -> Memory:
    """Return what a task has to know of the network's answers to the held-out examples."""
    judge = network.config.task.judge(network.spec)
    for outputs, judged in zip(network.answers(splits, "val"), splits.judged("val"), strict=True):
        judge.add(outputs, judged)
    return network.config.task.calibrated(judge)


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
