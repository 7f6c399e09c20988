"""Encoded frames of films of any length: the first ones in memory, and if they are many, the others on disk."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from tempfile import TemporaryFile
from typing import IO, Any, overload

_IN_MEMORY = 64 * 1024**2  # bytes; films of a few minutes need less


class FrameStore(Sequence[bytes]):
    """A list of encoded frames that can be appended to, and whose slices are lists."""

    def __init__(self):
        self._frames: list[bytes] = []
        self._left = _IN_MEMORY
        self._file: IO[bytes] | None = None
        self._ends = [0]  # in the file

    def append(self, frame: bytes) -> None:
        """Add a frame; an OSError tells that there is no room for it."""
        if self._file is None and len(frame) <= self._left:
            self._frames.append(frame)
            self._left -= len(frame)
            return
        if self._file is None:
            self._file = TemporaryFile()  # noqa: SIM115 (it is closed along with the store)
            self._close_later()
        self._file.seek(self._ends[-1])
        self._file.write(frame)
        self._ends.append(self._ends[-1] + len(frame))

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._close_later()

    def _close_later(self) -> None:
        if self._file is not None:
            weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return len(self._frames) + len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        number = range(len(self))[index]
        if number < len(self._frames):
            return self._frames[number]
        assert self._file is not None
        start, end = (self._ends[number - len(self._frames) + more] for more in (0, 1))
        self._file.seek(start)
        return self._file.read(end - start)
