"""Signals that ask to stop are noted within a context, and never lost."""

import os
import signal
import sys
import time
from contextlib import suppress

import pytest

from lstm_zoo.console import signals
from lstm_zoo.console.signals import Stopped, Stops, raise_when_asked, unanswered_stop


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_nobody_looked_for_stops_behind_the_context(number, capsys):
    before = signal.getsignal(number)
    with pytest.raises(Stopped) as caught, Stops() as stops:
        os.kill(os.getpid(), number)
    assert caught.value.status == 128 + number and stops.asked == number
    assert "a second signal stops at once" in capsys.readouterr().err
    assert signal.getsignal(number) is before


class AtItsEnd:
    """Is asked to stop at its end, whose exceptions Python drops."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        os.kill(os.getpid(), self.number)


def dropped_by_python(number):
    AtItsEnd(number)


def dropped_in_silence(number):
    with suppress(Stopped):
        os.kill(os.getpid(), number)


@pytest.mark.parametrize("dropped", [dropped_by_python, dropped_in_silence])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_whose_exception_is_dropped_comes_again(number, dropped, monkeypatch, capsys):
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(signals, "_ASK_TO_STOP", (number,))
    before = signal.getsignal(number)
    raise_when_asked()
    try:
        dropped(number)
        with pytest.raises(Stopped) as caught:
            time.sleep(10)
    finally:
        signal.signal(number, before)
    assert caught.value.status == unanswered_stop().status == 128 + number
    assert unanswered_stop() is None and not capsys.readouterr().err


def test_an_error_is_not_hidden_by_a_signal():
    with pytest.raises(ZeroDivisionError), Stops() as stops:
        stops.asked = signal.SIGTERM
        1 / 0  # noqa: B018
