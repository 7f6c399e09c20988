"""Signals that ask to stop are noted within a context, and never lost."""

import os
import signal
import sys
import time

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


def test_a_stop_whose_exception_is_dropped_comes_again(monkeypatch):
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    for number in (signal.SIGTERM, signal.SIGINT):
        monkeypatch.setattr(signals, "_ASK_TO_STOP", (number,))
        before = signal.getsignal(number)
        raise_when_asked()

        class Dropping:
            def __del__(self, number=number):
                os.kill(os.getpid(), number)

        try:
            with pytest.raises(Stopped) as caught:
                Dropping()  # what its end raises, Python drops
                time.sleep(10)
        finally:
            signal.signal(number, before)
        assert caught.value.status == 128 + number
        assert unanswered_stop().status == 128 + number and unanswered_stop() is None


def test_an_error_is_not_hidden_by_a_signal():
    with pytest.raises(ZeroDivisionError), Stops() as stops:
        stops.asked = signal.SIGTERM
        1 / 0  # noqa: B018
