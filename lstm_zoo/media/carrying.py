"""What processes that read files hand over: values of any kind; open files and large arrays are not copied."""

from __future__ import annotations

import io
import mmap
import os
import pickle
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

_LARGE = 2**20  # bytes of an array that is left in memory that both see


def send(connection: Connection, value: Any) -> None:
    """Send a value that may hold open files (which both then share, and with them the place that is read next)."""
    content = io.BytesIO()
    pickler = _Pickler(content)
    pickler.dump(value)
    connection.send((len(pickler.files), len(pickler.arrays)))
    connection.send_bytes(content.getbuffer())
    for file in (*pickler.files, *pickler.arrays):
        file.flush()
        reduction.send_handle(connection, file.fileno(), None)


def receive(connection: Connection) -> Any:
    """Return a value that was sent."""
    num_files, num_arrays = connection.recv()
    content = io.BytesIO(connection.recv_bytes())
    files = [os.fdopen(reduction.recv_handle(connection), "r+b") for _ in range(num_files)]
    arrays = []
    for _ in range(num_arrays):
        with os.fdopen(reduction.recv_handle(connection), "rb") as file:
            arrays.append(mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE))
    return _Unpickler(content, files, arrays).load()


class _Pickler(pickle.Pickler):
    """Leaves open files and large arrays out, in order."""

    def __init__(self, content: io.BytesIO):
        self.files: list[io.BufferedRandom] = []
        self.arrays: list[io.BufferedRandom] = []
        super().__init__(content, pickle.HIGHEST_PROTOCOL, buffer_callback=self._send_along)

    def persistent_id(self, obj: Any) -> int | None:
        if not isinstance(obj, io.BufferedRandom):
            return None
        self.files.append(obj)
        return len(self.files) - 1

    def _send_along(self, buffer: pickle.PickleBuffer) -> bool:
        """Say whether an array is sent along with the value."""
        if buffer.raw().nbytes < _LARGE or not hasattr(os, "memfd_create"):
            return True
        file = os.fdopen(os.memfd_create("array"), "r+b")
        file.write(buffer.raw())
        self.arrays.append(file)
        return False


class _Unpickler(pickle.Unpickler):
    def __init__(self, content: io.BytesIO, files: list[Any], arrays: list[mmap.mmap]):
        super().__init__(content, buffers=arrays)
        self._files = files

    def persistent_load(self, pid: int) -> Any:
        return self._files[pid]
