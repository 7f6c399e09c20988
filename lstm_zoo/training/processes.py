"""Processes that train together on Keras' JAX backend: each has rows of every batch of its own, and the same weights.

What has to be equal everywhere (where training goes on, when it stops) the first one tells the others, or all agree on
it. The recipe's batches stay what they are, so that several processes train as one does, up to rounding.

Rounding differs, and Adam enlarges it: with it, one process's weights move as far if the rows of its batches are turned
round. With SGD they stay together.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import keras
import numpy as np

from ..config.recipe import Config
from ..console.signals import Stopped
from ..console.text import first_line
from ..console.visible import only_errors
from ..contracts import InputError, Share, Splits, WorkError
from .divergence import DivergedError
from .group import Group, check_shared, shares_node

_HEARTBEAT = 30  # seconds without a sign of life after which a process counts as dead
_DAYS = 7 * 24 * 3600 * 1000  # milliseconds: preparing data may take long
_STOP = "lstmzoo/stop"
T = TypeVar("T")


class GroupError(WorkError):
    """Another process of the group has failed, or cannot be reached any more."""


class Processes:
    """The processes that train together; one alone where there is no group.

    Args:
        group: The group; JAX has joined it.
    """

    def __init__(self, group: Group | None = None):
        self._size, self._number = (group.size, group.number) if group else (1, 0)
        self._turn, self._begun = 0, 0

    @property
    def several(self) -> bool:
        """Whether there is a group."""
        return self._size > 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes the run directory."""
        return self._number == 0

    @property
    def share(self) -> Share:
        """Which rows of each batch are its own."""
        return Share(self._number, self._size)

    def check(self, config: Config, splits: Splits) -> None:
        """Raise an InputError if they cannot train by a recipe."""
        if self.several:
            import jax

            check_shared(config, jax.device_count())
            if splits.size("train") < config.train.batch_size:
                raise InputError(
                    "train.batch_size",
                    f"is {config.train.batch_size}, but there are {splits.size('train')} training examples; lower it: "
                    "several processes share full batches alone",
                )

    @contextmanager
    def together(self) -> Iterator[None]:
        """Have nobody go on before all have done this, and nobody at all where it failed in one."""
        failure = None
        try:
            yield
        except Exception as error:
            failure = error
        if self.several:
            self._begun += 1
            told = _all_told(f"lstmzoo/{self._begun}", self._number, first_line(failure) if failure else "")
        if failure:
            raise failure
        if self.several and told:
            raise GroupError(f"another process has stopped: {told}")

    def from_first(self, make: Callable[[], T]) -> T:
        """Return what the first process makes.

        Raises:
            GroupError: It failed there.
        """
        if not self.several:
            return make()
        made = failure = None
        if self.first:
            try:
                made = make()
            except Exception as error:
                failure = error
        made, told = pickle.loads(_sent(pickle.dumps((made, first_line(failure) if failure else "")), self.first))
        if failure:
            raise failure
        if told:
            raise GroupError(f"the first process has stopped: {told}")
        return made

    @contextmanager
    def sharing(self, network: keras.Model) -> Iterator[None]:
        """Have all that is made and done inside shared by the devices of all processes, a network's variables too."""
        if not self.several:
            yield
            return
        with keras.distribution.DataParallel(auto_shard_dataset=False).scope():
            for variable in network.variables:  # which have been made in each process by itself
                variable._initialize_layout()
                variable._direct_assign(np.asarray(variable.value))
            yield

    def stop(self, asked: int | None) -> int | None:
        """Return the signal that all processes stop for at this turn; None: they go on.

        To be called by all in the same turns, any two of which but neighbours have a step of all between them that is
        waited for. So whoever is asked to stop can say when: two turns later, and all others know it by then.

        Args:
            asked: The signal that has come to this one.
        """
        if not self.several:
            return asked
        self._turn += 1
        agreed = _noted(_STOP)
        if agreed is None and asked:
            _note(_STOP, f"{self._turn + 2} {asked}")
            agreed = _noted(_STOP)
        turn, number = map(int, (agreed or "0 0").split())
        return number if agreed and self._turn >= turn else None


@contextmanager
def joined(group: Group | None) -> Iterator[Processes]:
    """Be one of a group of processes, if there is one.

    Raises:
        InputError: Keras does not stand on JAX.
        GroupError: Another one has failed, or cannot be reached.
    """
    if group is None:
        yield Processes()
        return
    if keras.backend.backend() != "jax":
        raise InputError(
            "", f"{group.size} processes are to train together, which they do on JAX: set KERAS_BACKEND=jax"
        )
    import jax
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")  # it only reads data, and would take all of the memory
    jax.config.update("jax_enable_preemption_service", False)  # which takes SIGTERM for itself
    with only_errors(group.number > 0):
        try:
            jax.distributed.initialize(
                *group,
                cluster_detection_method=None if shares_node(os.environ) else "deactivate",
                heartbeat_timeout_seconds=_HEARTBEAT,
                shutdown_timeout_seconds=_HEARTBEAT,
            )
            jax.devices()  # all have to ask within two minutes
            yield Processes(group)
        except (jax.errors.JaxRuntimeError, ValueError, GroupError) as error:
            raise _lost(error) from None
        except (DivergedError, Stopped):  # all have come to the same end
            jax.distributed.shutdown()
            raise
        jax.distributed.shutdown()


def _lost(error: Exception) -> Exception:
    """Return an error as people are told it, where it is that the others are not there any more."""
    if isinstance(error, GroupError) or "RESOURCE_EXHAUSTED" in str(error):
        return error
    if isinstance(error, ValueError) and "Gloo" not in str(error):  # by which JAX tells of a lost gathering, too
        return error
    return GroupError(f"another process has ended, or cannot be reached any more ({first_line(error)})")


def _sent(content: bytes, first: bool) -> bytes:
    """Return the content that the first process has."""
    from jax.experimental.multihost_utils import broadcast_one_to_all

    size = int(broadcast_one_to_all(np.array(len(content), np.int32)))
    return broadcast_one_to_all(np.frombuffer(content, np.uint8) if first else np.zeros(size, np.uint8)).tobytes()


def _all_told(name: str, number: int, text: str) -> str:
    """Return what the first one that tells something tells; all processes wait for each other."""
    client = _client()
    client.key_value_set(f"{name}/{number}", text)
    client.wait_at_barrier(name, _DAYS)
    return next((told for _, told in sorted(client.key_value_dir_get(name)) if told), "")


def _note(name: str, text: str) -> None:
    """Have all processes know something; the first text stays."""
    import jax

    try:
        _client().key_value_set(name, text)
    except jax.errors.JaxRuntimeError as error:
        if "ALREADY_EXISTS" not in str(error):
            raise


def _noted(name: str) -> str | None:
    import jax

    try:
        return _client().key_value_try_get(name)
    except jax.errors.JaxRuntimeError as error:
        if "NOT_FOUND" not in str(error):
            raise
    return None


def _client() -> Any:
    from jax._src.distributed import global_state  # JAX has no public way to its store of keys

    return global_state.client
