"""What the system refuses is one line that says where, why, and what to do."""

import errno
import os
import resource
import signal

import pytest

from lstm_zoo.disk.failures import explained
from lstm_zoo.disk.whole_files import replace_file


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "a.npz cannot be written: No space left on device; free some room there, or choose another"),
        (errno.EDQUOT, "a.npz cannot be written: Disk quota exceeded; free some room"),
        (errno.EROFS, "a.npz cannot be written: Read-only file system; choose another place"),
        (errno.EACCES, "a.npz is refused: Permission denied; change who may use it, or choose another place"),
        (errno.EPERM, "a.npz is refused: Operation not permitted"),
        (errno.ENAMETOOLONG, "a.npz: File name too long; choose a shorter one"),
        (errno.EIO, "a.npz cannot be used: Input/output error"),
    ],
)
def test_each_refusal_names_the_file(number, told):
    assert told in explained(OSError(number, os.strerror(number), "a.npz"))


def test_the_option_for_another_place_is_named():
    line = explained(OSError(errno.ENOSPC, "No space left on device"), "runs/a", "--run-dir")
    assert line.startswith("runs/a cannot") and line.endswith("or choose another place (--run-dir)")


def test_tensorflow_s_words_are_known():
    kind = type("ResourceExhaustedError", (Exception,), {"__module__": "tensorflow.python.framework.errors_impl"})
    full = kind("runs/a/events; No space left on device")
    line = "runs/a cannot be written: No space left on device; free some room there, or choose another place"
    assert explained(full, "runs/a") == line
    wrapped = RuntimeError("Failed to finalize writing")
    wrapped.__cause__ = full
    assert explained(wrapped, "runs/a") == line
    assert explained(OSError(errno.ENOENT, "No such file or directory", "x")) is None
    assert explained(ValueError("no")) is None


def test_a_file_that_the_system_cuts_short_is_told_with_its_name(tmp_path):
    file = tmp_path / "report.html"
    replace_file(file, "old")
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            replace_file(file, "new" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert f"{file} cannot be written" in explained(caught.value)
    assert file.read_text() == "old" and list(tmp_path.iterdir()) == [file]
