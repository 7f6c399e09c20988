"""Weights of a file that may be a stranger's, or damaged: looked at before a network takes them."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import h5py

from ...console.text import first_line

if TYPE_CHECKING:
    import keras


class WeightsError(ValueError):
    """A file whose weights cannot be taken; the message says what was found and what was expected."""


def load_weights(model: keras.Model, file: Path) -> None:
    """Give a network the weights of a `.weights.h5` file, if they are those of such a network and nothing else.

    Raises:
        WeightsError: They are not, or the file is damaged.
    """
    with _damage_told():
        _check_fit(model, _plain(file))
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras leaves weights as they are that it does not find
            model.load_weights(file)


def check_plain(file: Path) -> None:
    """Refuse an HDF5 file that leads to other files, or takes more memory than it has bytes.

    Raises:
        WeightsError: It does, or is damaged.
    """
    with _damage_told():
        _plain(file)


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except WeightsError:
        raise
    except Exception as error:  # h5py and Keras raise OSError, KeyError, ValueError and others, by the kind of damage
        raise WeightsError(first_line(error)) from error


def _check_fit(model: keras.Model, found: dict[str, str]) -> None:
    """Compare types and shapes; where names differ, Keras refuses to load."""
    expected = {weight.path: _described(weight.dtype, weight.shape) for weight in model.weights}
    foreign = Counter(found.values()) - Counter(expected.values())
    missing = Counter(expected.values()) - Counter(found.values())
    told = [f"{name} is {kind}" for name, kind in found.items() if kind in foreign][:1]
    told += [f"expected {name} as {kind}" for name, kind in expected.items() if kind in missing][:1]
    if told:
        raise WeightsError("; ".join(told if missing else [*told, "expected nothing more than the network's weights"]))


def _described(dtype: object, shape: Sequence[int]) -> str:
    return f"{dtype} of shape {tuple(shape)}"


def _plain(file: Path) -> dict[str, str]:
    """Return types and shapes of all data sets of an HDF5 file by name, none of which is read."""
    left, found = file.stat().st_size, {}
    with h5py.File(file, "r") as opened:
        for name, one in _within(opened):
            plain = one.dtype.kind in "fiub" and not (one.is_virtual or one.external)
            if one.shape is None or not plain or one.id.get_create_plist().get_nfilters():
                raise WeightsError(f"{name} is compressed, lies in another file, or holds no numbers; expected numbers")
            left -= one.nbytes
            if left < 0 or one.id.get_storage_size() < one.nbytes:
                size = f"{_described(one.dtype, one.shape)}, {one.nbytes:,} bytes"
                raise WeightsError(f"{name} claims to be {size}; expected no more than the file has")
            found[name] = _described(one.attrs.get("dtype", one.dtype), one.shape)
    return found


def _within(opened: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield the data sets of a file; an object with several names is met once."""
    groups: list[h5py.Group] = [opened]
    met = set()
    while groups:
        group = groups.pop()
        for name in group:
            path = f"{group.name}/{name}".lstrip("/")
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                target = (
                    link.filename
                    if isinstance(link, h5py.ExternalLink)
                    else getattr(link, "path", "what HDF5 does not know")
                )
                raise WeightsError(f"{path} is a link to {target}; expected weights")
            one = group[name]
            if (address := h5py.h5o.get_info(one.id).addr) in met:
                continue
            met.add(address)
            if isinstance(one, h5py.Group):
                groups.append(one)
            elif isinstance(one, h5py.Dataset):
                yield path, one
            else:
                raise WeightsError(f"{path} is a named type; expected weights")
