"""Saves the state of a training: after every epoch, now and then within one, and when a signal asks to stop."""

from __future__ import annotations

import time
from collections.abc import Sequence

import keras
import numpy as np

from ..config.train_config import CheckpointConfig
from ..console.signals import Stopped, Stops
from .checkpoints import Checkpoints, Position, Saved
from .divergence import check_weights
from .processes import Processes
from .state import TrainingState, kept_of, pass_over, put_back


class Checkpoint(keras.callbacks.Callback):
    """Saves all that is needed to go on as if nothing had happened; it comes after the callbacks that it saves.

    Args:
        options: How often.
        checkpoints: Where to.
        steps: Steps an epoch.
        stateful: Callbacks whose counters are saved as well.
        network: The whole network, of which the model that is trained may be a part.
        stops: Tells of signals that ask to stop.
        processes: Those that train together: they stop at once, and the first one writes.
    """

    def __init__(
        self,
        options: CheckpointConfig,
        checkpoints: Checkpoints,
        steps: int,
        stateful: Sequence[keras.callbacks.Callback],
        network: keras.Model,
        stops: Stops,
        processes: Processes,
    ):
        super().__init__()
        self._options, self._checkpoints, self._steps = options, checkpoints, steps
        self._stateful, self._network = stateful, network
        self._stops, self._processes = stops, processes
        self._stopped: int | None = None  # the signal by which validation ends
        self._rollbacks = 0
        self._going_on: Saved | None = None
        self._position = Position(0, 0)
        self._saved_at, self._saved_step = time.monotonic(), 0
        self._metrics_before_test: dict[str, np.ndarray] = {}

    def restore(self, saved: Saved) -> Position:
        """Go on from a checkpoint; to be called after `set_model`, before `fit`.

        Returns:
            Where training goes on: the beginning of the epoch, where an epoch has other steps than before.
        """
        self._state().put_back(saved.arrays)
        self._rollbacks = saved.facts["rollbacks"]
        self.model.stop_training = saved.facts["stopped"]
        for callback in self._stateful:
            if (kept := saved.facts["callbacks"].get(type(callback).__name__)) is not None:  # else it is a new one
                put_back(callback, self.model, kept)
        if saved.position.step and saved.facts["steps"] == self._steps:
            self._going_on, self._saved_step = saved, saved.position.step
            return saved.position
        return Position(saved.position.epoch, 0)

    def save(self, position: Position, metrics: dict[str, np.ndarray]) -> None:
        """Write a checkpoint, if this process is the one that does.

        Args:
            position: How far training is.
            metrics: What the metrics have gathered in this epoch.

        Raises:
            DivergedError: A weight is no number; nothing is written.
        """
        check_weights(self.model, str(position))
        self._saved_at, self._saved_step = time.monotonic(), position.step
        if not self._processes.first:
            return
        facts = {
            "callbacks": {type(callback).__name__: kept_of(callback) for callback in self._stateful},
            "rollbacks": self._rollbacks,
            "steps": self._steps,
            "stopped": bool(self.model.stop_training),
        }
        self._checkpoints.write(Saved(position, facts, {**self._state().gathered(), **metrics}))

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Stand where the checkpoint was written, within its epoch."""
        self._position = Position(epoch, 0)
        if self._going_on is not None:
            self._position = self._going_on.position
            self._state().put_back(self._going_on.arrays, metrics=True)  # after other callbacks have begun an epoch
            pass_over(self.model, self._position.step // self.model.steps_per_execution)
            self._going_on = None

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Save if it is time to, or if a signal asks to stop."""
        done = batch + 1
        if done <= self._position.step:  # passed over
            return
        self._position = Position(self._position.epoch, done)
        asked = self._asked()  # once: it may come at any time, and none may stop what is not saved
        if asked or self._is_time(done):
            self.save(self._position, self._state().metrics())
        if asked:
            raise Stopped(asked)

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Remember what the metrics have gathered, which validation forgets."""
        self._metrics_before_test = self._state().metrics()

    def on_test_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """End validation if a signal asks to stop."""
        if self._processes.several:
            float((logs or {})["loss"])  # waits for all, as after a training step
        if asked := self._asked():
            self._stopped, self.model.stop_evaluating = asked, True

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Stop if a signal has ended validation, which is then still to come."""
        if self._stopped:
            self.save(self._position, self._metrics_before_test)
            raise Stopped(self._stopped)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Save."""
        self.save(Position(epoch + 1, 0), {})
        if asked := self._asked():
            raise Stopped(asked)

    def _asked(self) -> int | None:
        return self._processes.stop(self._stops.asked)

    def _is_time(self, done: int) -> bool:
        steps, minutes = self._options.every_steps, self._options.every_minutes
        due = steps is not None and done // steps > self._saved_step // steps
        return due or (minutes is not None and time.monotonic() - self._saved_at > 60 * minutes)

    def _state(self) -> TrainingState:
        return TrainingState(self.model, self._network)  # asked for its model, a callback has JAX give variables back
