"""What commands print, where it cannot be written."""

import os
import sys

import pytest
import typer

from lstm_zoo.cli.errors import user_errors
from lstm_zoo.cli.printing import OutputError, show, show_json, written
from lstm_zoo.reporting.tables import titled_table


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("what", ["text", {"a": 1}, titled_table("title", "name")])
def test_a_full_disk_is_one_clear_line(what, capfd, monkeypatch):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(typer.Exit), user_errors():
            (show_json if isinstance(what, dict) else show)(what)
        full.flush()  # nothing is left to fail when Python ends
    assert capfd.readouterr().err == "the output cannot be written: No space left on device\n"


def test_a_reader_that_has_seen_enough_ends_the_command_as_it_ends_others(capfd, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        with pytest.raises(typer.Exit) as end, user_errors():
            show("text")
    assert end.value.exit_code == 141 and capfd.readouterr().err == ""


def test_an_error_of_the_work_stays_one():
    with pytest.raises(OutputError), written():
        raise OSError(28, "No space left on device")
    with pytest.raises(ValueError, match="x"), written():
        raise ValueError("x")
