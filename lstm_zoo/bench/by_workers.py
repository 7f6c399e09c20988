"""Training by two workers of a local Ray cluster against one, a core each."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from .row import Contender, Context, Row, Work

_SIZES = ("data.num_train=1024", "data.num_val=16", "train.batch_size=128")  # of steps that are long enough to share
_QUICK = ("data.num_train=16", "data.num_val=8", "train.batch_size=8")


def worker_training(context: Context) -> list[Row]:
    """An epoch of `moving_shapes_cnn_lstm.yaml` by workers, a core each; 1,024 examples, 128 a batch of all of them.

    Smaller batches make shorter steps, of whose gain more is lost on what workers tell each other.
    """
    contenders = {
        "ours": Contender(partial(_epochs, 2), "ray", backends=("jax",)),
        "ours, one worker": Contender(partial(_epochs, 1), "ray", backends=("jax",)),
    }
    return [Row("training by two workers", "epoch", contenders, backends=("jax",))]


def _epochs(num_workers: int, context: Context) -> Work:
    from ..cluster.room import Wanted, connected
    from ..cluster.taking_part import How
    from ..cluster.training import Patience, until_done
    from ..config.recipe import load
    from ..console.signals import Stops
    from ..runs.directory import CHECKPOINTS

    wanted, place = Wanted(num_workers), context.scratch / f"by-{num_workers}-workers"

    def work(units: int) -> float:
        """Train one epoch more, in which all is compiled; return the seconds of the others."""
        path = place / f"{len(list(place.glob('*')))}"
        path.mkdir(parents=True)
        settings = (f"train.epochs={units + 1}", f"train.checkpoint.keep={units + 1}")
        config = load("moving_shapes_cnn_lstm.yaml", [*(_QUICK if context.quick else _SIZES), *settings])
        with connected(wanted):
            until_done(config, path, wanted, How(), Patience(), Stops())
        return _seconds_between(path / CHECKPOINTS)

    return work


def _seconds_between(checkpoints: Path) -> float:
    """Return the seconds from the first checkpoint, which is that of an epoch's end, to the last."""
    written = sorted(file.stat().st_mtime for file in checkpoints.glob("*.npz"))
    return written[-1] - written[0]
