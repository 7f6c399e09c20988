"""What stands for training in workers; a module that imports nothing heavy, as each of them imports it."""

import os
import time
from pathlib import Path

from lstm_zoo.cluster import taking_part


def counting(config, path: Path, how, group):
    """Count to eight; the second worker dies once, at three, and takes the other one with it."""
    assert bool(how.init) != how.resume  # a run that goes on has weights of its own
    (path / "config.yaml").touch()
    file = path / f"count-{group.number}"
    for count in range(1 + (int(file.read_text()) if how.resume else 0), 9):
        if count == 3 and not how.resume:
            if group.number == 1:
                os._exit(9)
            from lstm_zoo.training.processes import GroupError

            raise GroupError("another process has ended")
        file.write_text(f"{count}")
    taking_part._told.write("the last line\n")


def hanging(config, path, how, group):
    taking_part._steps[0] = 1
    time.sleep(600)


def waiting(config, path, how, group):
    while taking_part._stops.asked is None:
        time.sleep(0.05)
    (path / f"stopped-{group.number}").write_text(str(taking_part._stops.asked))
