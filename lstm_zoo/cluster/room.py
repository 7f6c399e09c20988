"""A Ray cluster: one that is there, or one of this machine that ends with the command; and whether it has room."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ..console.cores import num_cores
from ..console.signals import Stopped, answer_stop
from ..contracts import InputError

if TYPE_CHECKING:
    from types import ModuleType

_PORT = 6379  # Ray's own
_SECONDS = 5.0  # until an address that does not answer is given up


class Wanted(NamedTuple):
    """What a command asks for."""

    workers: int
    cluster: str | None = None
    """Address of a running cluster; `auto`: the one that runs here; None: a new one of this machine alone."""
    cpus: int = 1
    """Cores of each worker."""
    gpus: int = 0
    """GPUs of each worker."""

    @property
    def bundle(self) -> dict[str, float]:
        """What one worker takes, by Ray's names."""
        return {"CPU": self.cpus, **({"GPU": self.gpus} if self.gpus else {})}


def ray_module() -> ModuleType:
    """Return Ray.

    Raises:
        InputError: It is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # which Ray warns of
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # what Ray says of workers, on standard output
    os.environ.setdefault("RAY_worker_niceness", "0")  # workers do the work, and give way to no other
    try:
        import ray
    except ImportError:
        raise InputError("", "--workers needs Ray: pip install 'lstm-zoo[cluster]'") from None
    return ray


@contextmanager
def connected(wanted: Wanted) -> Iterator[None]:
    """Be connected to a cluster that has room for the workers; a local one is stopped at the end.

    Raises:
        InputError: Ray is not installed, the cluster cannot be reached, or has less than is asked for.
    """
    ray, asking_to_stop = ray_module(), signal.getsignal(signal.SIGTERM)
    try:
        try:
            _connect(wanted.cluster)
        except SystemExit:  # Ray's own handler has got a SIGTERM meanwhile
            raise Stopped(signal.SIGTERM) from None
        finally:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, asking_to_stop)
        check_room(wanted)
        yield
    except KeyboardInterrupt as stop:  # answered before all is cleared away; Ray makes a plain one of ours
        raise answer_stop() or stop from None
    finally:
        ray.shutdown()


def _connect(cluster: str | None) -> None:
    """Connect to a cluster, or start one of this machine alone."""
    ray = ray_module()
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False, "ignore_reinit_error": True}
    if cluster is None:
        ray.init("local", num_cpus=num_cores(), include_dashboard=False, **quiet)
        return
    _check_reachable(cluster)
    try:
        ray.init(address=cluster, **quiet)
    except ConnectionError as error:
        raise InputError("", f"{_called(cluster)} ({error}); start one with `ray start --head`") from None
    except getattr(ray.exceptions, "AuthenticationError", ()):  # which older ones have not
        mend = "set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN to what `ray get-auth-token` prints on its head"
        raise InputError("", f"--cluster {cluster}: it asks for a token; {mend}") from None


def num_places(wanted: Wanted) -> int:
    """Return how many such workers the nodes have room for, whatever else runs there."""
    places = 0
    for node in _nodes():
        places += int(min(node.get(name, 0) // amount for name, amount in wanted.bundle.items()))
    return places


def check_room(wanted: Wanted) -> None:
    """Raise an InputError if there is less than is asked for."""
    if num_places(wanted) >= wanted.workers:
        return
    each = _in_words(wanted.bundle)
    there = "; ".join(_in_words({name: node.get(name, 0) for name in wanted.bundle}) for node in _nodes())
    raise InputError(
        "",
        f"--workers {wanted.workers} with {each} each, but there is room for {num_places(wanted)} (nodes: {there}); "
        "ask for fewer workers, or for less of each (--cpus-per-worker, --gpus-per-worker)",
    )


def _nodes() -> list[dict[str, float]]:
    return [node["Resources"] for node in ray_module().nodes() if node["Alive"]]


def _in_words(resources: dict[str, float]) -> str:
    return " and ".join(
        f"{amount:g} {'core' if name == 'CPU' else name}{'s' * (amount != 1)}" for name, amount in resources.items()
    )


def _check_reachable(address: str) -> None:
    """Raise an InputError at once for an address that Ray would try for minutes."""
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").partition(":")
    try:
        socket.create_connection((host, int(port or _PORT)), _SECONDS).close()
    except (OSError, ValueError) as error:
        raise InputError("", f"{_called(address)} ({error}); expected HOST:PORT of a running one, or auto") from None


def _called(address: str) -> str:
    where = "this machine" if address == "auto" else address
    return f"--cluster {address}: no Ray cluster can be reached at {where}"
