"""Signals that ask to stop are noted within a context, and never lost."""

import os
import signal

import pytest

from lstm_zoo.console.signals import Stopped, Stops


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_nobody_looked_for_stops_behind_the_context(number, capsys):
    before = signal.getsignal(number)
    with pytest.raises(Stopped) as caught, Stops() as stops:
        os.kill(os.getpid(), number)
    assert caught.value.status == 128 + number and stops.asked == number
    assert "a second signal stops at once" in capsys.readouterr().err
    assert signal.getsignal(number) is before


def test_an_error_is_not_hidden_by_a_signal():
    with pytest.raises(ZeroDivisionError), Stops() as stops:
        stops.asked = signal.SIGTERM
        1 / 0  # noqa: B018
