"""One process at a time."""

import fcntl
import os
import subprocess
import sys
import threading
import time

import pytest

from lstm_zoo.contracts import InputError
from lstm_zoo.disk.locks import alone

HOLD = """
import sys, time
from pathlib import Path
from lstm_zoo.disk.locks import alone
with alone(Path(sys.argv[1]), "trains"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path / "lock"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_another_process_is_refused_by_name_until_the_first_is_dead(tmp_path, holder):
    told = rf"process {holder.pid} on .* trains since 20.*wait for its end"
    with pytest.raises(InputError, match=told), alone(tmp_path / "lock", "trains"):
        pass
    holder.kill()
    holder.wait()
    with alone(tmp_path / "lock", "trains"):
        pass


def test_another_process_may_wait(tmp_path, holder, capsys):
    threading.Timer(0.5, holder.kill).start()
    started = time.monotonic()
    with alone(tmp_path / "lock", "prepares", wait=True):
        assert time.monotonic() - started > 0.3
    assert f"process {holder.pid} on" in capsys.readouterr().err


def test_a_lock_that_was_released_while_another_waited_is_not_taken_for_one(tmp_path, monkeypatch):
    file, flock = tmp_path / "lock", fcntl.flock

    def after_its_removal(descriptor, how):
        flock(descriptor, how)
        monkeypatch.setattr("fcntl.flock", flock)
        file.unlink()

    monkeypatch.setattr("fcntl.flock", after_its_removal)
    with alone(file, "trains"), pytest.raises(InputError), alone(file, "trains"):
        pass
    assert not file.exists()


def test_a_place_that_cannot_be_written_needs_no_lock(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refuse)
    monkeypatch.setattr("os.access", lambda place, mode: False)
    with alone(tmp_path / "lock", "evaluates"):
        pass


def test_a_lock_of_another_user_locks(tmp_path, holder, monkeypatch):
    def refuse_writing(file, flags, mode=0, open=os.open):
        if flags & os.O_RDWR:
            raise PermissionError(13, "Permission denied")
        return open(file, flags, mode)

    monkeypatch.setattr("os.open", refuse_writing)
    with pytest.raises(InputError, match=f"process {holder.pid} on"), alone(tmp_path / "lock", "trains"):
        pass
