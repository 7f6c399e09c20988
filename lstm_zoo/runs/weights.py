"""The weights that a run keeps, and what they are known by: files pass through many hands, and some are damaged."""

from __future__ import annotations

import io
from pathlib import Path

import keras

from ..contracts import InputError
from ..disk.hashes import hash_of
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
    check_kept_weights(file)
    try:
        load_weights(network, file)
    except WeightsError as error:
        raise InputError(
            "", f"{file} does not hold the weights of the run's network ({error}); restore it, or train again"
        ) from None


def check_kept_weights(file: Path) -> None:
    """Raise an InputError if weights are not those that their run wrote."""
    hashes = file.with_name(HASHES)
    if hashes.is_file() and hash_of(file) not in hashes.read_text(encoding="utf-8", errors="replace").split():
        raise InputError(
            "",
            f"{file} is damaged or was exchanged: its SHA-256 is not in {hashes.name}; restore it, or remove "
            f"{hashes.name} if you exchanged it yourself",
        )
