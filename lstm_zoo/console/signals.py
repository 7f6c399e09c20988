"""Stops that were asked for, by Ctrl-C or SIGTERM: exit status 130 and 143."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import weakref
from contextlib import ExitStack, suppress
from types import FrameType
from typing import Any

from .visible import tell

_ASK_TO_STOP = (signal.SIGINT, signal.SIGTERM)
_PAUSE = 0.1  # seconds


class Stopped(KeyboardInterrupt):
    """A signal has asked to stop.

    Args:
        number: Which one.
    """

    def __init__(self, number: int):
        super().__init__()
        self.status = 128 + number
        """Of the process, as shells count."""


_unanswered: list[int] = []  # the number of the signal that has raised an exception, until somebody tells of it
_raised: list[weakref.ref[Stopped]] = []  # the exception


def raise_when_asked() -> None:
    """Have signals that ask to stop raise an exception, so that what was begun is cleared away.

    Where C code or Python drops the exception, and so nobody has told of it when it is gone, the signal comes again.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        stop = Stopped(number)
        _unanswered[:], _raised[:] = [number], [weakref.ref(stop, _come_again)]
        try:
            raise stop
        finally:
            del stop  # else it would hold itself by its traceback

    def tell_dropped(what: Any) -> None:
        if not isinstance(what.exc_value, Stopped):
            sys.__unraisablehook__(what)

    sys.unraisablehook = tell_dropped
    for number in _not_ignored():
        signal.signal(number, handle)


def _come_again(_: weakref.ref[Stopped]) -> None:
    """Ask again in a moment, by when whoever has caught the exception has answered."""
    if not _unanswered or sys.is_finalizing():  # when the process ends, a thread that is started never begins
        return
    again = threading.Timer(_PAUSE, _ask_again)
    again.daemon = True
    again.start()


def _ask_again() -> None:
    if _unanswered:
        os.kill(os.getpid(), _unanswered[0])


def answer_stop() -> Stopped | None:
    """Take it on oneself to end: return the stop that a signal has asked for and nobody has answered, or nothing."""
    return Stopped(_unanswered.pop()) if _unanswered else None


class Stops:
    """Within its context, a signal that asks to stop is noted instead of raised; a second one ends the process at once.

    Elsewhere than in the main thread, signals are left to whoever handles them.
    """

    def __init__(self) -> None:
        self.asked: int | None = None
        """The number of the signal that came."""
        self._contexts = ExitStack()

    def __enter__(self) -> Stops:
        if threading.current_thread() is threading.main_thread():
            reader, writer = map(self._contexts.enter_context, socket.socketpair())
            writer.setblocking(False)
            watching = threading.Thread(target=self._watch, args=(reader,), daemon=True)
            watching.start()
            self._contexts.callback(watching.join)
            self._contexts.callback(writer.shutdown, socket.SHUT_WR)
            self._contexts.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(writer.fileno()))
            for number in _not_ignored():
                self._contexts.callback(signal.signal, number, signal.signal(number, lambda *_: None))
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self._contexts.close()
        if self.asked and kind is None:  # it came when nobody looked any more
            raise Stopped(self.asked)

    def _watch(self, reader: socket.socket) -> None:
        """Read the numbers of signals, beside the main thread, which may be in a step that takes minutes."""
        while number := reader.recv(1):
            if number[0] not in _ASK_TO_STOP:
                continue
            if self.asked:
                os._exit(128 + number[0])
            self.asked = number[0]
            with suppress(OSError):  # a pipe whose reader the same Ctrl-C has ended
                tell("stopping after this step; a second signal stops at once")


def _not_ignored() -> list[signal.Signals]:
    """Return the signals that whoever started the process has not had ignored, as shells do in the background."""
    return [number for number in _ASK_TO_STOP if signal.getsignal(number) is not signal.SIG_IGN]
