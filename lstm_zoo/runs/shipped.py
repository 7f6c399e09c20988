"""Trained networks that come with the package, small ones of the data sets that are drawn here.

`shipped/networks.yaml` tells of each how `scripts/make_shipped` trains it, and what it then was. Commands write into a
run, and the package may not be written: who names one uses a copy in a cache of his own.
"""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ..config import yaml_lines
from ..contracts import InputError, copy_of_shipped
from ..disk.hashes import hash_of
from ..disk.making import making
from .manifest import MANIFEST, check_manifest, files_in_manifest

FOLDER = Path(__file__).parents[1] / "shipped"
LIST = "networks.yaml"


class Made(NamedTuple):
    """What a network was when it was made."""

    figure: float
    """Its score, as `lstmzoo eval --run NAME` gives it."""
    floor: float
    """The best of what trivial predictors get; what one of them knows of all training images does not come along."""
    parameters: int
    bytes: int
    """Size of all files."""
    cpu_seconds: int
    """How long all processors worked for its training."""
    sha256: str
    """Of its manifest, which has those of all its files."""


class Shipped(NamedTuple):
    """A network that comes with the package."""

    name: str
    config: str
    """Its recipe, a shipped one."""
    set: tuple[str, ...]
    """Settings that are others than the recipe's, such as `train.epochs=3`."""
    score: str
    """The score that tells how good it is."""
    made: Made | None
    """None: it is still to be made."""

    @property
    def folder(self) -> Path:
        """Where it lies in the package."""
        return FOLDER / self.name


@cache
def shipped() -> dict[str, Shipped]:
    """Return the networks that come with the package, by name."""
    values, _ = yaml_lines.read(FOLDER / LIST)
    return {
        name: Shipped(name, one["config"], tuple(one.get("set", ())), one["score"], made and Made(**made))
        for name, one in values.items()
        for made in [one.get("made")]
    }


def own_copy(name: str) -> Path:
    """Return the user's own copy of a shipped network, which has been made.

    Raises:
        InputError: It is damaged.
    """
    network = shipped()[name]
    assert network.made, name
    place = copy_of_shipped(name, network.made.sha256)
    with making(place, f"copies {name}") as missing:
        if missing:
            if hash_of(network.folder / MANIFEST) != network.made.sha256:
                raise InputError("", f"{network.folder} is damaged: {LIST} has another hash; install lstm_zoo anew")
            with tempfile.TemporaryDirectory(dir=place.parent, prefix=".draft-") as draft:
                _copy(network.folder, copy := Path(draft, name))
                check_manifest(copy)
                copy.rename(place)
    return place


def _copy(folder: Path, to: Path) -> None:
    """Copy what a manifest lists, but not who may write it."""
    for name in (MANIFEST, *files_in_manifest(folder)):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, to / name)
