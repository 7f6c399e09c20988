"""Fitting: Keras `fit` with all that watches over it, from a checkpoint on, and again after a divergence."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import keras

from ..config.recipe import Config
from ..config.train_config import TrainConfig
from ..console.signals import Stopped, Stops
from ..console.visible import tell
from ..contracts import Splits
from ..runs.directory import Run
from ..runs.features import on_features
from ..runs.kept import WEIGHTS
from . import devices
from .best import Best
from .checkpoint import Checkpoint
from .checkpoints import Checkpoints, Position, Saved
from .compiling import compile_for_training
from .divergence import DivergedError, Divergence
from .history import History
from .processes import Processes
from .progress import TrainingProgress

_CALMER = "lower train.optimizer.learning_rate, set train.optimizer.clip_norm, or set train.on_divergence=rollback"
_MOST_ROLLBACKS = 10


class Fitting(NamedTuple):
    """What is fitted."""

    network: keras.Model
    strategy: Any
    """How devices of this process share the work."""
    splits: Splits
    run: Run
    processes: Processes

    def fit(self, saved: Saved | None, stops: Stops, watching: Sequence[keras.callbacks.Callback] = ()) -> None:
        """Fit, and again from the last whole epoch on if figures are no numbers.

        Args:
            saved: A checkpoint to go on from.
            stops: Tells of what asks to stop.
            watching: Further callbacks.
        """
        options = self.run.config.train
        checkpoints = Checkpoints(self.run.path, options.checkpoint.keep, options.on_divergence == "rollback")
        with self.strategy.scope():
            model, streams = on_features(self.run.config, self.network, self.splits, training=True)
        if self.processes.several and streams is not self.splits:
            self._streams(streams, Position(0, 0), True)  # computes features: each process by itself, while it can
        timed = self.run.timed() if self.processes.first else nullcontext()
        with self.processes.sharing(self.network), timed:
            while True:
                try:
                    return self._fit_from(saved, checkpoints, stops, model, streams, watching)
                except DivergedError as error:
                    diverged = error
                if options.on_divergence == "stop":
                    raise DivergedError(f"{diverged}; {_CALMER}; {checkpoints.newest_in_words()}")
                saved = self.processes.from_first(lambda error=diverged: _rolled_back(checkpoints, error))
                if stops.asked and not self.processes.several:  # who stop together, after their next step
                    raise Stopped(stops.asked)

    def _fit_from(
        self,
        saved: Saved | None,
        checkpoints: Checkpoints,
        stops: Stops,
        model: keras.Model,
        streams: Splits,
        watching: Sequence[keras.callbacks.Callback],
    ) -> None:
        """Compile and fit the network, or its head where the encoder's features are cached."""
        run, splits = self.run, self.splits
        options, task = run.config.train, run.config.task
        rollbacks = saved.facts["rollbacks"] if saved else 0
        judges = _judges(options, task.monitor, task.monitor_mode)
        counted = rollbacks or options.on_divergence == "rollback"
        history = History(run.path / "history.csv", {"rollbacks": rollbacks} if counted else {})
        with self.strategy.scope():
            one_device = isinstance(self.strategy, devices.OneDevice)
            objective = task.objective(splits.spec, lambda: (one.truth for one in splits.judged("train")))
            config = _with_rate(run.config, 0.5**rollbacks)
            steps, drop_remainder = compile_for_training(model, config, objective, splits, one_device=one_device)
            best = Best(run.path / WEIGHTS, self.network, self._monitor, task.monitor_mode)
            kept = [*judges, best, history]
            checkpoint = Checkpoint(options.checkpoint, checkpoints, steps, kept, self.network, stops, self.processes)
            checkpoint.set_model(model)
            position = checkpoint.restore(saved) if saved else Position(0, 0)
        if position.epoch >= options.epochs or model.stop_training:  # nothing is left, or early stopping has spoken
            return
        if saved:
            tell(f"going on after {position}")
        elif options.on_divergence == "rollback":
            checkpoint.save(position, {})
        shown = steps * options.batch_size if drop_remainder else splits.size("train")
        _tell_left_out(shown, splits.size("train"))

        def names(epoch: int, of: range) -> list[str]:
            return streams.train_names(options.batch_size, options.seed, epoch, of)

        callbacks = [*judges, Divergence(self._monitor, names), *watching, checkpoint]
        progress = TrainingProgress(options.epochs, steps, shown, objective.remark, position.step)
        if self.processes.first:
            board = keras.callbacks.TensorBoard(run.path / "tensorboard", write_graph=False)
            callbacks = [*callbacks[:-1], history, board, best, checkpoint, progress]
        train_stream, validation = self._streams(streams, position, drop_remainder)
        if position.step:
            model._symbolic_build(data_batch=next(iter(train_stream)))  # metrics are to hold what they had gathered
        if self.processes.several and validation is not None:
            from .validation import SharedValidation

            callbacks.append(SharedValidation(streams, validation, options.batch_size))
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
                    callbacks=callbacks,
                )
        finally:
            progress.close()

    @property
    def _monitor(self) -> str | None:
        return self.run.config.task.monitor if self.splits.size("val") else None

    def _streams(self, streams: Splits, position: Position, drop_remainder: bool) -> Any:
        """Return what this process reads of the training and the validation examples."""
        options, share = self.run.config.train, self.processes.share
        size, seed = options.batch_size, options.seed
        training = streams.train_stream(size, seed, *position, drop_remainder=drop_remainder, share=share)
        return training, streams.eval_stream("val", size, share) if self._monitor else None


def _tell_left_out(shown: int, size: int) -> None:
    if shown < size:
        tell(
            f"{size - shown} of {size} training examples, others each time, are left out of an epoch: they do not fill "
            "a batch, and XLA compiles for one batch size (train.jit_compile)"
        )


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
