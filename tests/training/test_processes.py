"""Two processes train together, without Ray: the end is that of one process."""

import os
import socket
import subprocess
import sys

from lstm_zoo.contracts import InputError
from lstm_zoo.training.processes import GroupError, _lost

CODE = """
import os, sys
from pathlib import Path
import numpy as np
from lstm_zoo.config.recipe import load
from lstm_zoo.training import divergence
from lstm_zoo.training.checkpoints import Checkpoints
from lstm_zoo.training.fit import train
from lstm_zoo.training.group import group_of
folder = Path(sys.argv[1])
times, look = iter(2 * [True, False]), divergence.Divergence.on_epoch_end
def diverge_once(self, epoch, logs=None):
    if next(times):
        raise divergence.DivergedError("the loss is nan")
    look(self, epoch, logs)
divergence.Divergence.on_epoch_end = diverge_once
train_as = ["train.epochs=1", "train.batch_size=6", "train.on_divergence=rollback", "model.dropout=0.5"]
config = load("smoke/frame_average.yaml", [f"data.data_dir={sys.argv[2]}", *train_as])
group = group_of(os.environ)
train(config, folder / "together", group=group, evaluate=False)
if group.number == 0:
    train(config, folder / "alone", evaluate=False)
    together, alone = (Checkpoints(folder / name).newest() for name in ("together", "alone"))
    for name, values in alone.arrays.items():
        np.testing.assert_allclose(together.arrays[name], values, atol=1e-5, err_msg=name)
    one, other = ([float(x) for x in (folder / name / "history.csv").read_text().split()[-1].split(",")]
                  for name in ("together", "alone"))
    np.testing.assert_allclose(one, other, atol=1e-5)
"""


def test_two_processes_end_as_one_would(data_dir, tmp_path):
    """They drop what it drops, row by row, and go back to where it does after a figure that is none.

    Validation has a batch that is full, which they share, and one that is not, which both show.
    """
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    shared = {"KERAS_BACKEND": "jax", "JAX_COORDINATOR_ADDRESS": f"127.0.0.1:{port}"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CODE, str(tmp_path), str(data_dir)],
            env={**os.environ, **shared, "JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": str(number)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in (0, 1)
    ]
    told = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], [text[-2000:] for text in told]
    for line in ("epoch 1/1", "the loss is nan; back to"):
        assert line in told[0] and line not in told[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone", "together"]


def test_a_lost_process_is_told_by_whatever_jax_raises_for_it():
    gathering = ValueError("UNKNOWN: Gloo AllGather failed: [pair.cc:538] Read error: Connection reset by peer")
    assert isinstance(_lost(gathering), GroupError)
    for own in (ValueError("another mistake"), InputError("data.root", "is not there"), GroupError("it has stopped")):
        assert _lost(own) is own
