"""The checkpoints of a run: a file each, of which the newest are kept.

A file holds all that a training needs to go on as if nothing had happened: Keras' own `BackupAndRestore` keeps weights,
epoch and batch only. It is a `.npz`, whose members carry checksums, and not HDF5, which ends the process where a disk
is full.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..console.text import first_line
from ..console.visible import tell
from ..contracts import InputError
from ..disk.arrays import arrays_in
from ..disk.whole_files import written
from ..runs.directory import CHECKPOINTS

_FACTS = "facts"
_NAME = re.compile(r"epoch-(\d+)-step-(\d+)\.npz")


class Position(NamedTuple):
    """How far a training is."""

    epoch: int
    """Whole epochs that are done."""
    step: int
    """Steps of the next one that are done."""

    def __str__(self) -> str:
        if self.step:
            return f"step {self.step} of epoch {self.epoch + 1}"
        return f"the end of epoch {self.epoch}" if self.epoch else "the beginning"


class Saved(NamedTuple):
    """What a checkpoint holds."""

    position: Position
    facts: dict[str, Any]
    """Numbers of callbacks, history and the like; ready for JSON."""
    arrays: Mapping[str, np.ndarray]
    """Values of variables, by number and path."""


class Checkpoints:
    """The checkpoints of a run.

    Args:
        run_path: The run directory.
        keep: How many are kept.
        keep_epoch: Keep the newest one of a whole epoch in any case.
    """

    def __init__(self, run_path: Path, keep: int = 1, keep_epoch: bool = False):
        self._folder = run_path / CHECKPOINTS
        self._keep, self._keep_epoch = keep, keep_epoch

    def positions(self) -> list[Position]:
        """Return how far the training was at each of them, the newest last."""
        found = (_NAME.fullmatch(file.name) for file in self._folder.glob("*.npz"))
        return sorted(Position(int(one[1]), int(one[2])) for one in found if one)

    def write(self, saved: Saved) -> None:
        """Write a checkpoint, and remove old ones, and later ones: it is from there that training goes on.

        Raises:
            OSError: It cannot be written; those that are there stay.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        facts = np.frombuffer(json.dumps(saved.facts).encode(), np.uint8)
        with written(self.file(saved.position)) as draft, draft.open("wb") as target:
            np.savez(target, allow_pickle=False, **{_FACTS: facts}, **saved.arrays)
        positions = self.positions()
        so_far = [one for one in positions if one <= saved.position]
        kept = so_far[-self._keep :] + [one for one in so_far if self._keep_epoch and not one.step][-1:]
        for position in positions:
            if position not in kept:
                self.file(position).unlink()

    def newest(self) -> Saved | None:
        """Return the newest checkpoint that is whole; None: there is none yet.

        Raises:
            InputError: All of them are damaged.
        """
        positions = self.positions()
        for position in reversed(positions):
            try:
                return self.read(position)
            except InputError as error:
                tell(f"{error}; the one before it is tried")
        if positions:
            raise InputError("", f"all checkpoints in {self._folder} are damaged; start a new run")
        if any(self._folder.glob("epoch-*/state.json")):
            raise InputError("", f"{self._folder} is of an older version; start a new run, perhaps with --init of this")
        return None

    def read(self, position: Position) -> Saved:
        """Return a checkpoint.

        Raises:
            InputError: It is damaged.
        """
        file = self.file(position)
        try:
            arrays = arrays_in(file)
            facts = json.loads(arrays.pop(_FACTS).tobytes())
            _check(facts)
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
            raise InputError("", f"{file} is damaged ({first_line(error)})") from None
        return Saved(position, facts, arrays)

    def file(self, position: Position) -> Path:
        """Return where a checkpoint is, or will be."""
        return self._folder / f"epoch-{position.epoch:05d}-step-{position.step:07d}.npz"

    def newest_in_words(self) -> str:
        """Say where the last good state is."""
        positions = self.positions()
        return f"the last good checkpoint is that of {positions[-1]}" if positions else "there is no checkpoint yet"

    def newest_epoch(self) -> Saved:
        """Return the newest checkpoint of a whole epoch.

        Raises:
            InputError: It is damaged.
        """
        positions = self.positions()
        return self.read(([one for one in positions if not one.step] or positions[:1])[-1])


def _check(facts: Any) -> None:
    """Raise a ValueError if facts of a checkpoint lack something, or give callbacks what is neither number nor row."""
    if not isinstance(facts, dict) or not {"callbacks", "rollbacks", "steps", "stopped"} <= facts.keys():
        raise ValueError("it lacks facts")
    held = [value for kept in facts["callbacks"].values() for name, value in kept.items() if name != "rows"]
    if not all(isinstance(value, (int, float)) for value in held):
        raise ValueError("what callbacks hold are no numbers")
