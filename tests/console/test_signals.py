"""Signals that ask to stop are noted within a context, and never lost."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from lstm_zoo.console import signals
from lstm_zoo.console.signals import Stopped, Stops, answer_stop, raise_when_asked


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


@pytest.fixture(params=[signal.SIGTERM, signal.SIGINT])
def number(request, monkeypatch):
    """A signal that raises when it comes."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(signals, "_ASK_TO_STOP", (request.param,))
    before = signal.getsignal(request.param)
    raise_when_asked()
    yield request.param
    signal.signal(request.param, before)


@pytest.mark.parametrize("dropped", [dropped_by_python, dropped_in_silence])
def test_a_stop_whose_exception_is_dropped_comes_again(number, dropped, capsys):
    dropped(number)
    with pytest.raises(Stopped) as caught:
        time.sleep(10)
    assert caught.value.status == answer_stop().status == 128 + number
    assert answer_stop() is None and not capsys.readouterr().err


def test_a_stop_that_somebody_has_answered_does_not_come_again(number):
    dropped_in_silence(number)
    assert answer_stop()
    time.sleep(0.2)


_KEPT = """
import os, signal
from lstm_zoo.console.signals import Stopped, answer_stop, raise_when_asked
raise_when_asked()
try:
    os.kill(os.getpid(), signal.SIGTERM)
except Stopped as stop:
    os.kept = stop
"""


@pytest.mark.parametrize("answer", ["", "answer_stop()"])
def test_a_stop_that_is_kept_until_the_process_ends_does_not_keep_it(answer):
    done = subprocess.run([sys.executable, "-c", _KEPT + answer], timeout=60, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_is_not_hidden_by_a_signal():
    with pytest.raises(ZeroDivisionError), Stops() as stops:
        stops.asked = signal.SIGTERM
        1 / 0  # noqa: B018
