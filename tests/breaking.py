"""What stands for a library that reads a file: it crashes, hangs, takes much memory, or answers."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from lstm_zoo.media.apart import apart
from lstm_zoo.media.films.frame_store import FrameStore


@apart
def doing(what: str, path: Path | None = None):
    """Stands for what reads a file."""
    if what == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "hang":
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        while True:
            time.sleep(9)
    if what == "much":
        return len(bytearray(2**29))
    if what == "raise":
        raise KeyError("Latin-1")
    if what == "array":
        return np.arange(10**6), np.arange(3)
    if what == "store":
        store = FrameStore()
        store._left = 4
        for number in range(9):
            store.append(bytes([number]) * 3)
        return store
    return os.getpid(), path
