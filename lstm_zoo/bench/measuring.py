"""Measurements as ratios: ours and others' work in turns, each contender in a process of its own."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..console.cores import num_cores
from ..console.text import did_you_mean
from ..contracts import InputError
from ..runs.environment import processor, versions
from . import ROWS
from .row import Context, Row

_LEAST_SECONDS = 0.3  # of one measurement


def bench(
    only: list[str] | None = None,
    *,
    rounds: int = 7,
    quick: bool = False,
    backend: str = "tensorflow",
    videos: Path | None = None,
) -> Iterator[dict[str, Any]]:
    """Measure, and yield a row as soon as it is done.

    Args:
        only: Functions of `lstm_zoo.bench.ROWS` to run, by name; None: all.
        rounds: Measurements of each contender, of which the median counts.
        quick: Tiny sizes, one round: for trying the code.
        backend: Keras' backend, `tensorflow` or `jax`; rows that are not for it are left out.
        videos: A folder with one folder a class with videos, for the rows that read; None: videos are drawn.

    Yields:
        `name`, `unit`, and `contenders`: for each its `seconds` a unit (the median of `rounds`), `ratio` to ours,
        `first_seconds` (building and the first unit), `peak_mib`, or which package is `missing`. Ready for JSON.

    Raises:
        InputError: There is no such row, or no such folder.
    """
    names = [make.__name__ for make in ROWS]
    for name in only or ():
        if name not in names:
            raise InputError("", f"--only {name}: no such row{did_you_mean(name, names)}; rows: {', '.join(names)}")
    if videos and not videos.is_dir():
        raise InputError("", f"--videos {videos}: no such folder; expected one folder a class with videos")
    with tempfile.TemporaryDirectory() as scratch:
        context = Context(Path(scratch), videos.absolute() if videos else None, quick)
        for make in ROWS:
            for row in make(context):
                if backend in row.backends and make.__name__ in (only or names):
                    yield _measure(row, context, 1 if quick else rounds, backend)


def machine() -> dict[str, Any]:
    """Return what the measurements were made on, ready for JSON."""
    installed = versions(("torch", "jax", "opencv-python-headless"))
    return {"processor": processor(), "cores": num_cores(), "platform": platform.platform(), "versions": installed}


def _measure(row: Row, context: Context, rounds: int, backend: str) -> dict[str, Any]:
    if row.setup:
        with _Worker(context, row.name, None, backend) as worker:
            worker.finish()
    contenders: dict[str, dict[str, Any]] = {}
    with ExitStack() as stack:
        workers = {}
        for name, contender in row.contenders.items():
            if backend in contender.backends:
                worker = stack.enter_context(_Worker(context, row.name, name, backend))
                contenders[name] = worker.answer()
                if "missing" not in contenders[name]:
                    workers[name] = worker
        counts = {name: _enough(worker) for name, worker in workers.items()}
        times: dict[str, list[float]] = {name: [] for name in workers}
        for _ in range(rounds):
            for name, worker in workers.items():
                answer = worker.ask(counts[name])
                times[name].append(answer["seconds"] / counts[name])
                contenders[name]["peak_mib"] = answer["peak_mib"]
    ours = statistics.median(times[next(iter(row.contenders))])
    for name, seconds in times.items():
        median = statistics.median(seconds)
        contenders[name] |= {"seconds": median, "rounds": seconds, "ratio": median / ours}
    return {"name": row.name, "unit": row.unit, "contenders": contenders}


def _enough(worker: _Worker) -> int:
    """Return how many units make one measurement; asking warms the worker up."""
    count = 1
    while (seconds := worker.ask(count)["seconds"]) < _LEAST_SECONDS and count < 10_000:
        count = max(count + 1, min(10 * count, int(count * 1.2 * _LEAST_SECONDS / max(seconds, 1e-6))))
    return count


class _Worker(subprocess.Popen):
    """A process that does the work of one contender, or without one a row's setup."""

    def __init__(self, context: Context, row: str, contender: str | None, backend: str):
        options = json.dumps(asdict(context), default=str)
        command = [sys.executable, "-m", "lstm_zoo.bench.worker", options, row]
        self._name = f"{row}, {contender or 'setup'}"
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed on exit)
        super().__init__(
            command if contender is None else [*command, contender],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, "KERAS_BACKEND": backend},
        )

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)
        self._errors.close()

    def ask(self, units: int) -> dict[str, Any]:
        """Have so many units of work done."""
        print(units, file=self.stdin, flush=True)
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """Return the next answer."""
        line = self.stdout.readline()
        if not line:
            self.finish()
            raise RuntimeError(f"bench: {self._name} ended without an answer")
        return json.loads(line)

    def finish(self) -> None:
        """Wait for the end, and raise a RuntimeError with the last lines of its errors if it failed."""
        if self.wait():
            self._errors.seek(0)
            lines = self._errors.read().strip().splitlines() or [f"exit status {self.returncode}"]
            raise RuntimeError(f"bench: {self._name} failed: {lines[-1]}")
