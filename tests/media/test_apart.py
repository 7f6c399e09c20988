"""Files read in processes apart: what breaks a reader is one file, and limits hold."""

import io
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from breaking import doing
from conftest import reason, write_video
from PIL import Image

from lstm_zoo.media import apart as module
from lstm_zoo.media import limits


@pytest.fixture
def readers(monkeypatch):
    """Processes of its own, which see the test's limits."""
    monkeypatch.setenv(limits.SECONDS, "1")
    monkeypatch.setenv(limits.GIB, "0.4")
    monkeypatch.setattr(module, "_mother", module._Mother())
    monkeypatch.setattr(module, "_idle", [])
    yield
    module._mother.end()


def test_what_breaks_a_reader_is_one_file(readers):
    other, _ = doing("tell")
    assert other != os.getpid() and doing("tell") == (other, None)
    assert reason(doing, "crash") == "is damaged: it crashes the library that decodes it (SIGSEGV)"
    assert "gives nothing for 1 s" in reason(doing, "hang")
    assert "needs more than 0.4 GiB of memory; set the environment variable LSTMZOO_FILE_GIB" in reason(doing, "much")
    assert reason(doing, "raise") == "is damaged: KeyError: 'Latin-1'"
    assert doing("tell")[0] not in (os.getpid(), other)


@pytest.mark.parametrize(("name", "value"), [(limits.GIB, "much"), (limits.GIB, "1e12"), (limits.SECONDS, "-1")])
def test_a_limit_that_is_no_number_is_told_by_its_name(readers, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert reason(doing, "tell") == (
        f"the environment variable {name} is '{value}'; expected a number above 0, 1000000 at most"
    )


def test_what_is_read_comes_back_whole(readers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert doing("tell", Path("a"))[1] == tmp_path / "a"
    long, short = doing("array")
    long += 1  # it is the test's own
    assert long.sum() == 10**6 * (10**6 + 1) // 2 and short.tolist() == [0, 1, 2]
    store = doing("store")
    assert list(store) == [bytes([number]) * 3 for number in range(9)] and store._file is not None


def test_readers_that_have_gone_are_replaced(readers):
    first, _ = doing("tell")
    os.kill(first, signal.SIGTERM)
    while not module._idle[0].poll():
        time.sleep(0.01)
    second, _ = doing("tell")
    module._mother._process.kill()
    module._mother._process.wait()
    module._idle.clear()
    assert len({first, second, doing("tell")[0]}) == 3


def test_an_array_that_claims_too_much_is_refused_before_it_takes_room(tmp_path):
    from lstm_zoo.media.label_maps import read_array, read_array_in

    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, {"descr": "<f8", "fortran_order": False, "shape": (10**5,) * 3})
    (tmp_path / "a.npy").write_bytes(content.getvalue())
    assert "would take 7.45e+06 GiB as an array" in reason(read_array, tmp_path / "a.npy")
    for damaged in (
        b"\x93NUMPY\x01\0\x10\0{'descr': '<f8'\n",
        b"\x93NUMPY\x02\0",
        b"PK",
        b"\x93NUMPY\x07\0" + bytes(99),
    ):
        assert "is no array that NumPy can read" in reason(read_array_in, io.BytesIO(damaged))


def test_little_files_that_unfold_to_much_are_refused(tmp_path, monkeypatch, read_here):
    from lstm_zoo.media.images import read_image
    from lstm_zoo.media.videos import read_video
    from lstm_zoo.media.volumes import read_volume

    huge = b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x02D\x01\x00;"
    (tmp_path / "a.gif").write_bytes(huge)
    (tmp_path / "b.gif").write_bytes(huge.replace(b"\xff\xff", b"\x00\x30"))
    assert "has frames of 12288 x 12288 pixels" in reason(read_video, tmp_path / "b.gif", 24)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limits.pixels_a_picture() // 2)
    told = reason(read_image, tmp_path / "a.gif")
    assert "has more than 178,956,970 pixels; if that is meant, set the environment variable LSTMZOO_FILE_GIB" in told
    np.savez_compressed(tmp_path / "a.npz", image=np.zeros((9, 64, 64)))
    monkeypatch.setenv(limits.GIB, "0.001")
    assert "LSTMZOO_FILE_GIB to 1" in reason(read_volume, tmp_path / "a.npz")
    monkeypatch.setattr(limits, "_FILM_PIXELS", 20 * 32 * 24)
    monkeypatch.setattr(limits, "_PIXELS_A_BYTE", 0)
    assert "unfolds to more than 1.6e+04 pixels out of" in reason(read_video, write_video(tmp_path / "a.mp4", 30), 24)
