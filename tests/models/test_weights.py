"""Weights of strangers: nothing but the numbers of the network is taken from a file."""

import io

import h5py
import keras
import numpy as np
import pytest

from lstm_zoo.contracts import InputError
from lstm_zoo.models.parts.weights import WeightsError, load_weights
from lstm_zoo.runs.directory import HASHES
from lstm_zoo.runs.weights import keep_weights, take_kept_weights

KERNEL = "layers/dense/vars/0"


def network(units=4):
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(units, name="dense")(keras.layers.BatchNormalization()(inputs)))


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "best.weights.h5"
    keep_weights(network(), file)
    return file


def soft(group, folder):
    group["0"] = h5py.SoftLink("/layers/dense/vars/1")


def external_link(group, folder):
    group["0"] = h5py.ExternalLink(str(folder / "other.h5"), "/x")


def external_storage(group, folder):
    (folder / "raw").write_bytes(bytes(48))
    group.create_dataset("0", (3, 4), "f4", external=[(str(folder / "raw"), 0, 48)])


def virtual(group, folder):
    layout = h5py.VirtualLayout((3, 4), "f4")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "x", (3, 4))
    group.create_virtual_dataset("0", layout)


def declared(group, folder):
    group.create_dataset("0", (2**16, 2**16), "f4")  # 16 GiB of nothing


def declared_in_pieces(group, folder):
    group.create_dataset("0", (3, 4), "f4", chunks=(1, 1))


def packed(group, folder):
    group.create_dataset("0", data=np.zeros((3, 4), "f4"), compression="gzip")


def other_shape(group, folder):
    group["0"] = np.zeros((4, 3), "f4")


def other_type(group, folder):
    group["0"] = np.zeros((3, 4), "f8")


def text(group, folder):
    group["0"] = ["x"]


def references(group, folder):
    group.create_dataset("0", (3, 4), h5py.ref_dtype)


def named_type(group, folder):
    group["0"] = np.dtype("f4")


def a_group(group, folder):
    group.create_group("0")["x"] = np.zeros((3, 4), "f4")


def more(group, folder):
    group["0"], group["7"] = np.zeros((3, 4), "f4"), np.zeros(2, "f4")


ATTACKS = {
    soft: r"is a link to /layers/dense/vars/1",
    external_link: r"is a link to .*other\.h5; expected weights",
    external_storage: "lies in another file",
    virtual: "lies in another file",
    declared: r"claims to be float32 of shape \(65536, 65536\), 17,179,869,184 bytes; expected no more than",
    declared_in_pieces: "expected no more than the file has",
    packed: "is compressed",
    other_shape: r"is float32 of shape \(4, 3\); expected dense/kernel as float32 of shape \(3, 4\)",
    other_type: "is float64",
    text: "holds no numbers",
    references: "holds no numbers",
    named_type: "is a named type",
    a_group: "Skipping nested container",
    more: r"7 is float32 of shape \(2,\); expected nothing more",
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.__name__)
def test_what_is_no_weight_is_refused(attack, file):
    with h5py.File(file, "a") as opened:
        group = opened[KERNEL].parent
        del group["0"]
        attack(group, file.parent)
    with pytest.raises(WeightsError, match=ATTACKS[attack]) as told:
        load_weights(network(), file)
    assert "\n" not in str(told.value)
    (file.parent / HASHES).unlink()
    with pytest.raises(InputError, match=r"best\.weights\.h5 does not hold .*; restore it, or train again"):
        take_kept_weights(network(), file)


@pytest.mark.parametrize("size", [0, 7, 100, 2000])
def test_half_a_file_is_refused(size, file):
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(WeightsError):
        load_weights(network(), file)


def test_the_library_that_dies_on_a_full_disk_writes_to_none(tmp_path, monkeypatch):
    class File(h5py.File):
        def __init__(self, where, mode="r", **options):
            assert mode == "r" or isinstance(where, io.BytesIO)
            super().__init__(where, mode, **options)

    monkeypatch.setattr("h5py.File", File)
    first, second = network(), network()
    keep_weights(first, tmp_path / "best.weights.h5")
    second.load_weights(tmp_path / "best.weights.h5")
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_are_those_that_the_run_kept(file):
    first = network()
    take_kept_weights(first, file)
    with h5py.File(file) as opened:
        np.testing.assert_array_equal(first.layers[-1].kernel, opened[KERNEL])
    before = file.read_bytes()
    keep_weights(network(), file)
    written = file.read_bytes()
    assert len((file.parent / HASHES).read_text().split()) == 2
    file.write_bytes(before)  # as a crash between the two files leaves them
    take_kept_weights(first, file)
    keep_weights(network(), file)
    keep_weights(network(), file)
    file.write_bytes(written)
    with pytest.raises(InputError, match=r"damaged or was exchanged.*remove best\.weights\.sha256 if you exchanged"):
        take_kept_weights(first, file)
    (file.parent / HASHES).unlink()  # of a run that was made before
    take_kept_weights(first, file)
