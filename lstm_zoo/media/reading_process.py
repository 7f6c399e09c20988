"""The processes that read files: a mother that imports what reading needs once, and forks readers; see `apart`."""

from __future__ import annotations

import os
import pickle
import re
import resource
import signal
import socket
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from PIL import Image

from ..console.text import first_line
from . import formats, images, label_maps, limits, videos, volumes  # noqa: F401 (imported once for all readers)
from .carrying import send
from .errors import MediaError

_IDLE = 60.0  # seconds without a question, after which a reader goes
_MOST_FILES = 1000  # that one reads: what libraries leak goes with it
_OF_MEMORY = re.compile(r"allocat|bad_alloc|out of memory", re.IGNORECASE)


def serve(handle: int) -> None:
    """Fork a reader for each connection that is handed over, until nobody is there to do so."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    from av import logging

    logging.set_level(logging.ERROR)  # of what FFmpeg complains is told, each time
    logging.set_skip_repeated(False)
    formats.picture_formats()  # which imports what Pillow reads them by
    with socket.socket(fileno=handle) as own:
        while True:
            message, handles, _, _ = socket.recv_fds(own, 1, 1)
            if not message:
                return
            if not os.fork():
                own.close()
                _watch(Connection(handles[0]))
            os.close(handles[0])


def _watch(connection: Connection) -> None:
    """Let a child read, and tell how it ended; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if not (child := os.fork()):
        try:
            _limit()
            _work(connection)
        finally:
            os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(OSError):
        send(connection, ("ended", status))
    os._exit(0)


def _work(connection: Connection) -> None:
    """Answer questions until there are none any more."""
    with suppress(EOFError, OSError):
        for _ in range(_MOST_FILES):
            if not connection.poll(_IDLE):
                return
            question = connection.recv_bytes()
            try:
                send(connection, _answer(question))
            except MemoryError:  # which may have left its libraries in disorder
                send(connection, ("bad", limits.told_memory()))
                return


def _answer(question: bytes) -> tuple[str, Any]:
    """Return what is read, or why nothing can be."""
    try:
        module, name, args, kwargs = pickle.loads(question)
        function = getattr(import_module(module), name)
        limits.begin(sum(_size_of(arg) for arg in args if isinstance(arg, Path)))
        return "read", function(*args, **kwargs)
    except MemoryError:
        raise
    except Exception as error:  # of many kinds: libraries were not made for damaged files
        if _OF_MEMORY.search(str(error)):
            raise MemoryError from None
        named = isinstance(error, MediaError)
        return "bad", str(error) if named else f"is damaged: {type(error).__name__}: {first_line(error)}"
    finally:
        limits.end()


def _size_of(path: Path) -> int:
    """Return how many bytes a file has, or the files of a folder."""
    with suppress(OSError):
        if path.is_dir():
            return sum(entry.stat().st_size for entry in os.scandir(path))
        return path.stat().st_size
    return 0


def _limit() -> None:
    limits.watch(lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds) and None)
    Image.MAX_IMAGE_PIXELS = limits.pixels_a_picture() // 2  # Pillow refuses twice as many
    most = resource.getrlimit(resource.RLIMIT_DATA)[1]
    own = limits.bytes_a_file()
    if most == resource.RLIM_INFINITY or own < most:
        resource.setrlimit(resource.RLIMIT_DATA, (own, most))
    with suppress(OSError):  # where memory runs out, it is this process that goes
        Path("/proc/self/oom_score_adj").write_text("1000")
