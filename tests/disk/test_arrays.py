"""Arrays of strangers: read, or refused with a reason."""

import pickle
import zipfile

import numpy as np
import pytest

from lstm_zoo.disk.arrays import ArraysError, arrays_in


def header(claimed):
    return b"\x93NUMPY\1\0" + len(claimed).to_bytes(2, "little") + claimed


def member(file, content, **options):
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("a.npy", content, **options)


def bomb(file):
    member(file, header(b"{'descr': '|u1', 'fortran_order': False, 'shape': (3145728,)}\n") + bytes(3 * 2**20))


DAMAGE = {
    "no zip": lambda file: file.write_bytes(b"x"),
    "nothing": lambda file: file.write_bytes(b""),
    "pickle": lambda file: file.write_bytes(pickle.dumps({})),
    "objects": lambda file: np.savez(file, a=np.array([{}], object)),
    "claim": lambda file: member(file, header(b"{'descr': '|u1', 'fortran_order': False, 'shape': (10**15,)}\n")),
    "huge": lambda file: member(
        file, header(b"{'descr': '<f8', 'fortran_order': False, 'shape': (9" + b"0" * 14 + b",)}\n")
    ),
    "header": lambda file: member(file, header(b"{'descr': (((\n")),
    "bomb": bomb,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_told(damage, tmp_path, monkeypatch):
    monkeypatch.setattr("lstm_zoo.disk.arrays._MOST_UNPACKED", 2**20)
    DAMAGE[damage](tmp_path / "a.npz")
    with pytest.raises(ArraysError) as told:
        arrays_in(tmp_path / "a.npz")
    assert str(told.value) and "\n" not in str(told.value)
    assert damage != "bomb" or "claim to hold 3 MiB" in str(told.value)


def test_arrays_are_those_that_were_kept(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(10**6), b=np.arange(3))
    found = arrays_in(tmp_path / "a.npz")
    assert found.keys() == {"a", "b"} and found["a"].shape == (10**6,) and found["b"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("size", range(0, 400, 40))
def test_half_a_file_is_told(size, tmp_path):
    np.savez(tmp_path / "a.npz", a=np.arange(30))
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(whole[:size])
    with pytest.raises(ArraysError):
        arrays_in(tmp_path / "a.npz")
