"""What runs in a worker that trains: it takes part in a group, tells what there is to tell, and can be stopped."""

from __future__ import annotations

import io
import socket
from contextlib import redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..config.recipe import Config
from ..console.quiet import silence
from ..console.signals import Stopped, Stops
from ..training.group import Group

if TYPE_CHECKING:
    import keras


class How(NamedTuple):
    """How a training begins; see `training.fit.train`."""

    resume: bool = False
    anyway: bool = False
    init: str | None = None


class _Told(io.TextIOBase):
    """Keeps what is told until it is fetched."""

    def __init__(self) -> None:
        self._text = ""

    def write(self, text: str) -> int:
        self._text += text
        return len(text)

    def lines(self) -> list[str]:
        """Return the whole lines since."""
        *lines, self._text = self._text.split("\n")
        return [line.rstrip() for line in lines if line.strip()]


_told, _stops = _Told(), Stops()
_steps: list[int | None] = [None]  # of training and validation; None: they have not begun


def take_part(config: Config, path: Path, how: How, group: Group | None) -> None:
    """Train, as one of a group; a stop that was asked for is no failure."""
    silence()
    with redirect_stderr(_told):
        from ..training.fit import train

        try:
            train(
                config,
                path,
                resume=how.resume,
                anyway=how.anyway,
                init=how.init,
                evaluate=False,
                group=group,
                stops=_stops,
                callbacks=[_pulse()],
            )
        except Stopped:
            return


def seen() -> tuple[list[str], int | None]:
    """Return what was told since the last time, and how many steps were made; None: training has not begun."""
    return _told.lines(), _steps[0]


def stop(number: int) -> None:
    """Stop as by a signal."""
    _stops.asked = number


def free_port() -> int:
    """Return a port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


def _pulse() -> keras.callbacks.Callback:
    """Return what counts steps."""
    import keras

    class Pulse(keras.callbacks.Callback):
        def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
            self.on_train_batch_end(0)

        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            _steps[0] = (_steps[0] or 0) + 1

        on_test_batch_end = on_train_batch_end

    return Pulse()
