"""Files read in processes apart: one that crashes its decoder, hangs it or takes all memory is one file that fails."""

from __future__ import annotations

import atexit
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from . import limits
from .carrying import receive
from .errors import MediaError

_START = (
    "import json, sys; sys.path[:], handle = json.loads(sys.argv[1]); "
    "from lstm_zoo.media.reading_process import serve; serve(handle)"
)
_TRIES = 3
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
P = ParamSpec("P")
T = TypeVar("T")


def apart(read: Callable[P, T]) -> Callable[P, T]:
    """Let a function run in a process apart, with limits of memory and time; it waits there for whoever asks next.

    Args:
        read: Reads a file, or a part of it; a function of a module, whose arguments and results can be pickled; those
            that are paths stand among the positional ones. Whatever it raises comes back as a MediaError.
    """

    @wraps(read)
    def read_apart(*args: P.args, **kwargs: P.kwargs) -> T:
        if limits.is_reader():
            return read(*args, **kwargs)
        absolute = [arg.absolute() if isinstance(arg, Path) else arg for arg in args]
        question = (read.__module__, read.__name__, absolute, kwargs)
        return _answer(pickle.dumps(question, pickle.HIGHEST_PROTOCOL))

    return read_apart


def memory_of_readers(kind: str) -> list[float]:
    """Return what each process that reads for this one takes, the mother of readers too, in MiB; of Linux alone.

    Args:
        kind: What is measured, by its name in `/proc/PID/status`: `RssAnon` or `VmHWM`, say.
    """
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, KeyError):
            session = int((place / "stat").read_text().rpartition(")")[2].split()[3])
            if session == _mother.number:
                lines = (place / "status").read_text().splitlines()
                found.append(int(dict(line.split(":", 1) for line in lines)[kind].split()[0]) / 2**10)
    return found


class _Mother:
    """The process that readers are forked from: it has imported what they need, and reads nothing itself."""

    def __init__(self):
        self._process: subprocess.Popen | None = None
        self._socket: socket.socket | None = None

    @property
    def number(self) -> int | None:
        """Number of the process, and of its session."""
        return self._process and self._process.pid

    def reader(self) -> Connection:
        """Return what a new reader is asked by."""
        ours, theirs = Pipe()
        with theirs:
            try:
                self._hand_over(theirs)
            except OSError:  # it has not been started, or somebody has ended it
                self._start()
                self._hand_over(theirs)
        return ours

    def end(self) -> None:
        """End it; readers go by themselves when nobody can ask them any more."""
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _hand_over(self, connection: Connection) -> None:
        if self._socket is None:
            raise ConnectionError
        socket.send_fds(self._socket, [b"r"], [connection.fileno()])

    def _start(self) -> None:
        limits.check()
        self.end()
        self._socket, theirs = socket.socketpair()
        with theirs:
            argument = json.dumps([[*map(os.path.abspath, sys.path)], theirs.fileno()])
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, argument],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # what libraries say of damaged files
                env={**os.environ, **_ONE_THREAD},
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C is for the process that asks
            )


_lock = Lock()
_mother = _Mother()
_idle: list[Connection] = []
"""Readers that wait to be asked."""


def _answer(question: bytes) -> Any:
    """Return what a reader answers, or raise the MediaError that it tells."""
    for _ in range(_TRIES):
        reader = _waiting_reader()
        try:
            reader.send_bytes(question)
            kind, answer = receive(reader)
        except (EOFError, OSError):
            kind, answer = "ended", 0
        except BaseException:
            reader.close()
            raise
        if kind == "ended":
            reader.close()
            if not answer:  # it had gone before it was asked
                continue
            raise MediaError(_end_in_words(answer))
        with _lock:
            _idle.append(reader)
        if kind == "bad":
            raise MediaError(answer)
        return answer
    raise MediaError("cannot be read: processes that read files end before they are asked")


def _waiting_reader() -> Connection:
    with _lock:
        while _idle:
            reader = _idle.pop()
            if not reader.poll():
                return reader
            reader.close()  # it waited too long, and has gone
        return _mother.reader()


def _end_in_words(status: int) -> str:
    """Return why a reader ended while it read, by its exit status; that of a signal is negative."""
    if status == -signal.SIGALRM:
        return limits.told_time()
    if status == -signal.SIGKILL:
        return f"its reader was killed, as systems do when memory runs out: {limits.told_memory()}"
    how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    return f"is damaged: it crashes the library that decodes it ({how})"


def _end() -> None:
    _mother.end()


def _forget() -> None:
    """Leave the readers to the process that a fork came from."""
    global _lock, _mother
    _lock, _mother = Lock(), _Mother()
    _idle.clear()


atexit.register(_end)
os.register_at_fork(after_in_child=_forget)
