"""The weights that a run keeps, and what they are known by: files pass through many hands, and some are damaged."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import keras

from ..contracts import InputError
from ..disk.whole_files import replace_file, written
from ..models.parts.weights import WeightsError, load_weights
from .directory import HASHES


def keep_weights(network: keras.Model, file: Path) -> None:
    """Write the weights of a network in the place of those before, and what they are known by beside them."""
    with written(file) as draft:
        bare = keras.Model(network.input, network.output)  # without the optimizer
        draft.write_bytes(weights_as_bytes(bare))
        hashes = [hash_of(one) for one in (draft, file) if one.exists()]
        replace_file(file.with_name(HASHES), "\n".join([*hashes, ""]))


class _Memory(io.BytesIO):
    def __str__(self) -> str:
        return "memory.weights.h5"  # Keras asks for a name


def weights_as_bytes(network: keras.Model) -> bytes:
    """Return the content of a `.weights.h5`: HDF5 that writes to a full disk itself ends the process with SIGSEGV."""
    memory = _Memory()
    network.save_weights(memory)
    return memory.getvalue()


def take_kept_weights(network: keras.Model, file: Path) -> None:
    """Give a network the weights that a run keeps.

    Raises:
        InputError: They are damaged, are not those that the run wrote, or are another network's.
    """
    hashes = file.with_name(HASHES)
    if hashes.is_file() and hash_of(file) not in hashes.read_text(encoding="utf-8", errors="replace").split():
        raise InputError(
            "",
            f"{file} is damaged or was exchanged: its SHA-256 is not in {hashes.name}; restore it, or remove "
            f"{hashes.name} if you exchanged it yourself",
        )
    try:
        load_weights(network, file)
    except WeightsError as error:
        raise InputError(
            "", f"{file} does not hold the weights of the run's network ({error}); restore it, or train again"
        ) from None


def hash_of(file: Path) -> str:
    """Return the SHA-256 of a file; of a folder, that of the names and hashes of all files in it."""
    if file.is_dir():
        inside = sorted(one for one in file.rglob("*") if one.is_file())
        told = "".join(f"{one.relative_to(file)} {hash_of(one)}\n" for one in inside)
        return hashlib.sha256(os.fsencode(told)).hexdigest()
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
