"""One contender of one row, in a process of its own: it is told over standard input how much to do.

Usage: python -m lstm_zoo.bench.worker CONTEXT_AS_JSON ROW [CONTENDER]; without a contender it does the row's setup.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from ..console.quiet import silence
from . import all_rows
from .row import Context, Work


def main() -> None:
    """Get ready, and do as much work as each line of standard input says; answer with JSON lines."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints is no answer
    silence()
    options = json.loads(sys.argv[1])
    videos = options["videos"] and Path(options["videos"])
    context = Context(Path(options["scratch"]), videos, options["quick"])
    row = next(row for row in all_rows(context) if row.name == sys.argv[2])
    if len(sys.argv) == 3:
        assert row.setup is not None
        row.setup(context)
        return
    contender = row.measured[sys.argv[3]]
    if contender.plain:
        os.environ.pop("TF_ENABLE_ONEDNN_OPTS", None)  # as `import lstm_zoo` has set it
    if not contender.onednn:
        os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    try:
        importlib.import_module(contender.package)
    except ImportError:
        answers.write(json.dumps({"missing": contender.package}) + "\n")
        return
    started = time.perf_counter()
    work = contender.start(context)
    built = time.perf_counter()
    work(1)
    unit = time.perf_counter() - built
    answers.write(json.dumps({"first_seconds": time.perf_counter() - started}) + "\n")
    for line in sys.stdin:
        if unit < 1:  # its memory and caches went to others while it waited
            work(1)
        seconds = _timed(work, int(line))
        unit = seconds / int(line)
        answers.write(json.dumps({"seconds": seconds, "peak_mib": _peak_mib()}) + "\n")


def _timed(work: Work, units: int) -> float:
    started = time.perf_counter()
    own = work(units)
    return time.perf_counter() - started if own is None else own


def _peak_mib() -> Any:
    """Return the largest memory this process has held, in MiB; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
