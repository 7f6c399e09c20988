"""How many cores there are for this process."""

from __future__ import annotations

import os

CORES = "LSTMZOO_CORES"
"""Variable of the environment by which a worker knows its share of a machine's cores."""


def num_cores() -> int:
    """Return how many cores this process may use: where it is pinned, or has a share, fewer than the machine has."""
    seen = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(seen, int(os.environ.get(CORES, seen)))
